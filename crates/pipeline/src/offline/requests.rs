//! Requests about objects: created, updated in place, or deleted.

use std::collections::BTreeMap;

use portcullis_api::values_file::{ApiResource, SubresourceMapping};
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
    /// Kinds that are subresources of others.
    pub subresources: Vec<SubresourceMapping>,
    /// How integers are seen.
    pub numbers: NumberModel,
}

impl Surroundings {
    /// The subresource that an object of a kind stands for.
    fn subresource(&self, kind: &GroupVersionKind) -> Option<&SubresourceMapping> {
        let mut known = self.subresources.iter();
        known.find(|known| gvk(&known.subresource) == *kind)
    }
}

fn gvk(resource: &ApiResource) -> GroupVersionKind {
    GroupVersionKind {
        group: resource.group.clone().unwrap_or_default(),
        version: resource.version.clone().unwrap_or_default(),
        kind: resource.kind.clone().unwrap_or_default(),
    }
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
    let own = GroupVersionKind {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: kind.to_owned(),
    };
    let subresource = surroundings.subresource(&own);
    let (kind_of_request, resource) = match subresource {
        Some(known) => (
            gvk(&known.parent_resource),
            known.parent_resource.name.clone(),
        ),
        None => {
            let found = catalogue.find(api_version, kind);
            (own, found.map(|kind| kind.resource.clone()))
        }
    };
    let subresource = subresource.and_then(|known| known.subresource.name.as_deref());
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
        resource: GroupVersionResource {
            group: kind_of_request.group.clone(),
            version: kind_of_request.version.clone(),
            resource: resource.unwrap_or_else(|| format!("{}s", kind.to_lowercase())),
        },
        kind: kind_of_request,
        subresource: subresource
            .and_then(|name| Some(name.split_once('/')?.1))
            .unwrap_or_default(),
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
