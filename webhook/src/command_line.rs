//! The command line of `portcullis-webhook`.

mod on_cluster;

use std::{
    ffi::OsString,
    fs, io,
    net::{AddrParseError, SocketAddr, TcpListener},
    path::PathBuf,
    process::ExitCode,
    str::FromStr,
    sync::Arc,
    time::Duration,
};

use axum_server::{Handle, tls_rustls::RustlsConfig};
use clap::Parser;
use portcullis_cluster::Stop;
use serde_json::Value;
use tokio::{
    runtime,
    signal::unix::{SignalKind, signal},
    task::JoinHandle,
    time,
};

use crate::{
    certificates::{self, Certificate},
    controller::Options,
    log::{Level, Log},
    metrics::{self, Metrics},
    policy_files::{PolicyFiles, Reading},
    readiness::Readiness,
    reports::Inbox,
    served::Served,
    server::{Server, ServerLimits},
    world::Alone,
};

/// How often files are looked at.
const LOOK: Duration = Duration::from_millis(500);

/// How long requests may go on when the server is to stop.
const GRACE: Duration = Duration::from_secs(15);

/// How long threads may still go on at the end.
const LAST_THREADS: Duration = Duration::from_secs(1);

/// Answers admission requests by policies from a cluster, or from files.
#[derive(Debug, Parser)]
#[command(
    name = "portcullis-webhook",
    version,
    before_help = "Examples:\n  portcullis-webhook --cluster\n  portcullis-webhook --policies policies/ --tls-name localhost --ca-file ca.pem",
    after_help = "SIGHUP reads policies and certificates again; SIGTERM stops after the requests that are being answered."
)]
pub struct CommandLine {
    /// A file or folder with policies and exceptions; read again when it changes.
    #[arg(long, required_unless_present = "cluster", value_name = "PATH")]
    policies: Vec<PathBuf>,
    /// Serve the policies and exceptions of a cluster, and let them ask it.
    #[arg(long, conflicts_with = "policies")]
    cluster: bool,
    /// The kubeconfig; without one that of KUBECONFIG, of the home folder, or of the pod.
    #[arg(long, requires = "cluster", value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig.
    #[arg(long, requires = "cluster", value_name = "NAME")]
    context: Option<String>,
    /// Where it is, and how it is reached, on a cluster.
    #[command(flatten)]
    on_cluster: Options,
    /// Where to listen.
    #[arg(long, default_value = "0.0.0.0:9443")]
    listen: SocketAddr,
    /// Where Prometheus may ask for `/metrics` by plain HTTP; empty for nowhere.
    #[arg(long, default_value = "0.0.0.0:8000", value_name = "ADDRESS")]
    metrics_listen: MetricsAddress,
    /// The certificate chain as PEM; read again when it changes.
    #[arg(long, requires = "tls_key", value_name = "FILE")]
    tls_certificate: Option<PathBuf>,
    /// The private key of the certificate as PEM.
    #[arg(long, requires = "tls_certificate", value_name = "FILE")]
    tls_key: Option<PathBuf>,
    /// A name or address for the certificate that is made where none is given.
    #[arg(long, default_value = "localhost", value_name = "NAME")]
    tls_name: Vec<String>,
    /// Where to write the authority of the certificate that is made.
    #[arg(long, value_name = "FILE", conflicts_with = "tls_certificate")]
    ca_file: Option<PathBuf>,
    /// The largest body, in bytes.
    #[arg(long, default_value_t = ServerLimits::default().body, value_name = "BYTES")]
    max_body: usize,
}

/// Where metrics are served, if anywhere.
#[derive(Clone, Copy, Debug)]
struct MetricsAddress(Option<SocketAddr>);

impl FromStr for MetricsAddress {
    type Err = AddrParseError;

    fn from_str(text: &str) -> Result<MetricsAddress, AddrParseError> {
        let address = (!text.is_empty()).then(|| text.parse());
        address.transpose().map(MetricsAddress)
    }
}

/// Runs the server of this process.
#[must_use]
pub fn main() -> ExitCode {
    main_with(std::env::args_os())
}

/// Runs the server by a command line, the name of the program first.
#[must_use]
pub fn main_with(line: impl IntoIterator<Item = OsString>) -> ExitCode {
    let line = CommandLine::parse_from(line);
    let log = Arc::new(Log::to(Box::new(io::stderr())));
    match started(line, &log) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let fields = [("error", Value::from(error.to_string()))];
            log.line(Level::Error, "cannot serve", &fields);
            ExitCode::from(2)
        }
    }
}

fn started(line: CommandLine, log: &Arc<Log>) -> io::Result<()> {
    // The connection has threads of its own, and goes after those of the server.
    let cluster = line.connect()?;
    let runtime = runtime::Builder::new_multi_thread().enable_all().build()?;
    let ended = match &cluster {
        Some(cluster) => on_cluster::run(line, cluster, &runtime, log),
        None => runtime.block_on(run(line, Arc::clone(log))),
    };
    // What still goes on then may wait for a cluster that does not answer.
    runtime.shutdown_timeout(LAST_THREADS);
    ended
}

type Serving = (JoinHandle<io::Result<()>>, Handle<SocketAddr>);

fn serve(
    line: &CommandLine,
    served: Arc<Served>,
    tls: &RustlsConfig,
    log: &Arc<Log>,
    reports: Option<Arc<Inbox>>,
    readiness: Arc<Readiness>,
) -> io::Result<Serving> {
    let limits = ServerLimits {
        body: line.max_body,
        ..ServerLimits::default()
    };
    let listener = TcpListener::bind(line.listen)?;
    let address = listener.local_addr()?.to_string();
    log.line(
        Level::Info,
        "listening",
        &[("address", Value::from(address))],
    );
    let handle = Handle::new();
    let server = Server::new(Arc::clone(&served), Arc::clone(log), limits);
    let mut server = server.with_readiness(readiness);
    if let Some(address) = line.metrics_listen.0 {
        serve_metrics(address, server.metrics(), served, log, reports.clone());
    }
    if line.cluster {
        server = server.with_exceptions(line.on_cluster.exceptions());
    }
    if let Some(inbox) = reports {
        server = server.with_reports(inbox);
    }
    let serving = tokio::spawn(server.serve(listener, tls.clone(), handle.clone()));
    Ok((serving, handle))
}

/// Serves metrics. Where that cannot be, admission goes on without.
fn serve_metrics(
    address: SocketAddr,
    metrics: Arc<Metrics>,
    served: Arc<Served>,
    log: &Arc<Log>,
    reports: Option<Arc<Inbox>>,
) {
    let log = Arc::clone(log);
    tokio::spawn(async move {
        let listening = match TcpListener::bind(address) {
            Ok(listener) => metrics::listen(listener, metrics, served, reports).await,
            Err(error) => Err(error),
        };
        if let Err(error) = listening {
            let fields = [
                ("address", Value::from(address.to_string())),
                ("error", Value::from(error.to_string())),
            ];
            log.line(Level::Error, "metrics are not served", &fields);
        }
    });
}

/// Ends after the requests that are being answered.
async fn end(handle: &Handle<SocketAddr>, log: &Log) {
    log.line(Level::Info, "stopping", &[]);
    handle.graceful_shutdown(Some(GRACE));
    while handle.connection_count() > 0 {
        time::sleep(Duration::from_millis(20)).await;
    }
}

async fn run(line: CommandLine, log: Arc<Log>) -> io::Result<()> {
    let mut files = PolicyFiles::new(line.policies.clone());
    let reading = files.read();
    tell(&log, &reading);
    // Without a version that was whole, what one of them should deny would be let in.
    if !reading.problems.is_empty() {
        return Err(not_whole(&reading.problems));
    }
    let served = Arc::new(Served::new(reading.policies, Arc::new(Alone::default())));
    served.note_problems(0);
    let certificate = line.certificate()?;
    let tls = certificates::tls(&certificate).await?;
    let readiness = Arc::new(Readiness::ready());
    let (serving, handle) = serve(&line, Arc::clone(&served), &tls, &log, None, readiness)?;
    log.line(Level::Info, "serving", &[]);
    let mut watch = Watch {
        line,
        files,
        certificate,
        tls,
        served,
        log,
    };
    tokio::select! {
        stopped = serving => return stopped.map_err(io::Error::other)?,
        watched = watch.until_stopped() => watched?,
    }
    end(&handle, &watch.log).await;
    Ok(())
}

/// Files that are looked at while the server runs.
struct Watch {
    line: CommandLine,
    files: PolicyFiles,
    certificate: Certificate,
    tls: RustlsConfig,
    served: Arc<Served>,
    log: Arc<Log>,
}

impl Watch {
    async fn until_stopped(&mut self) -> io::Result<()> {
        let mut hang_up = signal(SignalKind::hangup())?;
        let mut stop = Stop::new()?;
        loop {
            let is_asked = tokio::select! {
                () = stop.asked() => return Ok(()),
                _ = hang_up.recv() => true,
                () = time::sleep(LOOK) => false,
            };
            if is_asked || self.files.have_changed() {
                let reading = self.files.read();
                tell(&self.log, &reading);
                self.served.note_problems(reading.problems.len());
                self.served.swap(reading.policies);
            }
            self.look_at_certificate().await;
        }
    }

    async fn look_at_certificate(&mut self) {
        let (Some(chain), Some(key)) = (&self.line.tls_certificate, &self.line.tls_key) else {
            return;
        };
        let Ok(found) = read_certificate(chain, key) else {
            return;
        };
        if found.chain == self.certificate.chain && found.key == self.certificate.key {
            return;
        }
        let replaced = certificates::replace(&self.tls, &found).await;
        self.certificate = found;
        match replaced {
            Ok(()) => self.log.line(Level::Info, "certificate replaced", &[]),
            Err(error) => {
                let fields = [("error", Value::from(error.to_string()))];
                self.log.line(Level::Error, "certificate refused", &fields);
            }
        }
    }
}

impl CommandLine {
    fn certificate(&self) -> io::Result<Certificate> {
        if let (Some(chain), Some(key)) = (&self.tls_certificate, &self.tls_key) {
            return read_certificate(chain, key);
        }
        let made = certificates::make(&self.tls_name).map_err(io::Error::other)?;
        if let Some(path) = &self.ca_file {
            fs::write(path, &made.authority)?;
        }
        Ok(made)
    }
}

fn read_certificate(chain: &PathBuf, key: &PathBuf) -> io::Result<Certificate> {
    let read = |path: &PathBuf| {
        let told = |error: io::Error| io::Error::other(format!("{}: {error}", path.display()));
        fs::read_to_string(path).map_err(told)
    };
    Ok(Certificate {
        chain: read(chain)?,
        key: read(key)?,
        authority: String::new(),
    })
}

/// Why a start is refused.
fn not_whole(problems: &[String]) -> io::Error {
    let told = problems.first().map_or("", String::as_str);
    let others = match problems.len().saturating_sub(1) {
        0 => String::new(),
        others => format!(" (and {others} more, each in a line above)"),
    };
    io::Error::other(format!(
        "--policies: {told}{others}; mend it, or take it out of what is served"
    ))
}

fn tell(log: &Log, reading: &Reading) {
    for problem in &reading.problems {
        let fields = [("problem", Value::from(problem.as_str()))];
        log.line(Level::Error, "policy not served as it is written", &fields);
    }
    let fields = [("count", Value::from(reading.policies.count()))];
    log.line(Level::Info, "policies", &fields);
}
