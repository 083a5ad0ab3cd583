//! The nodes of an object: told, taken away and merged.

use serde_json::Value;

pub(super) fn merge(object: &mut Value, other: Value) {
    match (object, other) {
        (Value::Object(fields), Value::Object(others)) => {
            for (key, value) in others {
                merge(fields.entry(key).or_insert(Value::Null), value);
            }
        }
        (object, other) => *object = other,
    }
}

/// The pointers of every node below the root.
pub(super) fn collect(value: &Value, path: &mut String, pointers: &mut Vec<String>) {
    let length = path.len();
    let mut below = |key: &str, value: &Value, path: &mut String| {
        path.push('/');
        path.push_str(&key.replace('~', "~0").replace('/', "~1"));
        pointers.push(path.clone());
        collect(value, path, pointers);
        path.truncate(length);
    };
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                below(key, value, path);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                below(&index.to_string(), value, path);
            }
        }
        _ => {}
    }
}

/// Takes a node away; kind and version stay, or it would be nobody's object.
pub(super) fn remove(object: &mut Value, pointer: &str) {
    let Some((above, key)) = pointer.rsplit_once('/') else {
        return;
    };
    if matches!(pointer, "/kind" | "/apiVersion" | "/metadata") {
        return;
    }
    match object.pointer_mut(above) {
        Some(Value::Object(fields)) => {
            fields.remove(&key.replace("~1", "/").replace("~0", "~"));
        }
        Some(Value::Array(items)) => {
            if let Some(index) = key.parse().ok().filter(|index| *index < items.len()) {
                items.remove(index);
            }
        }
        _ => {}
    }
}
