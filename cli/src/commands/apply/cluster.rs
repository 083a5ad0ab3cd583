//! `--cluster`: the objects of a cluster instead of manifests, and a cluster's answers to what
//! policies ask, whichever they are applied to.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use portcullis_cluster::{
    Cluster, ClusterError, ClusterSource, Discovery, ListOptions, ServedKind,
};
use portcullis_engine::{context::source::ContextSource, request::GroupVersionKind};
use portcullis_pipeline::{
    diagnostic::{Diagnostic, SourceFile},
    live::{self, LiveCluster, LivePage},
    offline::objects::text,
};
use serde_json::Value;

use super::Args;
use crate::commands::cluster_connection::{ClusterConnection, fault};

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
    #[arg(long, value_name = "COUNT", default_value_t = 4)]
    concurrent: usize,
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
    pub(super) namespaces: BTreeMap<String, BTreeMap<String, String>>,
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
    let connection = &args.connection;
    if !args.cluster && connection.kubeconfig.is_none() && connection.context.is_none() {
        return Ok(Found::default());
    }
    let cluster = connection.connect(args.concurrent);
    let cluster = Arc::new(cluster.map_err(|fault| vec![fault])?);
    let refused = |error: ClusterError| vec![fault(&error)];
    let discovery = Discovery::of(&cluster).map_err(refused)?;
    let mut found = Found::default();
    match cluster.namespaces(args.namespace.as_deref()) {
        Ok(namespaces) => found.namespaces = namespaces,
        Err(error) => {
            let why = "rules with a `namespaceSelector` need the labels of namespaces";
            found.faults.push(fault(&error).help(why));
        }
    }
    if args.cluster && apply.exceptions_with_resources {
        found.add_exceptions(&cluster, &discovery);
    }
    if !args.continue_on_error && !found.faults.is_empty() {
        return Err(found.faults);
    }
    found.live = Some(LiveCluster::new(AskedCluster {
        source: ClusterSource::new(Arc::clone(&cluster), discovery.clone()),
        cluster,
        discovery,
        options: ListOptions {
            namespace: args.namespace.clone(),
            cluster_wide: args.cluster_wide_resources,
            batch_size: args.batch_size,
            continue_on_error: args.continue_on_error,
        },
        names: apply.resource.iter().map(|name| shown(name)).collect(),
    }));
    Ok(found)
}

impl Found {
    /// Reads the exceptions of all namespaces: one may be about objects of another namespace.
    fn add_exceptions(&mut self, cluster: &Cluster, discovery: &Discovery) {
        let is_ours = |group: &str| group == "kyverno.io" || group == "policies.kyverno.io";
        let kinds = discovery.listed(|kind| kind.kind == "PolicyException" && is_ours(&kind.group));
        let options = ListOptions {
            namespace: None,
            cluster_wide: true,
            batch_size: 500,
            continue_on_error: true,
        };
        let errors = cluster.list(&kinds, &options, |page| {
            let files = page.objects.iter().map(|object| {
                let [_, _, name] = names(object);
                SourceFile::new(name, object.to_string())
            });
            self.exceptions.extend(files);
        });
        self.faults.extend(errors.iter().map(fault));
    }
}

fn shown(name: &Path) -> String {
    name.to_string_lossy().into_owned()
}

/// A cluster as the pipeline asks it.
struct AskedCluster {
    cluster: Arc<Cluster>,
    discovery: Discovery,
    source: ClusterSource,
    options: ListOptions,
    /// The objects that are wanted; all of them where none is named.
    names: BTreeSet<String>,
}

impl live::Cluster for AskedCluster {
    fn source(&self) -> &(dyn ContextSource + Sync) {
        &self.source
    }

    fn definitions(&self) -> Vec<Value> {
        let kinds = self.discovery.kinds().iter();
        kinds.map(ServedKind::definition).collect()
    }

    fn objects(
        &self,
        is_wanted: &dyn Fn(&GroupVersionKind, &str) -> bool,
        take: &mut dyn FnMut(LivePage),
    ) -> Vec<Diagnostic> {
        let kinds = self.discovery.listed(|kind| {
            let of = GroupVersionKind {
                group: kind.group.clone(),
                version: kind.version.clone(),
                kind: kind.kind.clone(),
            };
            is_wanted(&of, &kind.resource)
        });
        let mut missing: BTreeSet<&str> = self.names.iter().map(String::as_str).collect();
        let errors = self.cluster.list(&kinds, &self.options, |mut page| {
            if !self.names.is_empty() {
                page.objects.retain(|object| {
                    let names = names(object);
                    missing.retain(|name| !names.iter().any(|found| found == name));
                    names.iter().any(|name| self.names.contains(name))
                });
                page.expected = page.objects.len();
            }
            take(LivePage {
                order: (page.kind, page.number),
                expected: page.expected,
                objects: page.objects,
            });
        });
        let errors = errors.iter().map(fault);
        errors
            .chain(missing.into_iter().map(|name| self.missing(name)))
            .collect()
    }
}

impl AskedCluster {
    fn missing(&self, name: &str) -> Diagnostic {
        let server = self.cluster.server();
        let none = format!("{server}: no object `{name}` of a kind that the policies are about");
        Diagnostic::error(none).help(
            "with `--cluster`, `--resource` is a name, `NAMESPACE/NAME` or `NAMESPACE/KIND/NAME`; leave `--cluster` out, and name the cluster with `--kubeconfig` or `--context`, to apply policies to files",
        )
    }
}

/// What an object can be called.
fn names(object: &Value) -> [String; 3] {
    let text = |pointer| text(object, pointer);
    let (namespace, name) = (text("/metadata/namespace"), text("/metadata/name"));
    let kind = text("/kind");
    [
        name.to_owned(),
        format!("{namespace}/{name}"),
        format!("{namespace}/{kind}/{name}"),
    ]
}
