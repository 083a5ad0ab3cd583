//! `--cluster`: the objects of a cluster instead of manifests, and a cluster's answers to what
//! policies ask, whichever they are applied to.

use std::num::NonZeroUsize;

use portcullis_cluster::ListOptions;
use portcullis_pipeline::{
    diagnostic::{Diagnostic, SourceFile},
    live::LiveCluster,
};

use super::Args;
use crate::commands::{
    asked_cluster::{AskedCluster, Namespaces},
    cluster_connection::ClusterConnection,
};

/// Which objects of a cluster, and how it is asked.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Cluster")]
pub(super) struct ClusterArgs {
    /// Apply the policies to the objects of a cluster, which is the one of the current context where
    /// nothing else is said.
    #[arg(short, long)]
    pub(super) cluster: bool,
    /// Only objects of this namespace.
    #[arg(short, long, value_name = "NAME", requires = "cluster")]
    namespace: Option<String>,
    /// Objects that are in no namespace, too, beside those of `--namespace`.
    #[arg(long, requires = "cluster")]
    cluster_wide_resources: bool,
    /// How many questions the cluster is asked at a time.
    #[arg(long, value_name = "COUNT", default_value = "4")]
    concurrent: NonZeroUsize,
    /// How many objects are asked for at a time; 0 is all of a kind.
    #[arg(long, value_name = "COUNT", default_value_t = 500)]
    batch_size: usize,
    /// Whether to go on after a kind that cannot be listed.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_value_t = true, default_missing_value = "true", action = clap::ArgAction::Set)]
    continue_on_error: bool,
    // A cluster that is named answers policies on manifests, too.
    #[command(flatten)]
    connection: ClusterConnection,
}

/// What is known of a cluster before anything is applied; nothing where none is asked.
#[derive(Default)]
pub(super) struct Found {
    pub(super) live: Option<LiveCluster>,
    /// The labels of its namespaces.
    pub(super) namespaces: Namespaces,
    /// Its exceptions, where they are wanted.
    pub(super) exceptions: Vec<SourceFile>,
    /// What cannot be known of it.
    pub(super) faults: Vec<Diagnostic>,
}

/// Asks the cluster what it serves.
///
/// # Errors
/// Where nothing can be applied, because it does not say.
pub(super) fn ask(apply: &Args) -> Result<Found, Vec<Diagnostic>> {
    let args = &apply.cluster;
    if !args.cluster && !args.connection.is_named() {
        return Ok(Found::default());
    }
    let asked = AskedCluster::connect(&args.connection, args.concurrent.get());
    let mut asked = asked.map_err(|fault| vec![fault])?;
    let mut found = Found::default();
    match asked.namespaces(args.namespace.as_deref()) {
        Ok(namespaces) => found.namespaces = namespaces,
        Err(fault) => found.faults.push(fault),
    }
    if args.cluster && apply.exceptions_with_resources {
        let (exceptions, faults) = asked.exceptions();
        found.exceptions = exceptions;
        found.faults.extend(faults);
    }
    if !args.continue_on_error && !found.faults.is_empty() {
        return Err(found.faults);
    }
    asked.options = ListOptions {
        namespace: args.namespace.clone(),
        cluster_wide: args.cluster_wide_resources,
        batch_size: args.batch_size,
        continue_on_error: args.continue_on_error,
    };
    let names = apply.resource.iter();
    asked.names = names
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    found.live = Some(LiveCluster::new(asked));
    Ok(found)
}
