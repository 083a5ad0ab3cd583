//! `request` and `namespaceObject` as expressions see them.

use serde_json::{Map, Value, json};

use crate::request::Request;

/// The AdmissionRequest without its objects, which are borrowed.
pub(super) fn admission_request(request: &Request<'_>) -> Map<String, Value> {
    let kind = json!({
        "group": request.kind.group,
        "version": request.kind.version,
        "kind": request.kind.kind,
    });
    let resource = json!({
        "group": request.resource.group,
        "version": request.resource.version,
        "resource": request.resource.resource,
    });
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
        ("kind", kind.clone()),
        ("resource", resource.clone()),
        ("subResource", json!(request.subresource)),
        ("requestKind", kind),
        ("requestResource", resource),
        ("requestSubResource", json!(request.subresource)),
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

/// The namespace of a request's object where only its name and perhaps its labels are known.
pub(super) fn named_namespace(request: &Request<'_>) -> Value {
    let mut metadata = Map::new();
    metadata.insert("name".to_owned(), json!(request.namespace));
    if let Some(labels) = request.namespace_labels {
        metadata.insert("labels".to_owned(), json!(labels));
    }
    json!({"metadata": metadata})
}
