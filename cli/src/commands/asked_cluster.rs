//! A cluster as the pipeline asks it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use portcullis_cluster::{
    Cluster, ClusterError, ClusterSource, Discovery, ListOptions, ServedKind,
};
use portcullis_engine::{
    context::source::{ContextSource, Lookup},
    generate::ObjectRef,
    request::GroupVersionKind,
};
use portcullis_pipeline::{
    diagnostic::{Diagnostic, SourceFile},
    live::{self, LivePage},
    offline::objects::text,
};
use serde_json::Value;

use crate::commands::cluster_connection::{ClusterConnection, fault};

/// Labels of namespaces.
pub(crate) type Namespaces = BTreeMap<String, BTreeMap<String, String>>;

/// A cluster as the pipeline asks it.
pub(crate) struct AskedCluster {
    cluster: Arc<Cluster>,
    discovery: Discovery,
    source: ClusterSource,
    /// Which objects are listed, and how.
    pub(crate) options: ListOptions,
    /// The objects that are wanted; all of them where none is named.
    pub(crate) names: BTreeSet<String>,
}

impl AskedCluster {
    /// Connects, and asks the cluster what it serves.
    pub(crate) fn connect(
        connection: &ClusterConnection,
        concurrency: usize,
    ) -> Result<AskedCluster, Diagnostic> {
        let cluster = Arc::new(connection.connect(concurrency)?);
        let discovery = Discovery::of(&cluster).map_err(|error| fault(&error))?;
        Ok(AskedCluster {
            source: ClusterSource::new(Arc::clone(&cluster), discovery.clone()),
            cluster,
            discovery,
            options: ListOptions {
                namespace: None,
                cluster_wide: true,
                batch_size: 500,
                continue_on_error: true,
            },
            names: BTreeSet::new(),
        })
    }

    /// The labels of each namespace, or of one only.
    pub(crate) fn namespaces(&self, only: Option<&str>) -> Result<Namespaces, Diagnostic> {
        let why = "rules with a `namespaceSelector` need the labels of namespaces";
        let fault = |error: ClusterError| fault(&error).help(why);
        self.cluster.namespaces(only).map_err(fault)
    }

    /// The exceptions of all namespaces: one may be about objects of another namespace.
    pub(crate) fn exceptions(&self) -> (Vec<SourceFile>, Vec<Diagnostic>) {
        let is_ours = |group: &str| group == "kyverno.io" || group == "policies.kyverno.io";
        let is_exception =
            |kind: &ServedKind| kind.kind == "PolicyException" && is_ours(&kind.group);
        let kinds = self.discovery.listed(is_exception);
        let options = ListOptions {
            namespace: None,
            ..self.options.clone()
        };
        let mut exceptions = Vec::new();
        let errors = self.cluster.list(&kinds, &options, |page| {
            exceptions.extend(page.objects.iter().map(file));
        });
        (exceptions, errors.iter().map(fault).collect())
    }

    /// The objects that are called `NAMESPACE/KIND/NAME`: one, unless several groups have the kind.
    pub(crate) fn named(&self, name: &str) -> Result<Vec<SourceFile>, Diagnostic> {
        let mut parts = name.rsplitn(3, '/');
        let [Some(own), Some(kind), Some(namespace)] = [parts.next(), parts.next(), parts.next()]
        else {
            let help =
                "write `shop/Deployment/web`, or `/Namespace/shop` for what is in no namespace";
            let wrong = format!("`{name}` is no name of an object of a cluster");
            return Err(Diagnostic::error(wrong).help(help));
        };
        let mut found = Vec::new();
        for served in self.discovery.listed(|served| served.kind == kind) {
            let of = ObjectRef {
                api_version: served.api_version(),
                kind: kind.to_owned(),
                namespace: namespace.to_owned(),
                name: own.to_owned(),
            };
            match self.source.object(&of) {
                Lookup::Found(object) => found.push(file(&object)),
                Lookup::Failed(reason) => return Err(Diagnostic::error(reason)),
                Lookup::NotFound | Lookup::Unavailable => {}
            }
        }
        if found.is_empty() {
            let server = self.cluster.server();
            let none = format!("{server}: no object `{name}`");
            let help =
                "look whether the kind is written with capitals, as in `shop/Deployment/web`";
            return Err(Diagnostic::error(none).help(help));
        }
        Ok(found)
    }
}

/// An object as a text, with the name that results have for it.
fn file(object: &Value) -> SourceFile {
    let [_, _, name] = names(object);
    SourceFile::new(name, object.to_string())
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
