//! `$(path)`: a value of the same document, put in place before any variable.
//!
//! `$(./../a)` is relative to where the reference stands (the key itself is one step), `$(/a/b)`
//! is absolute; anchors in keys do not count (`=(a)` is `a`). An operator may come first:
//! `$(<./../limit)` gives `<` and the value. What a plain reference names must be text; `\$(a)` is
//! an escape.

use serde_json::{Map, Value};

/// Why a reference cannot be put in place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// Nothing stands at the path.
    #[error("got nil resolved variable {reference} at path {path}: <nil>")]
    NotFound {
        /// The reference as written.
        reference: String,
        /// Where it is written.
        path: String,
    },
    /// What stands there is not text.
    #[error("reference {reference} at path {path} names a value that is not text")]
    NotText {
        /// The reference as written.
        reference: String,
        /// Where it is written.
        path: String,
    },
    /// The reference has no path.
    #[error("failed to resolve {reference} at path {path}: expected path, found empty reference")]
    Empty {
        /// The reference as written.
        reference: String,
        /// Where it is written.
        path: String,
    },
}

/// The document with every reference in place; none when it has no reference or escape.
///
/// # Errors
/// The first reference, in key order, that cannot be put in place.
pub fn resolve(document: &Value) -> Result<Option<Value>, ReferenceError> {
    if !mentions_reference(document) {
        return Ok(None);
    }
    let leaves = leaves(document);
    Resolver { leaves }.walk(document, "").map(Some)
}

fn mentions_reference(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains("$("),
        Value::Array(items) => items.iter().any(mentions_reference),
        Value::Object(entries) => entries
            .iter()
            .any(|(key, value)| key.contains("$(") || mentions_reference(value)),
        _ => false,
    }
}

/// Every leaf by its path without anchors; the last one wins where two paths are equal.
fn leaves(document: &Value) -> Vec<(String, &Value)> {
    let mut found = Vec::new();
    let mut open = vec![(String::new(), document)];
    while let Some((path, value)) = open.pop() {
        match value {
            Value::Array(items) => open.extend(
                items
                    .iter()
                    .enumerate()
                    .map(|(index, item)| (format!("{path}/{index}"), item)),
            ),
            Value::Object(entries) => open.extend(
                entries
                    .iter()
                    .map(|(key, value)| (format!("{path}/{}", without_anchor(key)), value)),
            ),
            leaf => found.push((path, leaf)),
        }
    }
    found
}

/// `key` of `(key)`, `=(key)`, `<(key)`, `X(key)`, `^(key)` and `+(key)`.
fn without_anchor(key: &str) -> &str {
    key.trim_start_matches(['+', '<', '=', 'X', '^'])
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'))
        .filter(|inner| !inner.is_empty())
        .unwrap_or(key)
}

struct Resolver<'d> {
    leaves: Vec<(String, &'d Value)>,
}

impl Resolver<'_> {
    fn walk(&self, value: &Value, path: &str) -> Result<Value, ReferenceError> {
        match value {
            Value::String(text) => self.text(text, path).map(Value::from),
            Value::Array(items) => items
                .iter()
                .enumerate()
                .map(|(index, item)| self.walk(item, &format!("{path}/{index}")))
                .collect(),
            Value::Object(entries) => {
                let mut result = Map::new();
                for (key, value) in entries {
                    let new_key = self.text(key, path)?;
                    result.insert(new_key, self.walk(value, &format!("{path}/{key}"))?);
                }
                Ok(Value::Object(result))
            }
            other => Ok(other.clone()),
        }
    }

    fn text(&self, text: &str, path: &str) -> Result<String, ReferenceError> {
        let mut result = text.to_owned();
        for (prefix, reference) in references(text) {
            let value = self.value(reference, path)?;
            let old = format!("{prefix}{reference}");
            result = result.replacen(&old, &format!("{prefix}{value}"), 1);
        }
        Ok(unescape(&result))
    }

    fn value(&self, reference: &str, path: &str) -> Result<String, ReferenceError> {
        let place = || (reference.to_owned(), path.to_owned());
        let inner = reference.trim_matches(['$', '(', ')']);
        let (operator, target) = split_operator(inner);
        if target.is_empty() {
            let (reference, path) = place();
            return Err(ReferenceError::Empty { reference, path });
        }
        let absolute = absolute_path(target, path);
        let found = self.leaves.iter().find(|(leaf, _)| *leaf == absolute);
        match found.map(|(_, value)| *value) {
            Some(Value::String(text)) => Ok(format!("{operator}{text}")),
            Some(Value::Number(number)) if !operator.is_empty() => {
                Ok(format!("{operator}{number}"))
            }
            None | Some(Value::Null) => {
                let (reference, path) = place();
                Err(ReferenceError::NotFound { reference, path })
            }
            Some(_) => {
                let (reference, path) = place();
                Err(ReferenceError::NotText { reference, path })
            }
        }
    }
}

/// The references of a text, each with the character before it: `$(`, at least one character, and
/// then everything without a space up to the last `)`.
fn references(text: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find("$(")) {
        let start = from + at;
        let before = text.get(..start).unwrap_or_default();
        let prefix_start = before
            .char_indices()
            .next_back()
            .map_or(0, |(index, _)| index);
        let prefix = text.get(prefix_start..start).unwrap_or_default();
        let free = start == 0 || (prefix != "\\" && prefix_start >= from);
        match reference_length(text.get(start..).unwrap_or_default()) {
            Some(length) if free => {
                let reference = text.get(start..start + length).unwrap_or_default();
                found.push((prefix, reference));
                from = start + length;
            }
            _ => from = start + 1,
        }
    }
    found
}

fn reference_length(text: &str) -> Option<usize> {
    let body = text.strip_prefix("$(")?;
    let first = body.chars().next()?.len_utf8();
    let rest = body.get(first..)?;
    let run = rest.find(' ').unwrap_or(rest.len());
    let close = rest.get(..run)?.rfind(')')?;
    Some(2 + first + close + 1)
}

fn unescape(text: &str) -> String {
    if !text.contains("\\$(") {
        return text.to_owned();
    }
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\\$(") {
        result.push_str(before);
        let closed = reference_length(rest.get(before.len() + 1..).unwrap_or_default()).is_some();
        result.push_str(if closed { "$(" } else { "\\$(" });
        rest = after;
    }
    result.push_str(rest);
    result
}

/// The operator that a path starts with, as patterns have them.
fn split_operator(text: &str) -> (&str, &str) {
    if text.len() < 2 {
        return ("", text);
    }
    for operator in [">=", "<=", ">", "<", "!"] {
        if let Some(rest) = text.strip_prefix(operator) {
            return (operator, rest);
        }
    }
    ("", text)
}

/// The clean absolute path that `target` names from `path`.
fn absolute_path(target: &str, path: &str) -> String {
    if target.starts_with('/') {
        return target.to_owned();
    }
    let mut parts: Vec<&str> = Vec::new();
    let cleaned: Vec<&str> = path.split('/').map(without_anchor).collect();
    for part in cleaned.into_iter().chain(target.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn puts_values_of_the_document_in_place() {
        for (document, expected) in [
            (
                json!({"a": "$(./../b)", "b": "x"}),
                json!({"a": "x", "b": "x"}),
            ),
            (
                json!({"a": "<$(/b)", "b": "x"}),
                json!({"a": "<x", "b": "x"}),
            ),
            (
                json!({"a": {"=(c)": "$(/a/b)", "b": "x"}}),
                json!({"a": {"=(c)": "x", "b": "x"}}),
            ),
            (
                json!({"a": "$(<=./../b)", "b": 5}),
                json!({"a": "<=5", "b": 5}),
            ),
            (json!({"a": "\\$(b)"}), json!({"a": "$(b)"})),
            (json!({"a": "$()"}), json!({"a": "$()"})),
        ] {
            assert_eq!(resolve(&document), Ok(Some(expected)), "{document}");
        }
        assert_eq!(resolve(&json!({"a": 1})), Ok(None));
    }

    #[test]
    fn a_reference_to_nothing_is_an_error() {
        for document in [
            json!("$(a)"),
            json!({"a": "$(b)", "b": "x"}),
            json!({"a": "$(./../b)", "b": {"c": 1}}),
        ] {
            assert!(resolve(&document).is_err(), "{document}");
        }
        assert!(resolve(&json!({"a": "$(./../b)", "b": 1})).is_err());
    }
}
