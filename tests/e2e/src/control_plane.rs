//! A control plane that runs while it is held: free ports of the loopback, a folder of its own, any
//! number side by side.

use std::{
    fs,
    io::{self, Write},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::server::Server;

/// How long a control plane may take to be ready, on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(180);

/// Another process may take a port between the look and the start.
const ATTEMPTS: usize = 3;

const API_SERVER: &str = "kube-apiserver";

const ETCD: &str = "etcd";

/// A user: the name, which is the token's too, and the groups.
const USERS: [(&str, &str); 2] = [("admin", "system:masters"), ("nobody", "nothing")];

/// The control plane. Dropping it ends its processes and removes its folder.
#[derive(Debug)]
pub struct ControlPlane {
    // They end before the folder goes: fields are dropped in this order.
    servers: Vec<Server>,
    folder: TempDir,
    program: PathBuf,
    url: String,
    etcd: [u16; 2],
    api_server: Vec<String>,
}

impl ControlPlane {
    /// Starts a control plane from its program, and waits until it is ready.
    ///
    /// # Errors
    /// Where it does not become ready, with what the servers say.
    pub fn start(program: &Path) -> io::Result<ControlPlane> {
        let mut attempt = 1;
        loop {
            match ControlPlane::try_start(program) {
                Err(_) if attempt < ATTEMPTS => attempt += 1,
                done => return done,
            }
        }
    }

    fn try_start(program: &Path) -> io::Result<ControlPlane> {
        let [etcd, peers, api_server] = free_ports()?;
        let mut plane = ControlPlane {
            servers: Vec::new(),
            folder: tempfile::tempdir()?,
            program: program.to_owned(),
            url: format!("https://127.0.0.1:{api_server}"),
            etcd: [etcd, peers],
            api_server: api_server_arguments(etcd, api_server),
        };
        plane.write_files()?;
        plane.serve(ETCD, &etcd_arguments(etcd, peers))?;
        plane.serve(API_SERVER, &plane.api_server.clone())?;
        plane.wait("the API server", &["get", "--raw", "/readyz"])?;
        plane.serve("kube-controller-manager", &controller_arguments())?;
        let account = ["get", "serviceaccount", "default", "-n", "default"];
        plane.wait("the controller manager", &account)?;
        Ok(plane)
    }

    /// Ends the API server at once, and starts another one in its place.
    ///
    /// # Errors
    /// Where it does not become ready.
    pub fn restart_api_server(&mut self) -> io::Result<()> {
        self.servers.retain(|server| server.name() != API_SERVER);
        let arguments = self.api_server.clone();
        self.serve(API_SERVER, &arguments)?;
        self.wait("the API server", &["get", "--raw", "/readyz"])
    }

    /// Ends etcd at once, and starts it again on what it has kept after `away` has run.
    ///
    /// # Errors
    /// Where the API server is not ready afterwards.
    pub fn without_etcd(&mut self, away: impl FnOnce(&ControlPlane)) -> io::Result<()> {
        self.servers.retain(|server| server.name() != ETCD);
        away(self);
        let [clients, peers] = self.etcd;
        self.serve(ETCD, &etcd_arguments(clients, peers))?;
        self.wait("the API server", &["get", "--raw", "/readyz"])
    }

    /// Where etcd listens.
    #[must_use]
    pub fn etcd_url(&self) -> String {
        let [clients, _] = self.etcd;
        format!("http://127.0.0.1:{clients}")
    }

    /// The kubeconfig of the user who may do everything.
    #[must_use]
    pub fn kubeconfig(&self) -> PathBuf {
        self.kubeconfig_of("admin")
    }

    /// The kubeconfig of the user who may do nothing but find out what is served.
    #[must_use]
    pub fn kubeconfig_of_nobody(&self) -> PathBuf {
        self.kubeconfig_of("nobody")
    }

    /// The kubeconfig of a service account, as which the user acts who may do everything.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn kubeconfig_of_account(&self, namespace: &str, name: &str) -> io::Result<PathBuf> {
        let file = self.kubeconfig_of(name);
        let account = format!("system:serviceaccount:{namespace}:{name}");
        let all = kubeconfig(&self.url, "admin");
        let token = "token: admin";
        fs::write(
            &file,
            all.replace(token, &format!("{token}, as: \"{account}\"")),
        )?;
        Ok(file)
    }

    /// Where the API server listens.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The folder of the control plane, for what a test needs beside it.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs `kubectl` as the user who may do everything, and gives what it prints.
    ///
    /// # Errors
    /// What `kubectl` says, where it fails.
    pub fn kubectl(&self, arguments: &[&str], input: &str) -> io::Result<String> {
        let mut command = Command::new(&self.program);
        command
            .arg("kubectl")
            .arg("--kubeconfig")
            .arg(self.kubeconfig());
        command.args(arguments).current_dir(self.folder.path());
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut process = command.spawn()?;
        if let Some(mut pipe) = process.stdin.take() {
            pipe.write_all(input.as_bytes())?;
        }
        let done = process.wait_with_output()?;
        if !done.status.success() {
            let said = String::from_utf8_lossy(&done.stderr);
            return Err(io::Error::other(format!("kubectl {arguments:?}: {said}")));
        }
        Ok(String::from_utf8_lossy(&done.stdout).into_owned())
    }

    /// Creates objects.
    ///
    /// # Errors
    /// What `kubectl` says, where it fails.
    pub fn apply(&self, manifests: &str) -> io::Result<()> {
        self.kubectl(&["apply", "--server-side", "-f", "-"], manifests)
            .map(drop)
    }

    /// Creates a namespace, and waits until pods can be created in it.
    ///
    /// # Errors
    /// What `kubectl` says, where it fails.
    pub fn create_namespace(&self, name: &str) -> io::Result<()> {
        self.kubectl(&["create", "namespace", name], "")?;
        let account = ["--for=create", "serviceaccount/default", "--timeout=120s"];
        let wait = ["wait", "-n", name];
        self.kubectl(&[&wait[..], &account].concat(), "").map(drop)
    }

    /// Waits until a command succeeds, which it never does once a server has ended.
    fn wait(&mut self, for_what: &str, command: &[&str]) -> io::Result<()> {
        let end = Instant::now() + PATIENCE;
        loop {
            let Err(error) = self.kubectl(command, "") else {
                return Ok(());
            };
            let ended = self.servers.iter_mut().find_map(Server::ended);
            if let Some(ended) = ended {
                return Err(io::Error::other(ended));
            }
            if Instant::now() > end {
                let told: Vec<String> = self.servers.iter().map(Server::told).collect();
                let told = format!("{for_what} is not ready: {error}\n{}", told.join("\n"));
                return Err(io::Error::other(told));
            }
            thread::sleep(Duration::from_millis(100));
        }
    }

    fn serve(&mut self, name: &'static str, arguments: &[String]) -> io::Result<()> {
        let server = Server::start(&self.program, name, arguments, self.folder.path())?;
        // What ends first is started last.
        self.servers.insert(0, server);
        Ok(())
    }

    fn kubeconfig_of(&self, user: &str) -> PathBuf {
        self.folder.path().join(format!("{user}.kubeconfig"))
    }

    fn write_files(&self) -> io::Result<()> {
        let folder = self.folder.path();
        for (user, _) in USERS {
            fs::write(self.kubeconfig_of(user), kubeconfig(&self.url, user))?;
        }
        let tokens = USERS.map(|(user, group)| format!("{user},{user},{user},\"{group}\"\n"));
        fs::write(folder.join("tokens.csv"), tokens.concat())?;
        let key = Command::new(&self.program)
            .args(["key", "service-accounts.key"])
            .current_dir(folder)
            .status()?;
        if key.success() {
            return Ok(());
        }
        Err(io::Error::other(
            "the key of service accounts cannot be written",
        ))
    }
}

/// Ports that nobody listens on at the moment.
fn free_ports<const COUNT: usize>() -> io::Result<[u16; COUNT]> {
    let mut listeners = Vec::new();
    let mut ports = [0; COUNT];
    for port in &mut ports {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        *port = listener.local_addr()?.port();
        listeners.push(listener);
    }
    Ok(ports)
}

fn etcd_arguments(clients: u16, peers: u16) -> Vec<String> {
    let (clients, peers) = (
        format!("http://127.0.0.1:{clients}"),
        format!("http://127.0.0.1:{peers}"),
    );
    vec![
        "--name=one".into(),
        "--data-dir=etcd".into(),
        format!("--listen-client-urls={clients}"),
        format!("--advertise-client-urls={clients}"),
        format!("--listen-peer-urls={peers}"),
        format!("--initial-advertise-peer-urls={peers}"),
        format!("--initial-cluster=one={peers}"),
        // What a test writes need not survive the machine.
        "--unsafe-no-fsync".into(),
    ]
}

fn api_server_arguments(etcd: u16, port: u16) -> Vec<String> {
    vec![
        format!("--etcd-servers=http://127.0.0.1:{etcd}"),
        "--bind-address=127.0.0.1".into(),
        format!("--secure-port={port}"),
        "--cert-dir=certificates".into(),
        "--endpoint-reconciler-type=none".into(),
        "--authorization-mode=RBAC".into(),
        "--token-auth-file=tokens.csv".into(),
        "--service-cluster-ip-range=10.0.0.0/24".into(),
        "--service-account-issuer=https://kubernetes.default.svc".into(),
        "--service-account-key-file=service-accounts.key".into(),
        "--service-account-signing-key-file=service-accounts.key".into(),
        "--profiling=false".into(),
    ]
}

fn controller_arguments() -> Vec<String> {
    vec![
        "--kubeconfig=admin.kubeconfig".into(),
        "--secure-port=0".into(),
        "--leader-elect=false".into(),
        "--service-account-private-key-file=service-accounts.key".into(),
        "--root-ca-file=certificates/apiserver.crt".into(),
        "--profiling=false".into(),
    ]
}

/// The API server makes its own certificate, with the authority in the same file.
fn kubeconfig(url: &str, user: &str) -> String {
    format!(
        "apiVersion: v1
kind: Config
current-context: test
contexts:
- name: test
  context: {{cluster: test, user: {user}}}
- name: elsewhere
  context: {{cluster: elsewhere, user: {user}}}
clusters:
- name: test
  cluster:
    server: {url}
    certificate-authority: certificates/apiserver.crt
- name: elsewhere
  cluster: {{server: \"https://127.0.0.1:1\"}}
users:
- name: {user}
  user: {{token: {user}}}
"
    )
}
