//! What each object that is synced says of where it comes from.

pub use portcullis_api::origin::{COMMIT, LINE, PATH, SOURCE, SYNCED_BY};
use serde_json::{Map, Value};

/// An annotation of an object.
#[must_use]
pub fn get<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object
        .get("metadata")?
        .get("annotations")?
        .get(name)?
        .as_str()
}

/// Writes an annotation of an object; what is no object stays as it is.
pub fn set(object: &mut Value, name: &str, value: &str) {
    let map = |value: &mut Value| {
        if !value.is_object() {
            *value = Value::Object(Map::new());
        }
    };
    let Some(top) = object.as_object_mut() else {
        return;
    };
    let metadata = top.entry("metadata").or_insert(Value::Null);
    map(metadata);
    let Some(metadata) = metadata.as_object_mut() else {
        return;
    };
    let annotations = metadata.entry("annotations").or_insert(Value::Null);
    map(annotations);
    if let Some(annotations) = annotations.as_object_mut() {
        annotations.insert(name.to_owned(), Value::from(value));
    }
}
