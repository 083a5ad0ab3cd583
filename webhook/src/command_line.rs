//! The command line of `portcullis-webhook`.

use std::{
    fs, io,
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use axum_server::{Handle, tls_rustls::RustlsConfig};
use clap::Parser;
use serde_json::Value;
use tokio::{
    runtime,
    signal::unix::{SignalKind, signal},
    time,
};

use crate::{
    certificates::{self, Certificate},
    log::{Level, Log},
    policy_files::{PolicyFiles, Reading},
    served::Served,
    server::{Server, ServerLimits},
    world::Alone,
};

/// How often files are looked at.
const LOOK: Duration = Duration::from_millis(500);

/// How long requests may go on when the server is to stop.
const GRACE: Duration = Duration::from_secs(15);

/// Answers admission requests by policies from files.
#[derive(Debug, Parser)]
#[command(
    name = "portcullis-webhook",
    version,
    before_help = "Example:\n  portcullis-webhook --policies policies/ --tls-name localhost --ca-file ca.pem",
    after_help = "SIGHUP reads policies and certificates again; SIGTERM stops after the requests that are being answered."
)]
pub struct CommandLine {
    /// A file or folder with policies and exceptions; read again when it changes.
    #[arg(long, required = true, value_name = "PATH")]
    policies: Vec<PathBuf>,
    /// Where to listen.
    #[arg(long, default_value = "0.0.0.0:9443")]
    listen: SocketAddr,
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

/// Runs the server of this process.
#[must_use]
pub fn main() -> ExitCode {
    let line = CommandLine::parse();
    let log = Arc::new(Log::to(Box::new(io::stderr())));
    let runtime = runtime::Builder::new_multi_thread().enable_all().build();
    let done = runtime.and_then(|runtime| runtime.block_on(run(line, Arc::clone(&log))));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let fields = [("error", Value::from(error.to_string()))];
            log.line(Level::Error, "cannot serve", &fields);
            ExitCode::from(2)
        }
    }
}

async fn run(line: CommandLine, log: Arc<Log>) -> io::Result<()> {
    let mut files = PolicyFiles::new(line.policies.clone());
    let reading = files.read();
    tell(&log, &reading);
    let served = Arc::new(Served::new(reading.policies, Arc::new(Alone::default())));
    let certificate = line.certificate()?;
    let tls = certificates::tls(&certificate).await?;
    let limits = ServerLimits {
        body: line.max_body,
        ..ServerLimits::default()
    };
    let listener = TcpListener::bind(line.listen)?;
    let address = listener.local_addr()?.to_string();
    log.line(Level::Info, "serving", &[("address", Value::from(address))]);
    let handle = Handle::new();
    let server = Server::new(Arc::clone(&served), Arc::clone(&log), limits);
    let serving = tokio::spawn(server.serve(listener, tls.clone(), handle.clone()));
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
    watch.log.line(Level::Info, "stopping", &[]);
    handle.graceful_shutdown(Some(GRACE));
    while handle.connection_count() > 0 {
        time::sleep(Duration::from_millis(20)).await;
    }
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
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        loop {
            let is_asked = tokio::select! {
                _ = terminate.recv() => return Ok(()),
                _ = interrupt.recv() => return Ok(()),
                _ = hang_up.recv() => true,
                () = time::sleep(LOOK) => false,
            };
            if is_asked || self.files.have_changed() {
                let reading = self.files.read();
                tell(&self.log, &reading);
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

fn tell(log: &Log, reading: &Reading) {
    for problem in &reading.problems {
        let fields = [("problem", Value::from(problem.as_str()))];
        log.line(Level::Error, "policy not served as it is written", &fields);
    }
    let fields = [("count", Value::from(reading.policies.count()))];
    log.line(Level::Info, "policies", &fields);
}
