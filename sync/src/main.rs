//! Entry point of `portcullis-sync`: the controller of PolicySources.

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
    thread,
    time::Duration,
};

use clap::Parser;
use portcullis_cluster::{Cluster, ConnectOptions};
use portcullis_sync::controller::{Controller, Logged};
use serde_json::json;

/// How many calls of the API server run at a time.
const CONCURRENCY: usize = 8;

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
    /// How often it is looked for sources that are new, changed or due, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    poll: u64,
    /// How long a stage may take to be ready, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    wait: u64,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
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
    loop {
        match controller.pass() {
            Ok(lines) => lines.iter().for_each(log),
            Err(error) => log(&failure("NoAnswer", &error.to_string())),
        }
        thread::sleep(Duration::from_secs(arguments.poll.max(1)));
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
