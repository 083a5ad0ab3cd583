//! Requests about objects: created, updated in place, or deleted.

use std::collections::BTreeMap;

use portcullis_engine::request::{
    GroupVersionKind, GroupVersionResource, NumberModel, Operation, Request, RequestUser,
};
use portcullis_schema::Catalogue;
use serde_json::Value;

use super::objects::text;

/// Who asks, and what is known about namespaces.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// Who asks; none where nobody does.
    pub user: Option<RequestUser>,
    /// Labels of namespaces.
    pub namespaces: BTreeMap<String, BTreeMap<String, String>>,
    /// How integers are seen.
    pub numbers: NumberModel,
}

/// A request about an object.
#[must_use]
pub fn request<'r>(
    object: &'r Value,
    operation: Operation,
    catalogue: &Catalogue,
    surroundings: &'r Surroundings,
) -> Request<'r> {
    let api_version = text(object, "/apiVersion");
    let kind = text(object, "/kind");
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let resource = catalogue
        .find(api_version, kind)
        .map(|kind| kind.resource.clone());
    let namespace = text(object, "/metadata/namespace");
    let named = if kind == "Namespace" {
        text(object, "/metadata/name")
    } else {
        namespace
    };
    let is_delete = operation == Operation::Delete;
    Request {
        uid: "",
        operation,
        kind: GroupVersionKind {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: kind.to_owned(),
        },
        resource: GroupVersionResource {
            group: group.to_owned(),
            version: version.to_owned(),
            resource: resource.unwrap_or_else(|| format!("{}s", kind.to_lowercase())),
        },
        subresource: "",
        name: text(object, "/metadata/name"),
        namespace,
        object: (!is_delete).then_some(object),
        old_object: (operation != Operation::Create).then_some(object),
        user: surroundings.user.as_ref(),
        namespace_labels: surroundings.namespaces.get(named),
        dry_run: false,
        options: None,
        numbers: surroundings.numbers,
    }
}
