//! Merges a list whose elements may lack a key, or be the same as others.

use serde_json::Value;

use super::identities::identities;
use super::indexed::{IndexedList, Wanted};
use super::{Keyed, Merge, Path, element, text};
use crate::patch::error::PatchError;

/// The list with the list of a patch merged into it.
pub(super) fn lists<'p>(
    value: Vec<Value>,
    patch: &'p [Value],
    keyed: &'static Keyed,
    path: &mut Path<'p>,
    merge: Merge,
) -> Result<Vec<Value>, PatchError> {
    let identities = identities(patch.iter().chain(&value), keyed);
    let patch = IndexedList::new(keyed, patch);
    let mut value = IndexedList::new(keyed, value);
    let mut merged = IndexedList::new(keyed, []);
    for identity in identities {
        let keys = || keyed.keys.iter().zip(&identity);
        let wanted = Wanted::of(keys().map(|(_, text)| text));
        let before = value.first(&wanted);
        let changes = patch.all(&wanted).copied();
        let element_before = before.and_then(|at| value.get(at)).cloned();
        let after = element(element_before, changes, keyed, path, merge)?;
        let Some(mut after) = after else {
            value.remove_possible(&wanted);
            continue;
        };
        for (key, text) in keys().filter(|(_, text)| !text.is_empty()) {
            after
                .entry(*key)
                .or_insert_with(|| Value::from(text.as_str()));
        }
        let after = Value::Object(after);
        if let Some(at) = before {
            value.replace(at, after.clone());
        }
        match merged.first_possible(&wanted) {
            Some(at) => merged.replace(at, after),
            None => merged.push(after),
        }
    }
    Ok(joined(merged, value, keyed))
}

/// What was merged, and then what else was there.
fn joined(
    mut merged: IndexedList<Value>,
    value: IndexedList<Value>,
    keyed: &'static Keyed,
) -> Vec<Value> {
    for element in value.into_elements() {
        let keys = keyed.keys.iter();
        let wanted = Wanted::of(keys.map(|key| text(element.get(*key))));
        let same = match wanted.is_blank() {
            true => None,
            false => merged.first_possible(&wanted),
        };
        match same {
            Some(at) if keyed.keys.len() == 1 => merged.replace(at, element),
            Some(at) => {
                merged.remove(at);
                merged.push(element);
            }
            None => merged.push(element),
        }
    }
    merged.into_elements().collect()
}
