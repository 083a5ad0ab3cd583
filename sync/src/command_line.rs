//! The command line of `portcullis-sync`.

use std::{
    ffi::OsString,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
    thread,
    time::Duration,
};

use clap::{Parser, value_parser};
use portcullis_cluster::{Cluster, ConnectOptions, Lease, LeaseOptions, Term};
use serde_json::json;

use crate::{
    controller::{Controller, Logged},
    metrics::{self, Metrics},
    ownership::MANAGER,
};

/// How many calls of the API server run at a time.
const CONCURRENCY: usize = 8;
/// How often it is looked whose turn it is.
const LEASE_LOOK: Duration = Duration::from_secs(2);
/// How long it takes to the second try where the cluster gives no answer; it doubles.
const FIRST_RETRY: Duration = Duration::from_millis(500);
/// How long the end waits for the answers to what was being written.
const LAST_ANSWERS: Duration = Duration::from_secs(10);

/// Bring the policies of every PolicySource into the cluster, and keep them as they are there.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "portcullis-sync",
    version,
    after_help = "SIGTERM stops after what is being written, and lets another replica go on at once."
)]
struct Arguments {
    /// The kubeconfig; without it that of the variable KUBECONFIG, of the home folder, or of the pod.
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig; without it the current context.
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
    /// How often all sources are looked at where no watch tells of a change, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    resync: u64,
    /// How long a stage may take to be ready, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    wait: u64,
    /// Where `/metrics`, `/health/liveness` and `/health/readiness` are answered; nowhere without it.
    #[arg(long, value_name = "ADDRESS", default_value = "")]
    metrics_listen: String,
    /// The namespace of the Lease `portcullis-sync`: of all replicas the one that holds it writes.
    #[arg(long, value_name = "NAME", default_value = "portcullis")]
    lease_namespace: String,
    /// How long another replica waits for the one that writes before it takes its place, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 15, value_parser = value_parser!(u64).range(3..))]
    lease_duration: u64,
}

impl Arguments {
    fn lease(&self) -> LeaseOptions {
        let duration = Duration::from_secs(self.lease_duration);
        LeaseOptions {
            duration,
            period: duration / 7,
            ..LeaseOptions::of_this_process(&self.lease_namespace, MANAGER)
        }
    }
}

/// Runs the controller with these arguments, the first of which is the program; until it is asked to
/// stop, save where they cannot be used.
#[must_use]
pub fn run(arguments: Vec<OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            error.print().ok();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let options = ConnectOptions {
        kubeconfig: arguments.kubeconfig.clone(),
        context: arguments.context.clone(),
        concurrency: CONCURRENCY,
        ..ConnectOptions::default()
    };
    match started(&options, &arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(line) => {
            log(&line);
            ExitCode::from(2)
        }
    }
}

fn started(options: &ConnectOptions, arguments: &Arguments) -> Result<(), Logged> {
    let cluster =
        Cluster::connect(options).map_err(|error| logged("NoCluster", &error.to_string()))?;
    let metrics: Arc<Metrics> = Arc::default();
    listened(&arguments.metrics_listen, &metrics).map_err(|error| {
        let address = &arguments.metrics_listen;
        logged("NoMetrics", &format!("--metrics-listen {address}: {error}"))
    })?;
    let no_signals = |error: io::Error| logged("NoSignals", &error.to_string());
    let mut stop = cluster.stop().map_err(no_signals)?;
    let cluster = Arc::new(cluster);
    let lease = Arc::new(Lease::hold(&cluster, arguments.lease()));
    let (ours, held, told) = (Arc::clone(&cluster), Arc::clone(&lease), arguments.clone());
    // A pass may be anywhere when the process ends, as it may be when it is killed.
    let leading = thread::spawn(move || lead_again(&ours, &held, &told, &metrics));
    while !stop.wait(&cluster, LEASE_LOOK) {
        if leading.is_finished() {
            return Err(logged("Broken", "the thread that reconciles has ended"));
        }
    }
    end(&cluster, &lease);
    Ok(())
}

/// Reconciles whenever it is the turn of this replica, without end.
fn lead_again(
    cluster: &Arc<Cluster>,
    lease: &Lease,
    arguments: &Arguments,
    metrics: &Arc<Metrics>,
) {
    loop {
        let term = begun(cluster, lease, metrics);
        metrics.lead(true);
        log(&logged("Leading", "this replica reconciles the sources"));
        cluster.write_only_during(term.clone());
        lead(cluster, &term, arguments, metrics);
        metrics.lead(false);
        log(&logged(
            "NotLeading",
            "another replica may reconcile the sources",
        ));
    }
}

/// Ends what this replica writes; another one need not wait then.
fn end(cluster: &Cluster, lease: &Lease) {
    log(&logged("Stopping", "this replica writes no more"));
    if !cluster.write_no_more(LAST_ANSWERS) {
        log(&logged(
            "LeaseKept",
            "the cluster has not answered the last write; another replica waits until the Lease is over",
        ));
    } else if let Err(error) = lease.give_back(cluster) {
        log(&logged("LeaseKept", &error.to_string()));
    }
}

fn listened(address: &str, metrics: &Arc<Metrics>) -> io::Result<()> {
    if address.is_empty() {
        return Ok(());
    }
    metrics::listen(address, Arc::clone(metrics))
}

/// Waits until the Lease is held, and tells why that cannot be.
fn begun(cluster: &Cluster, lease: &Lease, metrics: &Metrics) -> Term {
    let mut told = None;
    loop {
        if let Some(term) = lease.term(cluster, LEASE_LOOK) {
            return term;
        }
        let problem = lease.problem();
        metrics.set_problem(problem.clone());
        if problem != told {
            if let Some(problem) = &problem {
                log(&logged("NoLease", problem));
            }
            told = problem;
        }
    }
}

/// Reconciles until the term is over. What was known in an earlier one is forgotten: another replica may
/// have written since.
fn lead(cluster: &Arc<Cluster>, term: &Term, arguments: &Arguments, metrics: &Arc<Metrics>) {
    let controller = Controller::new(cluster, Duration::from_secs(arguments.wait));
    let mut controller = controller.counted(Arc::clone(metrics));
    let resync = Duration::from_secs(arguments.resync.max(1));
    let mut retry = FIRST_RETRY;
    while !term.is_over() {
        match controller.pass() {
            Ok(lines) => {
                lines.iter().for_each(log);
                retry = FIRST_RETRY;
                metrics.set_problem(None);
                controller.wait(resync, || term.is_over());
            }
            Err(error) => {
                log(&logged("NoAnswer", &error.to_string()));
                metrics.set_problem(Some(error.to_string()));
                thread::sleep(retry);
                retry = (retry * 2).min(resync);
            }
        }
    }
}

fn logged(reason: &'static str, message: &str) -> Logged {
    Logged {
        source: String::new(),
        reason,
        message: message.to_owned(),
    }
}

/// A line of JSON.
fn log(line: &Logged) {
    let line = json!({"source": line.source, "reason": line.reason, "message": line.message});
    // Where standard error is gone there is nobody left to tell.
    writeln!(io::stderr(), "{line}").ok();
}
