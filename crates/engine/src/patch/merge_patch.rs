//! JSON merge patches (RFC 7386): a map is merged key by key, null removes a key, and everything
//! else replaces what was there.

use serde_json::Value;

/// The object with a merge patch applied.
#[must_use]
pub fn apply(object: Value, patch: &Value) -> Value {
    let Value::Object(changes) = patch else {
        return patch.clone();
    };
    let mut object = match object {
        Value::Object(object) => object,
        _ => serde_json::Map::new(),
    };
    for (key, change) in changes {
        if change.is_null() {
            object.remove(key);
        } else {
            let before = object.remove(key).unwrap_or_default();
            object.insert(key.clone(), apply(before, change));
        }
    }
    Value::Object(object)
}
