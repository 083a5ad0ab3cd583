//! Merges a list whose elements each have a value for every merge key, and a key of their own: the
//! usual case, in time that grows with the list and without a copy of what stays as it is.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::{Keyed, Merge, Path, element, text};
use crate::patch::error::PatchError;

/// The values of one or two merge keys.
type Identity<'v> = [Cow<'v, str>; 2];

/// An element of a patch, and the index of the element that it changes.
pub(in super::super) type Change<'p> = (&'p Value, Option<usize>);

/// What each element of a patch changes; none for lists of another kind. Of elements of the patch
/// that are the same the first counts.
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
    let mut seen = HashSet::with_capacity(patch.len());
    let mut changes = Vec::with_capacity(patch.len());
    for change in patch {
        let identity = identity(change, keyed)?;
        let place = places.get(&identity).copied();
        if seen.insert(identity) {
            changes.push((change, place));
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
    for (change, at) in changes {
        let place = at.and_then(|at| value.get_mut(at));
        let (before, place) = match place {
            Some(place) => (place.take(), keeps_places.then_some(place)),
            None => (None, None),
        };
        let was_there = before.is_some();
        let after = element(before, Some(change), keyed, path, merge)?.map(Value::Object);
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
