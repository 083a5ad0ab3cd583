//! What tells an item of a list from its neighbours.

use serde_json::Value as Json;

use super::place::{Merging, Place};

/// What tells an item of a keyed list or of a set from the others, as text; an error says what the
/// item lacks.
pub(super) fn identity(merging: Merging<'_>, item: &Json) -> Result<String, String> {
    match merging {
        Merging::Keyed(keys, place) => keyed(keys, place, item),
        Merging::Set(_) if item.is_object() || item.is_array() || item.is_null() => {
            Err("an item of a set must be a scalar".to_owned())
        }
        _ => Ok(item.to_string()),
    }
}

fn keyed(keys: &[Box<str>], place: Place<'_>, item: &Json) -> Result<String, String> {
    let Some(fields) = item.as_object() else {
        return Err("an item must be an object, which its keys tell from the others".to_owned());
    };
    let mut identity = String::new();
    for key in keys {
        let value = fields.get(key.as_ref()).filter(|value| !value.is_null());
        match value.or_else(|| place.default_of(key)) {
            Some(value) => identity.push_str(&value.to_string()),
            None => identity.push_str(place.empty_of(key)?),
        }
        // No JSON text holds this character as it is, so that two keys never read as one.
        identity.push('\u{1}');
    }
    Ok(identity)
}
