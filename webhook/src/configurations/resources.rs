//! What discovery says: the resources of the cluster.

use std::collections::BTreeMap;

use portcullis_engine::request::GroupVersionKind;

/// One resource that the API server serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Group, version and kind.
    pub kind: GroupVersionKind,
    /// The resource, such as `pods`.
    pub plural: String,
    /// Whether objects live in a namespace.
    pub namespaced: bool,
    /// Subresources, such as `status`.
    pub subresources: Vec<String>,
}

/// The resources of the cluster, by group, version and plural.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resources {
    all: BTreeMap<(String, String, String), Resource>,
}

impl Resources {
    /// The resources of a list, in any order; of two of the same name the last one counts.
    #[must_use]
    pub fn new(resources: impl IntoIterator<Item = Resource>) -> Resources {
        let keyed = resources.into_iter().map(|mut resource| {
            resource.subresources.sort_unstable();
            resource.subresources.dedup();
            let kind = &resource.kind;
            let key = (
                kind.group.clone(),
                kind.version.clone(),
                resource.plural.clone(),
            );
            (key, resource)
        });
        Resources {
            all: keyed.collect(),
        }
    }

    /// Every resource, sorted.
    pub fn iter(&self) -> impl Iterator<Item = &Resource> {
        self.all.values()
    }
}
