//! Merges lists.
//!
//! Elements of a list with merge keys are the same where the keys that both have are equal. The
//! result starts with the elements of the patch, in the order of the patch; where a list has two
//! merge keys, elements that were there keep their places after those that are new.

mod distinct;

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
        _ if patch.iter().any(replaces_list) => {
            let rest = patch.iter().filter(|element| !replaces_list(element));
            rest.cloned().collect()
        }
        Shape::Keyed(keyed) => {
            let merged = keyed_lists(value, patch, keyed, path, merge)?;
            return Ok(Some(Value::Array(merged)));
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

/// The values of an element's merge keys; empty text where it has none.
type Identity = Vec<String>;

fn keyed_lists<'p>(
    value: Vec<Value>,
    patch: &'p [Value],
    keyed: &Keyed,
    path: &mut Path<'p>,
    merge: Merge,
) -> Result<Vec<Value>, PatchError> {
    if let Some(changes) = distinct::changes(&value, patch, keyed) {
        return distinct::lists(value, changes, keyed, path, merge);
    }
    let before = value.clone();
    path.compared(
        |path| overlapping_lists(value, patch, keyed, path, merge),
        |merged| merged.as_ref() != Ok(&before),
    )
}

/// Merges a list whose elements may lack a key, or be the same as others.
fn overlapping_lists<'p>(
    mut value: Vec<Value>,
    patch: &'p [Value],
    keyed: &Keyed,
    path: &mut Path<'p>,
    merge: Merge,
) -> Result<Vec<Value>, PatchError> {
    let mut merged: Vec<Value> = Vec::new();
    for identity in identities(patch.iter().chain(&value), keyed) {
        let known = known(keyed, &identity);
        let before = value.iter().position(|element| is_same(element, &known));
        let change = patch.iter().find(|element| is_same(element, &known));
        let after = element(
            before.and_then(|at| value.get(at)).cloned(),
            change,
            keyed,
            path,
            merge,
        )?;
        let Some(mut after) = after else {
            value.retain(|element| !could_be(element, &known));
            continue;
        };
        for (key, text) in known.iter().filter(|(_, text)| !text.is_empty()) {
            after
                .entry(*key)
                .or_insert_with(|| Value::from(text.as_str()));
        }
        let after = Value::Object(after);
        if let Some(place) = before.and_then(|at| value.get_mut(at)) {
            *place = after.clone();
        }
        match merged.iter().position(|element| could_be(element, &known)) {
            Some(at) => merged.splice(at..=at, [after]).for_each(drop),
            None => merged.push(after),
        }
    }
    Ok(joined(merged, value, keyed))
}

/// What becomes of one element; none when nothing is left of it.
fn element<'p>(
    before: Option<Value>,
    change: Option<&'p Value>,
    keyed: &Keyed,
    path: &mut Path<'p>,
    merge: Merge,
) -> Result<Option<Map<String, Value>>, PatchError> {
    let name = keyed.keys.first().copied().unwrap_or_default();
    let after = match change {
        Some(change) => path.at(name, |path| merge(before, change, keyed.element, path))?,
        None => before,
    };
    Ok(match after {
        Some(Value::Object(map)) if !map.is_empty() => Some(map),
        _ => None,
    })
}

/// The identities of elements, each once, in their order. With two keys an element that lacks one
/// is the same as one that has both.
fn identities<'v>(elements: impl Iterator<Item = &'v Value>, keyed: &Keyed) -> Vec<Identity> {
    let mut found: Vec<Identity> = Vec::new();
    for element in elements.filter_map(Value::as_object) {
        let keys = keyed.keys.iter();
        let identity: Identity = keys
            .map(|key| text(element.get(*key)).into_owned())
            .collect();
        if !found.contains(&identity) {
            found.push(identity);
        }
    }
    if keyed.keys.len() > 1 {
        fill(&mut found);
    }
    found
}

fn fill(identities: &mut [Identity]) {
    for one in 0..identities.len() {
        for other in 0..identities.len() {
            let joined = match (identities.get(one), identities.get(other)) {
                (Some(one), Some(other)) => join(one, other),
                _ => None,
            };
            let Some(joined) = joined else { continue };
            for at in [one, other] {
                if let Some(place) = identities.get_mut(at) {
                    place.clone_from(&joined);
                }
            }
        }
    }
}

/// Two identities as one, where they agree in a key and differ in none that both have.
fn join(one: &Identity, other: &Identity) -> Option<Identity> {
    let pairs = || one.iter().zip(other);
    let agree = pairs().any(|(one, other)| one == other);
    let differ = pairs().any(|(one, other)| one != other && !one.is_empty() && !other.is_empty());
    (agree && !differ).then(|| {
        pairs()
            .map(|(one, other)| if one.is_empty() { other } else { one }.clone())
            .collect()
    })
}

/// The keys that an identity has a value for; all of them when it has none.
fn known<'k>(keyed: &Keyed, identity: &'k Identity) -> Vec<(&'static str, &'k String)> {
    let all = || keyed.keys.iter().copied().zip(identity);
    let has_some = identity.iter().any(|text| !text.is_empty());
    all()
        .filter(|(_, text)| !has_some || !text.is_empty())
        .collect()
}

fn is_same(element: &Value, known: &[(&str, &String)]) -> bool {
    known.iter().all(|(key, text)| has(element, key, text))
}

/// As [`is_same`], where a key without a value is any value.
fn could_be(element: &Value, known: &[(&str, &String)]) -> bool {
    known.iter().all(|(key, text)| match text.as_str() {
        "" => element.get(*key).is_some(),
        text => has(element, key, text),
    })
}

fn has(element: &Value, key: &str, wanted: &str) -> bool {
    let value = element.get(key);
    value.is_some_and(|value| text(Some(value)) == wanted)
}

/// What was merged, and then what else was there.
fn joined(mut merged: Vec<Value>, value: Vec<Value>, keyed: &Keyed) -> Vec<Value> {
    for element in value {
        let keys = keyed.keys.iter().copied();
        let identity: Vec<(&str, String)> = keys
            .map(|key| (key, text(element.get(key)).into_owned()))
            .filter(|(_, text)| !text.is_empty())
            .collect();
        let known: Vec<(&str, &String)> = identity.iter().map(|(key, text)| (*key, text)).collect();
        let at = if known.is_empty() {
            None
        } else {
            merged.iter().position(|other| could_be(other, &known))
        };
        match at {
            Some(at) if keyed.keys.len() == 1 => merged.splice(at..=at, [element]).for_each(drop),
            Some(at) => {
                merged.remove(at);
                merged.push(element);
            }
            None => merged.push(element),
        }
    }
    merged
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
