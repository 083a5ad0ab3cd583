//! The difference of two objects as a JSON patch (RFC 6902).
//!
//! Lists are compared by position: elements that are too many are removed from the end, and
//! elements that are missing are added to it. Operations stand in the order of the keys, so that
//! the same two objects always give the same patch.

use portcullis_values::json_pointer;
use serde_json::Value;

use super::json_patch::Operation;

/// The operations that make `after` of `before`.
///
/// ```
/// use portcullis_engine::patch::diff;
/// let patch = diff(&serde_json::json!({"a": 1, "b": [1]}), &serde_json::json!({"b": [1, 2]}));
/// assert_eq!(
///     serde_json::to_value(&patch).unwrap(),
///     serde_json::json!([
///         {"op": "remove", "path": "/a"},
///         {"op": "add", "path": "/b/1", "value": 2},
///     ])
/// );
/// ```
#[must_use]
pub fn diff(before: &Value, after: &Value) -> Vec<Operation> {
    let mut operations = Vec::new();
    compare(before, after, &mut String::new(), &mut operations);
    operations
}

fn compare(before: &Value, after: &Value, path: &mut String, operations: &mut Vec<Operation>) {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            for (key, old) in before {
                at(path, &json_pointer::escape(key), |path| {
                    match after.get(key) {
                        Some(new) => compare(old, new, path, operations),
                        None => operations.push(Operation::Remove { path: path.clone() }),
                    }
                });
            }
            for (key, new) in after.iter().filter(|(key, _)| !before.contains_key(*key)) {
                at(path, &json_pointer::escape(key), |path| {
                    operations.push(Operation::add(path.clone(), new.clone()));
                });
            }
        }
        (Value::Array(before), Value::Array(after)) => {
            for index in (after.len()..before.len()).rev() {
                at(path, &index.to_string(), |path| {
                    operations.push(Operation::Remove { path: path.clone() });
                });
            }
            for (index, new) in after.iter().enumerate() {
                at(path, &index.to_string(), |path| match before.get(index) {
                    Some(old) => compare(old, new, path, operations),
                    None => operations.push(Operation::add(path.clone(), new.clone())),
                });
            }
        }
        _ if before == after => {}
        _ => operations.push(Operation::Replace {
            path: path.clone(),
            value: after.clone(),
        }),
    }
}

fn at(path: &mut String, step: &str, run: impl FnOnce(&mut String)) {
    let length = path.len();
    path.push('/');
    path.push_str(step);
    run(path);
    path.truncate(length);
}
