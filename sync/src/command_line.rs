//! The command line of `portcullis-sync`.

use std::{
    ffi::OsString,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
    thread,
    time::Duration,
};

use clap::Parser;
use portcullis_cluster::{Cluster, ConnectOptions};
use serde_json::json;

use crate::controller::{Controller, Logged};

/// How many calls of the API server run at a time.
const CONCURRENCY: usize = 8;
/// How long it takes to the second try where the cluster gives no answer; it doubles.
const FIRST_RETRY: Duration = Duration::from_millis(500);

/// Bring the policies of every PolicySource into the cluster, and keep them as they are there.
#[derive(Debug, Parser)]
#[command(name = "portcullis-sync", version)]
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
}

/// Runs the controller with these arguments, the first of which is the program; for ever, save where
/// they cannot be used.
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
        kubeconfig: arguments.kubeconfig,
        context: arguments.context,
        concurrency: CONCURRENCY,
        ..ConnectOptions::default()
    };
    let cluster = match Cluster::connect(&options) {
        Ok(cluster) => cluster,
        Err(error) => {
            log(&failure("NoCluster", &error.to_string()));
            return ExitCode::from(2);
        }
    };
    let mut controller = Controller::new(&cluster, Duration::from_secs(arguments.wait));
    let resync = Duration::from_secs(arguments.resync.max(1));
    let mut retry = FIRST_RETRY;
    loop {
        match controller.pass() {
            Ok(lines) => {
                lines.iter().for_each(log);
                retry = FIRST_RETRY;
                controller.wait(resync);
            }
            Err(error) => {
                log(&failure("NoAnswer", &error.to_string()));
                thread::sleep(retry);
                retry = (retry * 2).min(resync);
            }
        }
    }
}

fn failure(reason: &'static str, message: &str) -> Logged {
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
