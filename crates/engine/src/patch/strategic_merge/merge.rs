//! Merges a patch without anchors into a value.

use serde_json::{Map, Value};

use super::list::{self, DIRECTIVE};
use super::path::Path;
use super::schema::Shape;
use crate::patch::error::PatchError;
use crate::patch::pointer::{self, MAX_SHOWN};

/// What a map of a patch asks for.
enum Directive {
    Merge,
    Replace,
    Delete,
}

/// The value with a patch merged into it; none when the patch takes it away. Whether a value comes or
/// goes is noted where it stands.
pub(super) fn merge<'p>(
    value: Option<Value>,
    patch: &'p Value,
    shape: Shape,
    path: &mut Path<'p>,
) -> Result<Option<Value>, PatchError> {
    let value = value.filter(is_something);
    match (value, patch) {
        (_, Value::Null) => Ok(None),
        (None | Some(Value::Object(_)), Value::Object(patch))
            if matches!(directive(patch, path)?, Directive::Delete) =>
        {
            Ok(None)
        }
        (Some(Value::Object(value)), Value::Object(patch)) => {
            let merged = match directive(patch, path)? {
                Directive::Replace => path.compared(
                    |path| maps(Map::new(), patch, shape, path),
                    |merged| merged.as_ref() != Ok(&value),
                ),
                _ => maps(value, patch, shape, path),
            };
            Ok(Some(Value::Object(merged?)))
        }
        (None, Value::Object(patch)) => {
            Ok(Some(Value::Object(maps(Map::new(), patch, shape, path)?)))
        }
        (None, Value::Array(items)) => list::lists(Vec::new(), items, shape, path, merge),
        (Some(Value::Array(value)), Value::Array(items)) => {
            list::lists(value, items, shape, path, merge)
        }
        (Some(value), patch) if is_container(&value) || is_container(patch) => {
            Err(PatchError::Shape {
                path: path.text(),
                expected: pointer::type_name(&value),
                found: shown(patch),
            })
        }
        // Text stays text.
        (Some(Value::String(before)), Value::Number(_) | Value::Bool(_)) => {
            let after = patch.to_string();
            path.note(before != after);
            Ok(Some(Value::from(after)))
        }
        (before, patch) => {
            path.note(before.as_ref() != Some(patch));
            Ok(Some(patch.clone()))
        }
    }
}

fn is_something(value: &Value) -> bool {
    !value.is_null()
}

/// A value by its type, and itself where it is a scalar; the start of a long one.
fn shown(value: &Value) -> String {
    let name = pointer::type_name(value);
    if is_container(value) {
        return name.to_owned();
    }
    let text: String = value.to_string().chars().take(MAX_SHOWN).collect();
    format!("{name} `{text}`")
}

fn is_container(value: &Value) -> bool {
    value.is_object() || value.is_array()
}

fn maps<'p>(
    mut value: Map<String, Value>,
    patch: &'p Map<String, Value>,
    shape: Shape,
    path: &mut Path<'p>,
) -> Result<Map<String, Value>, PatchError> {
    for (key, change) in patch.iter().filter(|(key, _)| *key != DIRECTIVE) {
        let place = value.get_mut(key);
        let before = place.map(Value::take);
        let (was_there, had_value) = (before.is_some(), before.as_ref().is_some_and(is_something));
        let after = path.at(key, |path| merge(before, change, shape.field(key), path))?;
        path.note(match &after {
            Some(_) => !had_value,
            None => was_there,
        });
        match (after, value.get_mut(key)) {
            (Some(after), Some(place)) => *place = after,
            (Some(after), None) => drop(value.insert(key.clone(), after)),
            (None, _) => drop(value.remove(key)),
        }
    }
    Ok(value)
}

fn directive(patch: &Map<String, Value>, path: &Path<'_>) -> Result<Directive, PatchError> {
    let Some(written) = patch.get(DIRECTIVE) else {
        return Ok(Directive::Merge);
    };
    match written.as_str() {
        Some("merge") => Ok(Directive::Merge),
        Some("replace") => Ok(Directive::Replace),
        Some("delete") => Ok(Directive::Delete),
        _ => Err(PatchError::Directive {
            path: path.text(),
            directive: match written {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            },
        }),
    }
}
