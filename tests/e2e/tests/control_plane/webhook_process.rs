//! `portcullis-webhook` as a process of its own: this program, run again under another name.

use std::{
    env,
    fs::{self, File},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use portcullis_e2e::control_plane::ControlPlane;
use serde_json::Value;

/// The name that makes this program the webhook.
pub(crate) const NAME: &str = "portcullis-webhook";

/// How long anything may take, on a machine that has much else to do.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// The process; it is killed when this is dropped.
pub(crate) struct Webhook {
    process: Child,
    log: PathBuf,
}

impl Webhook {
    /// Starts it on a control plane, and waits until it serves.
    pub(crate) fn start(plane: &ControlPlane, name: &str, arguments: &[&str]) -> Webhook {
        let log = plane.folder().join(format!("{name}.log"));
        let process = Command::new(env::current_exe().unwrap())
            .arg(NAME)
            .args(["--cluster", "--listen", "127.0.0.1:0", "--kubeconfig"])
            .arg(plane.kubeconfig())
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let webhook = Webhook { process, log };
        eventually("the webhook serves", || match webhook.port() {
            Some(_) => Ok(()),
            None => Err(webhook.log()),
        });
        webhook
    }

    /// Where it listens, once it does.
    pub(crate) fn port(&self) -> Option<u16> {
        let log = self.log();
        let mut lines = log
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let line = lines.find(|line| line["msg"] == "serving")?;
        let port = line["address"].as_str()?.rsplit(':').next()?;
        port.parse().ok()
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
