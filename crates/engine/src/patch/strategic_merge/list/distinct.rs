//! Merges a list whose elements each have a value for every merge key, and a key of their own: the
//! usual case, in time that grows with the list and without a copy of what stays as it is.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::Value;

use super::{Keyed, Merge, Path, element, text};
use crate::patch::error::PatchError;

/// The values of one or two merge keys.
type Identity<'v> = [Cow<'v, str>; 2];

/// What elements of a patch that are the same change.
#[derive(Debug)]
pub(in super::super) struct Change<'p> {
    /// The first of them, and what is merged after it.
    pub(in super::super) first: &'p Value,
    pub(in super::super) more: Vec<&'p Value>,
    /// The index of the element that they change.
    pub(in super::super) at: Option<usize>,
}

/// What each element of a patch changes; none for lists of another kind.
pub(in super::super) fn changes<'p>(
    value: &[Value],
    patch: &'p [Value],
    keyed: &Keyed,
) -> Option<Vec<Change<'p>>> {
    let mut places = HashMap::with_capacity(value.len());
    for (at, element) in value.iter().enumerate() {
        if places.insert(identity(element, keyed)?, at).is_some() {
            return None;
        }
    }
    let mut seen = HashMap::with_capacity(patch.len());
    let mut changes: Vec<Change<'p>> = Vec::with_capacity(patch.len());
    for element in patch {
        let identity = identity(element, keyed)?;
        let at = places.get(&identity).copied();
        let known = seen.entry(identity).or_insert(changes.len());
        match changes.get_mut(*known) {
            Some(change) => change.more.push(element),
            None => changes.push(Change {
                first: element,
                more: Vec::new(),
                at,
            }),
        }
    }
    Some(changes)
}

/// The list with the changes made.
pub(super) fn lists<'p>(
    value: Vec<Value>,
    changes: Vec<Change<'p>>,
    keyed: &Keyed,
    path: &mut Path<'p>,
    merge: Merge,
) -> Result<Vec<Value>, PatchError> {
    let keeps_places = keyed.keys.len() > 1;
    let mut value: Vec<Option<Value>> = value.into_iter().map(Some).collect();
    let mut merged = Vec::with_capacity(value.len() + changes.len());
    for Change { first, more, at } in changes {
        let place = at.and_then(|at| value.get_mut(at));
        let (before, place) = match place {
            Some(place) => (place.take(), keeps_places.then_some(place)),
            None => (None, None),
        };
        let was_there = before.is_some();
        let after = element(before, [first].into_iter().chain(more), keyed, path, merge)?;
        let after = after.map(Value::Object);
        // What is not in the same place as before, came or went.
        let keeps_place = keeps_places || at == Some(merged.len());
        path.note(match after {
            Some(_) => !was_there || !keeps_place,
            None => was_there,
        });
        match place {
            Some(place) => *place = after,
            None => merged.extend(after),
        }
    }
    merged.extend(value.into_iter().flatten());
    Ok(merged)
}

/// None for an element that lacks a key.
fn identity<'v>(element: &'v Value, keyed: &Keyed) -> Option<Identity<'v>> {
    let of = |key: &str| Some(text(element.get(key))).filter(|text| !text.is_empty());
    match keyed.keys {
        [key] => Some([of(key)?, Cow::Borrowed("")]),
        [one, other] => Some([of(one)?, of(other)?]),
        _ => None,
    }
}
