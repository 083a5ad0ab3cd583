//! Whether a patch fits an object, so that merging it cannot fail and need not keep a copy.

use serde_json::{Map, Value};

use super::MAX_DEPTH;
use super::list::{self, DIRECTIVE};
use super::schema::Shape;

/// Whether merging a patch into a value is certain not to fail. It says no as well where finding out
/// would cost as much as the merge.
pub(super) fn fits(value: Option<&Value>, patch: &Value, shape: Shape, depth: usize) -> bool {
    if depth >= MAX_DEPTH {
        return false;
    }
    let value = value.filter(|value| !value.is_null());
    match (value, patch) {
        (_, Value::Null) => true,
        (None, Value::Object(patch)) => map_fits(None, patch, shape, depth),
        (Some(Value::Object(value)), Value::Object(patch)) => {
            map_fits(Some(value), patch, shape, depth)
        }
        (None, Value::Array(items)) => list_fits(&[], items, shape, depth),
        (Some(Value::Array(value)), Value::Array(items)) => list_fits(value, items, shape, depth),
        (Some(Value::Object(_) | Value::Array(_)), _) => false,
        (Some(_), Value::Object(_) | Value::Array(_)) => false,
        _ => true,
    }
}

fn map_fits(
    value: Option<&Map<String, Value>>,
    patch: &Map<String, Value>,
    shape: Shape,
    depth: usize,
) -> bool {
    patch.iter().all(|(key, change)| {
        let value = value.and_then(|value| value.get(key));
        key != DIRECTIVE && fits(value, change, shape.field(key), depth + 1)
    })
}

fn list_fits(value: &[Value], patch: &[Value], shape: Shape, depth: usize) -> bool {
    let Shape::Keyed(keyed) = shape else {
        return true;
    };
    let changes = list::changes(value, patch, keyed);
    changes.is_some_and(|changes| {
        changes.into_iter().all(|change| {
            let before = change.at.and_then(|at| value.get(at));
            change.more.is_empty() && fits(before, change.first, keyed.element, depth + 1)
        })
    })
}
