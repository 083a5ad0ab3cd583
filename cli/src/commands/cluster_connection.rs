//! Which cluster a command asks, and what is told where it gives no answer.

use std::{path::PathBuf, time::Duration};

use portcullis_cluster::{Cluster, ClusterError, ConnectOptions};
use portcullis_pipeline::diagnostic::Diagnostic;
use portcullis_values::duration::GoDuration;

/// Which cluster is asked.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Cluster")]
pub(crate) struct ClusterConnection {
    /// The kubeconfig; without it that of the variable KUBECONFIG, of the home folder, or of the pod.
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig; without it the current context.
    #[arg(long, value_name = "NAME")]
    pub(crate) context: Option<String>,
    /// How long the cluster may take for an answer.
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = duration)]
    pub(crate) request_timeout: Duration,
}

impl ClusterConnection {
    /// Whether a cluster is named.
    pub(crate) fn is_named(&self) -> bool {
        self.kubeconfig.is_some() || self.context.is_some()
    }

    /// A connection; the cluster is not asked yet.
    pub(crate) fn connect(&self, concurrency: usize) -> Result<Cluster, Diagnostic> {
        let options = ConnectOptions {
            kubeconfig: self.kubeconfig.clone(),
            context: self.context.clone(),
            concurrency,
            timeout: self.request_timeout,
        };
        Cluster::connect(&options).map_err(|error| fault(&error))
    }
}

/// Why a cluster gave no answer, and what to do.
pub(crate) fn fault(error: &ClusterError) -> Diagnostic {
    Diagnostic::error(error.to_string()).help(error.remedy())
}

/// A time that something may take, such as `60s`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let parsed = GoDuration::parse(text).map_err(|error| format!("{error}; write it as `60s`"))?;
    match u64::try_from(parsed.nanoseconds()) {
        Ok(nanoseconds) if nanoseconds > 0 => Ok(Duration::from_nanos(nanoseconds)),
        _ => Err("no answer comes in no time; write it as `60s`".to_owned()),
    }
}
