//! `portcullis-webhook` as a process of its own: this program, run again under another name.

use std::{
    env,
    fs::{self, File},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use portcullis_e2e::control_plane::ControlPlane;

/// The name that makes this program the webhook.
pub(crate) const NAME: &str = "portcullis-webhook";

/// How long anything may take, on a machine that has much else to do.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// The process; it is killed when this is dropped.
pub(crate) struct Webhook {
    process: Child,
    log: PathBuf,
    /// Where it listens.
    pub(crate) address: String,
}

impl Webhook {
    /// Starts it on a control plane, and waits until it serves.
    pub(crate) fn start(plane: &ControlPlane, name: &str) -> Webhook {
        Webhook::start_as(plane, name, &plane.kubeconfig())
    }

    /// Starts it with the permissions of a kubeconfig.
    pub(crate) fn start_as(plane: &ControlPlane, name: &str, kubeconfig: &Path) -> Webhook {
        let webhook = Webhook::spawn(plane, name, kubeconfig, free_address());
        webhook.serves();
        webhook
    }

    /// Starts it with more arguments.
    pub(crate) fn start_with(plane: &ControlPlane, name: &str, more: &[&str]) -> Webhook {
        let address = free_address();
        let url = format!("https://{address}");
        let arguments = ["--cluster", "--listen", &address, "--url", &url];
        let arguments = [&arguments[..], more].concat();
        let webhook = Webhook::run(plane, name, &plane.kubeconfig(), &address, &arguments);
        webhook.serves();
        webhook
    }

    /// Starts it with the arguments of the chart, reached as a Service.
    pub(crate) fn start_in_chart(
        plane: &ControlPlane,
        kubeconfig: &Path,
        arguments: &[String],
    ) -> Webhook {
        let address = free_address();
        let of_chart = arguments.iter().map(String::as_str);
        let of_chart = of_chart.filter(|argument| !argument.contains("listen="));
        let listen = [format!("--listen={address}"), "--metrics-listen=".into()];
        let all: Vec<&str> = of_chart.chain(listen.iter().map(String::as_str)).collect();
        let webhook = Webhook::run(plane, "in-chart", kubeconfig, &address, &all);
        webhook.serves();
        webhook
    }

    fn serves(&self) {
        eventually("the webhook serves", || {
            let log = self.log();
            if log.contains(r#""msg":"serving""#) {
                Ok(())
            } else {
                Err(log)
            }
        });
    }

    /// Starts it where it listened before, and does not wait for anything.
    pub(crate) fn start_again(plane: &ControlPlane, name: &str, address: &str) -> Webhook {
        Webhook::spawn(plane, name, &plane.kubeconfig(), address.to_owned())
    }

    fn spawn(plane: &ControlPlane, name: &str, kubeconfig: &Path, address: String) -> Webhook {
        let url = format!("https://{address}");
        let arguments = ["--cluster", "--listen", &address, "--url", &url];
        Webhook::run(plane, name, kubeconfig, &address, &arguments)
    }

    fn run(
        plane: &ControlPlane,
        name: &str,
        kubeconfig: &Path,
        address: &str,
        arguments: &[&str],
    ) -> Webhook {
        let log = plane.folder().join(format!("{name}.log"));
        let process = Command::new(env::current_exe().unwrap())
            .arg(NAME)
            .args(arguments)
            .arg("--kubeconfig")
            .arg(kubeconfig)
            .env("HOSTNAME", name)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        Webhook {
            process,
            log,
            address: address.to_owned(),
        }
    }

    /// Sends it a signal, such as `STOP`.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.process.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.unwrap().success(), "{name}");
    }

    /// Whether it has ended of itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.process.try_wait().unwrap().is_some()
    }

    /// How it ended, once it has.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        eventually("the webhook ends", || match self.has_ended() {
            true => Ok(()),
            false => Err(self.log()),
        });
        self.process.wait().unwrap()
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }
}

impl Drop for Webhook {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// Who holds a Lease of the namespace `portcullis`; nobody where that is empty.
pub(crate) fn holder(plane: &ControlPlane, lease: &str) -> Result<String, String> {
    let path = "jsonpath={.spec.holderIdentity}";
    let get = ["get", "lease", lease, "-n", "portcullis", "-o", path];
    let held = plane.kubectl(&get, "");
    held.map_err(|error| error.to_string())
}

/// An address that nobody listens on at the moment.
fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

/// Tries until it goes well.
pub(crate) fn eventually(what: &str, mut attempt: impl FnMut() -> Result<(), String>) {
    let end = Instant::now() + PATIENCE;
    loop {
        let Err(error) = attempt() else {
            return;
        };
        assert!(Instant::now() < end, "{what}: {error}");
        thread::sleep(Duration::from_millis(200));
    }
}
