//! `clone` and `cloneList`: copies of objects that exist.

use portcullis_api::cluster_policy as api;
use serde_json::{Map, Value};

use super::error::GenerateError;
use crate::context::source::{ContextSource, Lookup};
use crate::generate::{ObjectRef, SERVER_SET};
use crate::matching::Selector;

/// A copy, before it has its name.
pub(super) struct Copy {
    /// What was copied, without what does not go along.
    pub(super) object: Map<String, Value>,
    /// What was copied.
    pub(super) source: Value,
    /// What the copy becomes.
    pub(super) target: ObjectRef,
}

/// A copy of one object; none where the object would be copied onto itself.
pub(super) fn one(
    clone: &api::CloneSource,
    target: ObjectRef,
    source: &dyn ContextSource,
) -> Result<Vec<Copy>, GenerateError> {
    let of = ObjectRef {
        namespace: clone.namespace.clone().unwrap_or_default(),
        name: clone.name.clone().unwrap_or_default(),
        ..target.clone()
    };
    if of == target {
        return Ok(Vec::new());
    }
    let found = answered(source.object(&of), &of)?;
    Ok(vec![copy(found, target)])
}

/// A copy of every object that the list selects; none where the copies would be the objects
/// themselves.
pub(super) fn list(
    list: &api::CloneList,
    namespace: &str,
    source: &dyn ContextSource,
) -> Result<Vec<Copy>, GenerateError> {
    let from = list.namespace.as_deref().unwrap_or_default();
    if from == namespace {
        return Ok(Vec::new());
    }
    let selector = list.selector.as_ref().map(Selector::of).transpose();
    let selector = selector.map_err(|error| GenerateError::new("selector".to_owned(), &error))?;
    let mut copies = Vec::new();
    for kind in &list.kinds {
        let (api_version, kind) = kind.rsplit_once('/').unwrap_or(("v1", kind));
        let of = format_args!("{api_version} {kind} in namespace `{from}`").to_string();
        let found = answered(source.objects(api_version, kind, from), &of)?;
        let items = match found {
            Value::Array(items) => items,
            other => vec![other],
        };
        for item in items {
            if selector
                .as_ref()
                .is_some_and(|selector| !selector.matches_object(&item))
            {
                continue;
            }
            let target = ObjectRef {
                namespace: namespace.to_owned(),
                ..ObjectRef::of(&item)
            };
            copies.push(copy(item, target));
        }
    }
    Ok(copies)
}

fn copy(source: Value, target: ObjectRef) -> Copy {
    let mut object = source.as_object().cloned().unwrap_or_default();
    let from = ObjectRef::of(&source).namespace;
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.retain(|field, _| !SERVER_SET.contains(&field.as_str()));
        if from != target.namespace {
            metadata.remove("ownerReferences");
        }
    }
    Copy {
        object,
        source,
        target,
    }
}

fn answered(lookup: Lookup, of: &dyn std::fmt::Display) -> Result<Value, GenerateError> {
    let reason = match lookup {
        Lookup::Found(value) => return Ok(value),
        Lookup::NotFound => {
            format!("the source {of} does not exist; create it, or correct the name")
        }
        Lookup::Unavailable => format!(
            "the source {of} cannot be looked up; give it with the resources, or as `cloneSourceResource` of a test"
        ),
        Lookup::Failed(reason) => format!("the source {of} cannot be read: {reason}"),
    };
    Err(GenerateError::new(String::new(), &reason))
}
