//! What a run asks beside its files: a cluster, for its answers to policies, what it serves and its
//! objects; and registries, for what they say of images.

use std::{fmt, sync::Arc};

use portcullis_engine::{context::source::ContextSource, request::GroupVersionKind};
use portcullis_schema::Catalogue;
use serde_json::Value;

use crate::{diagnostic::Diagnostic, offline::objects};

/// A cluster, as far as a run asks it.
pub trait Cluster: Send + Sync {
    /// The answers to what policies ask of the world.
    fn source(&self) -> &(dyn ContextSource + Sync);

    /// A CustomResourceDefinition for each kind that it serves, Kubernetes' own among them.
    fn definitions(&self) -> Vec<Value>;

    /// Hands over the objects of every kind that is wanted, page by page; a kind is asked about with
    /// its resource, such as `pods`. Gives what cannot be listed.
    fn objects(
        &self,
        is_wanted: &dyn Fn(&GroupVersionKind, &str) -> bool,
        take: &mut dyn FnMut(LivePage),
    ) -> Vec<Diagnostic>;
}

/// Some objects of a kind. Pages of several kinds come mixed.
#[derive(Clone, Debug)]
pub struct LivePage {
    /// Where the page stands among all of them: first by kind, then by page.
    pub order: (usize, usize),
    /// How many objects more are known to be there than before.
    pub expected: usize,
    /// The objects.
    pub objects: Vec<Value>,
}

/// A cluster that several threads ask.
#[derive(Clone)]
pub struct LiveCluster(Arc<dyn Cluster>);

impl LiveCluster {
    /// A cluster to ask.
    #[must_use]
    pub fn new(cluster: impl Cluster + 'static) -> LiveCluster {
        LiveCluster(Arc::new(cluster))
    }

    /// The answers to what policies ask of the world.
    #[must_use]
    pub fn source(&self) -> &(dyn ContextSource + Sync) {
        self.0.source()
    }

    /// The kinds that the cluster serves.
    pub(crate) fn kinds(&self) -> Vec<GroupVersionKind> {
        let definitions = self.0.definitions();
        definitions.iter().map(kind).collect()
    }

    /// Adds the kinds that the cluster serves and the catalogue does not have.
    pub(crate) fn add_kinds(&self, catalogue: &mut Catalogue) {
        for definition in self.0.definitions() {
            let kind = kind(&definition);
            let api_version = match kind.group.as_str() {
                "" => kind.version.clone(),
                group => format!("{group}/{}", kind.version),
            };
            if catalogue.find(&api_version, &kind.kind).is_none() {
                // Of what a server serves, none is refused.
                catalogue.add_custom_resource(&definition).ok();
            }
        }
    }

    pub(crate) fn objects(
        &self,
        is_wanted: &dyn Fn(&GroupVersionKind, &str) -> bool,
        take: &mut dyn FnMut(LivePage),
    ) -> Vec<Diagnostic> {
        self.0.objects(is_wanted, take)
    }
}

/// Registries that several threads ask.
#[derive(Clone)]
pub struct LiveRegistries(Arc<dyn ContextSource + Send + Sync>);

impl LiveRegistries {
    /// Registries to ask.
    #[must_use]
    pub fn new(registries: impl ContextSource + Send + Sync + 'static) -> LiveRegistries {
        LiveRegistries(Arc::new(registries))
    }

    /// The answers to what policies ask of images.
    #[must_use]
    pub fn source(&self) -> &(dyn ContextSource + Sync) {
        &*self.0
    }
}

/// The kind of a definition.
fn kind(definition: &Value) -> GroupVersionKind {
    let text = |pointer| objects::text(definition, pointer).to_owned();
    GroupVersionKind {
        group: text("/spec/group"),
        version: text("/spec/versions/0/name"),
        kind: text("/spec/names/kind"),
    }
}

impl fmt::Debug for LiveCluster {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("LiveCluster")
    }
}

impl fmt::Debug for LiveRegistries {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("LiveRegistries")
    }
}
