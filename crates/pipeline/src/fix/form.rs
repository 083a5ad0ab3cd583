//! An older form that was found in a document: what to say of it, and what makes it new.

use serde_json::Value;

use super::change::Change;

/// An older form.
#[derive(Debug)]
pub(super) struct Form {
    /// Where, as a JSON pointer.
    pub(super) place: String,
    /// What becomes of it, such as ``` `a` moves to `b` ```.
    pub(super) message: String,
    /// What makes it new, all or none; nothing where that is for people to decide.
    pub(super) changes: Vec<Change>,
}

/// An older form that only people can make new.
#[derive(Debug)]
pub(super) struct ByHand {
    /// Where, as a JSON pointer.
    pub(super) place: String,
    /// What is old.
    pub(super) message: String,
    /// What to do, and why it is not done for them.
    pub(super) help: String,
}

impl Form {
    pub(super) fn new(place: &str, message: impl Into<String>, changes: Vec<Change>) -> Form {
        Form {
            place: place.to_owned(),
            message: message.into(),
            changes,
        }
    }
}

/// The elements of a list in a value, each with its pointer.
pub(super) fn elements<'v>(
    value: &'v Value,
    pointer: &str,
) -> impl Iterator<Item = (String, &'v Value)> + use<'v> {
    let list = value.pointer(pointer).and_then(Value::as_array);
    let pointer = pointer.to_owned();
    let list = list.into_iter().flatten().enumerate();
    list.map(move |(index, element)| (format!("{pointer}/{index}"), element))
}

/// Whether a map has an entry.
pub(super) fn has(map: &Value, key: &str) -> bool {
    map.get(key).is_some()
}
