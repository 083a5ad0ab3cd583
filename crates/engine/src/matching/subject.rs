//! What matching reads of a request: the object's own kind, name, namespace, labels and
//! annotations, looked up once.
//!
//! The object is the new one, or the old one where there is no new one. A name that the server is
//! to generate counts by its `generateName`. Labels or annotations count as absent when one of
//! their values is not text, as Kubernetes' clients read them.

use serde_json::{Map, Value};

use super::selector::Labels;
use crate::request::Request;

/// A request as matchers see it.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The whole request.
    pub request: &'a Request<'a>,
    /// `kind` as the object itself says; empty when it does not.
    pub kind: &'a str,
    /// `metadata.name`, or `metadata.generateName` when that is empty.
    pub name: &'a str,
    /// `metadata.namespace`; empty for a cluster-scoped object.
    pub namespace: &'a str,
    /// `metadata.labels`.
    pub labels: StringMap<'a>,
    /// `metadata.annotations`.
    pub annotations: StringMap<'a>,
}

/// Labels or annotations of an object.
#[derive(Clone, Copy, Debug, Default)]
pub struct StringMap<'a>(Option<&'a Map<String, Value>>);

impl<'a> Subject<'a> {
    /// The view of a request; none when it has no object.
    #[must_use]
    pub fn of(request: &'a Request<'a>) -> Option<Subject<'a>> {
        let object = request.subject()?;
        let metadata = object.get("metadata");
        let text = |key: &str| {
            let value = metadata.and_then(|metadata| metadata.get(key));
            value.and_then(Value::as_str).unwrap_or_default()
        };
        let map = |key: &str| StringMap::of(metadata.and_then(|metadata| metadata.get(key)));
        let name = match text("name") {
            "" => text("generateName"),
            name => name,
        };
        Some(Subject {
            request,
            kind: object
                .get("kind")
                .and_then(Value::as_str)
                .unwrap_or_default(),
            name,
            namespace: text("namespace"),
            labels: map("labels"),
            annotations: map("annotations"),
        })
    }

    /// What a list of namespaces is compared with: the namespace, and for a Namespace object its
    /// own name.
    #[must_use]
    pub fn namespace_or_own_name(&self) -> &'a str {
        match self.kind {
            "Namespace" => self.name,
            _ => self.namespace,
        }
    }
}

impl<'a> StringMap<'a> {
    fn of(value: Option<&'a Value>) -> StringMap<'a> {
        let map = value.and_then(Value::as_object);
        StringMap(map.filter(|map| map.values().all(Value::is_string)))
    }
}

impl Labels for StringMap<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0?.get(key)?.as_str()
    }

    fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.0.into_iter().flatten();
        pairs.filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)))
    }
}
