//! The kinds of one Kubernetes version, and the structure of each.

use std::{collections::BTreeMap, sync::Arc};

use crate::structure::{Object, Schema, SchemaId, Shape};

/// The name of the schema of the metadata that objects of every kind have.
pub(crate) const METADATA: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/// One kind that the API server serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    /// API group; empty for the core group.
    pub group: String,
    /// API version.
    pub version: String,
    /// Kind, such as `Pod`.
    pub kind: String,
    /// Resource, such as `pods`.
    pub resource: String,
    /// Whether objects live in a namespace.
    pub namespaced: bool,
    /// Subresources, such as `status`, sorted.
    pub subresources: Vec<String>,
    /// The structure of an object.
    pub schema: SchemaId,
}

/// The kinds of one Kubernetes version and of the custom resources added to it. A copy shares them
/// until something is added to it.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    pub(crate) version: String,
    pub(crate) kinds: Arc<BTreeMap<String, Vec<Kind>>>,
    pub(crate) schemas: Arc<Vec<Schema>>,
    pub(crate) names: Arc<BTreeMap<String, SchemaId>>,
}

impl Catalogue {
    /// An empty catalogue of a Kubernetes version such as `1.37`.
    #[must_use]
    pub fn new(version: &str) -> Self {
        Catalogue {
            version: version.to_owned(),
            ..Catalogue::default()
        }
    }

    /// The Kubernetes version, such as `1.37`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Every kind, by name.
    pub fn kinds(&self) -> impl Iterator<Item = &Kind> {
        self.kinds.values().flatten()
    }

    /// The kind with this `apiVersion` and `kind`.
    #[must_use]
    pub fn find(&self, api_version: &str, kind: &str) -> Option<&Kind> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        self.kinds
            .get(kind)?
            .iter()
            .find(|entry| entry.group == group && entry.version == version)
    }

    /// Every group and version of a kind.
    #[must_use]
    pub fn find_kind(&self, kind: &str) -> &[Kind] {
        self.kinds.get(kind).map_or(&[], Vec::as_slice)
    }

    /// The kind that is served as this resource.
    #[must_use]
    pub fn find_resource(&self, group: &str, version: &str, resource: &str) -> Option<&Kind> {
        self.kinds().find(|entry| {
            entry.resource == resource && entry.group == group && entry.version == version
        })
    }

    /// The schema with this id.
    #[must_use]
    pub fn schema(&self, id: SchemaId) -> Option<&Schema> {
        self.schemas.get(id.0 as usize)
    }

    /// The schema of a name, such as `io.k8s.api.core.v1.Container`.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<SchemaId> {
        self.names.get(name).copied()
    }

    /// The name of a schema that has one, such as `io.k8s.api.core.v1.Container`. It is looked for.
    #[must_use]
    pub fn name_of(&self, id: SchemaId) -> Option<&str> {
        let found = self.names.iter().find(|(_, known)| **known == id);
        found.map(|(name, _)| name.as_str())
    }

    /// The object structure with this id, if it is one.
    #[must_use]
    pub fn object(&self, id: SchemaId) -> Option<&Object> {
        match &self.schema(id)?.shape {
            Shape::Object(object) => Some(object),
            _ => None,
        }
    }

    pub(crate) fn add_kind(&mut self, kind: Kind) {
        let entries = Arc::make_mut(&mut self.kinds)
            .entry(kind.kind.clone())
            .or_default();
        entries.retain(|entry| entry.group != kind.group || entry.version != kind.version);
        entries.push(kind);
    }

    pub(crate) fn add_schema(&mut self, schema: Schema) -> SchemaId {
        // A catalogue has some thousand schemas; the id saturates rather than wraps.
        let id = SchemaId(u32::try_from(self.schemas.len()).unwrap_or(u32::MAX));
        Arc::make_mut(&mut self.schemas).push(schema);
        id
    }

    pub(crate) fn set_schema(&mut self, id: SchemaId, schema: Schema) {
        if let Some(slot) = Arc::make_mut(&mut self.schemas).get_mut(id.0 as usize) {
            *slot = schema;
        }
    }
}
