//! Requests about objects: created, updated in place, or deleted.

use std::collections::BTreeMap;

use portcullis_api::values_file::{ApiResource, SubresourceMapping};
use portcullis_engine::request::{
    GroupVersionKind, GroupVersionResource, NumberModel, Operation, Payload, Request, RequestUser,
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
    /// Namespaces of which more than the labels is known, by name.
    pub namespace_objects: BTreeMap<String, Value>,
    /// Kinds that are subresources of others.
    pub subresources: Vec<SubresourceMapping>,
    /// How integers are seen.
    pub numbers: NumberModel,
}

impl Surroundings {
    /// Adds the Namespaces among objects of which nothing is known yet.
    pub fn add_namespaces<'o>(&mut self, objects: impl IntoIterator<Item = &'o Value>) {
        let namespaces = objects.into_iter().filter(|object| {
            text(object, "/kind") == "Namespace" && text(object, "/apiVersion") == "v1"
        });
        for namespace in namespaces {
            let name = text(namespace, "/metadata/name").to_owned();
            if self.namespaces.contains_key(&name) {
                continue;
            }
            self.namespaces.insert(name.clone(), labels(namespace));
            self.namespace_objects.insert(name, namespace.clone());
        }
    }

    /// The subresource that an object of a kind stands for.
    fn subresource(&self, kind: &GroupVersionKind) -> Option<&SubresourceMapping> {
        let mut known = self.subresources.iter();
        known.find(|known| gvk(&known.subresource) == *kind)
    }
}

/// The labels of an object.
pub(super) fn labels(object: &Value) -> BTreeMap<String, String> {
    let labels = object.pointer("/metadata/labels");
    let labels = labels.and_then(Value::as_object).into_iter().flatten();
    labels
        .map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()))
        .collect()
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
        names: None,
        name: text(object, "/metadata/name"),
        namespace,
        object: (!is_delete).then_some(object),
        old_object: (operation != Operation::Create).then_some(object),
        user: surroundings.user.as_ref(),
        namespace_labels: surroundings.namespaces.get(named),
        namespace_object: surroundings.namespace_objects.get(namespace),
        payload: Payload::Resource,
        dry_run: false,
        options: None,
        numbers: surroundings.numbers,
    }
}
