//! Manifests as objects: lists taken apart, and the namespace `default` where none is written.

use portcullis_schema::Catalogue;
use portcullis_yaml::{Limits, Mode};
use serde_json::{Value, json};

use super::places;
use crate::diagnostic::{Diagnostic, Place, SourceFile};

/// Reads every object of a file.
///
/// # Errors
/// Each document that cannot be read, with its place.
pub fn read(file: &SourceFile, catalogue: &Catalogue) -> (Vec<Value>, Vec<Diagnostic>) {
    let mut objects = Vec::new();
    let mut errors = Vec::new();
    for document in portcullis_yaml::documents(&file.text) {
        match document.read(Mode::Lenient, &Limits::default()) {
            Ok(value) => match not_manifest(&value, document.offset, || file.clone()) {
                Some(fault) => errors.push(fault),
                None => add(value, catalogue, &mut objects),
            },
            Err(error) => errors.push(places::not_yaml(file, &error)),
        }
    }
    (objects, errors)
}

/// What is wrong with a document that is neither a manifest nor empty.
#[must_use]
pub fn not_manifest(
    value: &Value,
    offset: usize,
    file: impl FnOnce() -> SourceFile,
) -> Option<Diagnostic> {
    let is_manifest = value.is_null() || !text(value, "/kind").is_empty();
    (!is_manifest).then(|| {
        let place = Place {
            file: file(),
            span: offset..offset,
        };
        Diagnostic::error("the document is not a manifest")
            .at(place, "expected a map with `apiVersion` and `kind`")
            .unusable()
    })
}

/// Adds an object, or each item of a list.
pub fn add(mut value: Value, catalogue: &Catalogue, objects: &mut Vec<Value>) {
    if is_list(&value) {
        let items = value.get_mut("items").and_then(Value::as_array_mut);
        for mut item in items.map(std::mem::take).unwrap_or_default() {
            name_item(&mut item, &value);
            add(item, catalogue, objects);
        }
    } else if value.is_object() {
        place(&mut value, catalogue);
        objects.push(value);
    }
}

/// Whether a document stands for the items in it.
#[must_use]
pub fn is_list(value: &Value) -> bool {
    text(value, "/kind").ends_with("List") && value.get("items").is_some_and(Value::is_array)
}

/// Says what an item of a list such as `PodList` is, which the API server leaves out of its answers,
/// and `kubectl` knows.
pub fn name_item(item: &mut Value, list: &Value) {
    let kind = text(list, "/kind").strip_suffix("List").unwrap_or_default();
    let version = text(list, "/apiVersion");
    for (field, name) in [("kind", kind), ("apiVersion", version)] {
        let is_missing = !kind.is_empty() && item.get(field).is_none();
        if let Some(object) = item.as_object_mut().filter(|_| is_missing) {
            object.insert(field.to_owned(), json!(name));
        }
    }
}

/// Puts an object into the namespace `default`, unless it has one or its kind lives in none.
fn place(object: &mut Value, catalogue: &Catalogue) {
    if !text(object, "/metadata/namespace").is_empty() {
        return;
    }
    let (api_version, kind) = (text(object, "/apiVersion"), text(object, "/kind"));
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    // Versions that Kubernetes removed lived where those of today live.
    let of_group = || {
        let mut others = catalogue.find_kind(kind).iter();
        others.find(|other| other.group == group)
    };
    let kind = catalogue.find(api_version, kind).or_else(of_group);
    if kind.is_some_and(|kind| !kind.namespaced) {
        return;
    }
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("namespace".to_owned(), json!("default"));
    }
}

/// The text at a pointer, empty where there is none.
#[must_use]
pub fn text<'v>(object: &'v Value, pointer: &str) -> &'v str {
    let found = if pointer.contains('~') {
        object.pointer(pointer)
    } else {
        // Without escapes nothing needs to be allocated; every object is asked a few times.
        let mut keys = pointer.split('/').skip(1);
        keys.try_fold(object, |value, key| match value {
            Value::Array(items) => items.get(key.parse::<usize>().ok()?),
            value => value.get(key),
        })
    };
    found.and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_put_where_their_kind_lives() {
        let catalogue = portcullis_schema::builtin("1.37").unwrap_or_default();
        for (api_version, kind, expected) in [
            ("v1", "Pod", "default"),
            ("rbac.authorization.k8s.io/v1", "ClusterRole", ""),
            ("rbac.authorization.k8s.io/v1beta1", "ClusterRole", ""),
            ("policy/v1beta1", "PodDisruptionBudget", "default"),
            // Another group may have a kind of this name in namespaces.
            ("example.com/v1", "ClusterRole", "default"),
        ] {
            let mut object =
                json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "a"}});
            place(&mut object, &catalogue);
            let found = text(&object, "/metadata/namespace");
            assert_eq!(found, expected, "{api_version} {kind}");
        }
    }

    #[test]
    fn texts() {
        let object = json!({"a": {"0": "key"}, "list": [{"name": "first"}, "second"], "x/y": "z"});
        for (pointer, expected) in [
            ("/a/0", "key"),
            ("/list/0/name", "first"),
            ("/list/1", "second"),
            ("/list/2", ""),
            ("/list/name", ""),
            ("/x~1y", "z"),
            ("/a", ""),
        ] {
            assert_eq!(text(&object, pointer), expected, "{pointer}");
        }
    }
}
