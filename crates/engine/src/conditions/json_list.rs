//! Lists that stand in a text as JSON, as a `ConfigMap` has them: `["a", "b"]`.

use serde::de::IgnoredAny;

/// What a text is, read as a JSON list of text.
pub(super) enum JsonList {
    /// A list of text; a null item is an empty text, and `null` an empty list.
    List(Vec<String>),
    /// Other JSON.
    Other,
    /// Not JSON.
    NotJson,
}

pub(super) fn read(text: &str) -> JsonList {
    match serde_json::from_str::<Option<Vec<Option<String>>>>(text) {
        Ok(items) => JsonList::List(
            items
                .into_iter()
                .flatten()
                .map(Option::unwrap_or_default)
                .collect(),
        ),
        Err(_) if serde_json::from_str::<IgnoredAny>(text).is_ok() => JsonList::Other,
        Err(_) => JsonList::NotJson,
    }
}
