//! Merges lists.
//!
//! Elements of a list with merge keys are the same where the keys that both have are equal. The
//! result starts with the elements of the patch, in the order of the patch; where a list has two
//! merge keys, elements that were there keep their places after those that are new. Elements of the
//! patch that are the same are merged one after the other.

mod distinct;
mod identities;
mod indexed;
mod overlapping;
#[cfg(test)]
mod reference;

pub(super) use distinct::changes;

use std::borrow::Cow;
use std::collections::HashSet;

use serde_json::{Map, Value};

use super::path::Path;
use super::schema::{Keyed, Shape};
use crate::patch::error::PatchError;

/// The word under which a patch says what to do with a map or a list.
pub(super) const DIRECTIVE: &str = "$patch";

/// How one element is merged with its patch.
pub(super) type Merge =
    for<'p> fn(Option<Value>, &'p Value, Shape, &mut Path<'p>) -> Result<Option<Value>, PatchError>;

/// The list with the list of a patch merged into it; none when the patch takes it away.
pub(super) fn lists<'p>(
    value: Vec<Value>,
    patch: &'p [Value],
    shape: Shape,
    path: &mut Path<'p>,
    merge: Merge,
) -> Result<Option<Value>, PatchError> {
    let replaced: Vec<Value> = match shape {
        Shape::Keyed(keyed) => {
            let merged = keyed_lists(value, patch, keyed, path, merge)?;
            return Ok(Some(Value::Array(merged)));
        }
        _ if patch.iter().any(replaces_list) => {
            let rest = patch.iter().filter(|element| !replaces_list(element));
            rest.cloned().collect()
        }
        Shape::Set => {
            let mut seen = HashSet::new();
            let all = patch.iter().chain(&value);
            all.filter(|item| seen.insert(*item)).cloned().collect()
        }
        Shape::Plain | Shape::Fields(_) => patch.to_vec(),
    };
    path.note(replaced != value);
    Ok(Some(Value::Array(replaced)))
}

fn keyed_lists<'p>(
    value: Vec<Value>,
    patch: &'p [Value],
    keyed: &'static Keyed,
    path: &mut Path<'p>,
    merge: Merge,
) -> Result<Vec<Value>, PatchError> {
    if let Some(changes) = distinct::changes(&value, patch, keyed) {
        return distinct::lists(value, changes, keyed, path, merge);
    }
    let before = value.clone();
    path.compared(
        |path| match patch.iter().any(replaces_list) {
            true => new_elements(patch, keyed, path, merge),
            false => overlapping::lists(value, patch, keyed, path, merge),
        },
        |merged| merged.as_ref() != Ok(&before),
    )
}

/// What a patch that replaces a list makes of its other elements.
fn new_elements<'p>(
    patch: &'p [Value],
    keyed: &Keyed,
    path: &mut Path<'p>,
    merge: Merge,
) -> Result<Vec<Value>, PatchError> {
    let rest = patch.iter().filter(|element| !replaces_list(element));
    let made = rest.map(|change| element(None, [change], keyed, path, merge));
    let made = made.collect::<Result<Vec<_>, PatchError>>()?;
    Ok(made.into_iter().flatten().map(Value::Object).collect())
}

/// What becomes of one element after changes in turn; none when nothing is left of it.
fn element<'p>(
    before: Option<Value>,
    changes: impl IntoIterator<Item = &'p Value>,
    keyed: &Keyed,
    path: &mut Path<'p>,
    merge: Merge,
) -> Result<Option<Map<String, Value>>, PatchError> {
    let name = keyed.keys.first().copied().unwrap_or_default();
    let after = changes.into_iter().try_fold(before, |before, change| {
        path.at(name, |path| merge(before, change, keyed.element, path))
    })?;
    Ok(match after {
        Some(Value::Object(map)) if !map.is_empty() => Some(map),
        _ => None,
    })
}

/// A scalar as text, as merge keys are compared.
fn text(value: Option<&Value>) -> Cow<'_, str> {
    match value {
        Some(Value::String(text)) => Cow::Borrowed(text),
        Some(value @ (Value::Bool(_) | Value::Number(_))) => Cow::Owned(value.to_string()),
        _ => Cow::Borrowed(""),
    }
}

/// Whether an element says that the list of the patch replaces what was there.
fn replaces_list(element: &Value) -> bool {
    element
        .as_object()
        .is_some_and(|map| map.len() == 1 && map.get(DIRECTIVE) == Some(&Value::from("replace")))
}
