//! `request` and `namespaceObject` as expressions see them.

use serde_json::{Map, Value, json};

use crate::request::{GroupVersionKind, GroupVersionResource, Request};

/// The AdmissionRequest without its objects, which are borrowed.
pub(super) fn admission_request(request: &Request<'_>) -> Map<String, Value> {
    let mut user = Map::new();
    if let Some(known) = request.user {
        user.insert("username".to_owned(), json!(known.username));
        user.insert("uid".to_owned(), json!(known.uid));
        user.insert("groups".to_owned(), json!(known.groups));
        user.insert("extra".to_owned(), json!(known.extra));
        user.retain(|_, value| {
            let is_empty = value.as_str() == Some("")
                || value.as_array().is_some_and(Vec::is_empty)
                || value.as_object().is_some_and(Map::is_empty);
            !is_empty
        });
    }
    let fields = [
        ("uid", json!(request.uid)),
        ("kind", kind_of(request.sent_kind())),
        ("resource", resource_of(&request.resource)),
        ("subResource", json!(request.subresource)),
        ("requestKind", kind_of(request.request_kind())),
        ("requestResource", resource_of(request.request_resource())),
        ("requestSubResource", json!(request.request_subresource())),
        ("name", json!(request.name)),
        ("namespace", json!(request.namespace)),
        ("operation", json!(request.operation.as_str())),
        ("userInfo", Value::Object(user)),
        ("dryRun", json!(request.dry_run)),
        ("options", request.options.cloned().unwrap_or_default()),
    ];
    // As the API server writes a request: these are left out where they are empty.
    const OPTIONAL: [&str; 4] = ["subResource", "requestSubResource", "name", "namespace"];
    fields
        .into_iter()
        .filter(|(name, value)| !OPTIONAL.contains(name) || value.as_str() != Some(""))
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn kind_of(kind: &GroupVersionKind) -> Value {
    json!({"group": kind.group, "version": kind.version, "kind": kind.kind})
}

fn resource_of(of: &GroupVersionResource) -> Value {
    json!({"group": of.group, "version": of.version, "resource": of.resource})
}

/// The namespace of a request's object where only its name and perhaps its labels are known.
pub(super) fn named_namespace(request: &Request<'_>) -> Value {
    let mut metadata = Map::new();
    metadata.insert("name".to_owned(), json!(request.namespace));
    if let Some(labels) = request.namespace_labels {
        metadata.insert("labels".to_owned(), json!(labels));
    }
    json!({"metadata": metadata})
}
