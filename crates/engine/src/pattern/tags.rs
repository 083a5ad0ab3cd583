//! Wildcards in the keys of labels and annotations.
//!
//! A key such as `app.kubernetes.io/*` stands for the first key of the object, by its text, that
//! it matches; its anchor stays. A key that matches none stays as it is, and so is absent.

use portcullis_values::{Map, wildcard};

use super::{
    anchor,
    node::{Entry, Tags, sort},
};

/// The entries with their keys found in the object, in the order of evaluation.
pub(crate) fn expand(tags: &Tags, object: &Map<'_>) -> Vec<Entry> {
    let mut expanded: Vec<Entry> = Vec::with_capacity(tags.entries.len());
    for entry in &tags.entries {
        let entry = match find(entry, object) {
            Some(key) => entry.with_key(&key),
            None => entry.clone(),
        };
        // Of two entries that come to the same key the later one stays.
        expanded.retain(|other| other.written != entry.written);
        expanded.push(entry);
    }
    sort(&mut expanded);
    expanded
}

fn find(entry: &Entry, object: &Map<'_>) -> Option<String> {
    if !entry.has_wildcard() {
        return None;
    }
    let pattern = anchor::strip(&entry.written);
    object
        .iter()
        .find(|(key, value)| value.as_str().is_some() && wildcard::matches(pattern, key))
        .map(|(key, _)| key.to_string())
}
