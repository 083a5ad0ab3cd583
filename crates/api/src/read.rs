//! Reads a value into a resource, and says of a mistake where it is, what was found and what was expected.
//!
//! ```
//! use portcullis_api::cluster_policy::Rule;
//! let value = serde_json::json!({"name": "r", "match": {"any": "Pod"}});
//! let error = portcullis_api::read::read::<Rule>(&value).unwrap_err();
//! assert_eq!(error.path_text(), "match.any");
//! assert_eq!(error.message, "expected an array, found the string `Pod`");
//! ```

use serde::Deserialize;
use serde_json::Value;

use crate::strict::Strict;
use crate::suggestion::closest;

/// Why a value cannot be read, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text())]
pub struct ReadError {
    /// Keys and list positions from the document's root to the place.
    pub path: Vec<PathSegment>,
    /// What is wrong and what to do.
    pub message: String,
}

/// One step into a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathSegment {
    /// A key of an object, as it is written.
    Key(String),
    /// A position in a list.
    Index(usize),
}

impl ReadError {
    /// The path as text, such as `results[0].policy`; empty at the root.
    #[must_use]
    pub fn path_text(&self) -> String {
        let mut text = String::new();
        for segment in &self.path {
            match segment {
                PathSegment::Index(index) => text.push_str(&format!("[{index}]")),
                PathSegment::Key(key) if text.is_empty() => text.push_str(key),
                PathSegment::Key(key) => text.push_str(&format!(".{key}")),
            }
        }
        text
    }

    fn text(&self) -> String {
        if self.path.is_empty() {
            self.message.clone()
        } else {
            format!("{}: {}", self.path_text(), self.message)
        }
    }
}

/// Reads a value, borrowing its texts where the type can.
pub fn read<'de, T: Deserialize<'de>>(value: &'de Value) -> Result<T, ReadError> {
    serde_path_to_error::deserialize(Strict(value)).map_err(|error| ReadError {
        path: error.path().iter().filter_map(segment).collect(),
        message: reworded(&error.inner().to_string()),
    })
}

/// The message for a field that is not known.
pub(crate) fn unknown_field(field: &str, known: &[&str]) -> String {
    match closest(field, known.iter().copied()) {
        Some(near) => format!("unknown field `{field}`; did you mean `{near}`?"),
        None if known.is_empty() => format!("unknown field `{field}`; there are no fields here"),
        None => format!(
            "unknown field `{field}`, expected one of `{}`",
            known.join("`, `")
        ),
    }
}

/// The deserialiser's message in the words of JSON, for people who write YAML.
fn reworded(message: &str) -> String {
    if let Some((field, rest)) = quoted(message, "unknown field `") {
        return unknown_field(field, &all_quoted(rest));
    }
    if let Some((word, rest)) = quoted(message, "unknown variant `") {
        let known = all_quoted(rest);
        return match closest(word, known.iter().copied()) {
            Some(near) => format!("unknown value `{word}`; did you mean `{near}`?"),
            None => format!(
                "unknown value `{word}`, expected one of `{}`",
                known.join("`, `")
            ),
        };
    }
    if let Some((field, _)) = quoted(message, "missing field `") {
        return format!("the field `{field}` is missing");
    }
    let mismatch = message
        .strip_prefix("invalid type: ")
        .or_else(|| message.strip_prefix("invalid value: "));
    match mismatch.and_then(|mismatch| mismatch.rsplit_once(", expected ")) {
        Some((found, expected)) => {
            let (expected, found) = (expected_words(expected), found_words(found));
            // YAML reads `no` and `1.2` as what their writer seldom means.
            let is_scalar = ["the boolean ", "the number "]
                .iter()
                .any(|kind| found.starts_with(kind));
            let todo = if expected == "a string" && is_scalar {
                "; put it in quotes"
            } else {
                ""
            };
            format!("expected {expected}, found {found}{todo}")
        }
        None => message.to_owned(),
    }
}

fn expected_words(expected: &str) -> &str {
    match expected {
        "a sequence" => "an array",
        "a map" => "an object",
        "string or map" => "a string",
        "i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number",
        "f32" | "f64" => "a number",
        _ if expected.starts_with("struct ") => "an object",
        _ => expected,
    }
}

fn found_words(found: &str) -> String {
    let kinds = [
        ("boolean ", "the boolean "),
        ("integer ", "the number "),
        ("floating point ", "the number "),
    ];
    for (theirs, ours) in kinds {
        if let Some(value) = found.strip_prefix(theirs) {
            return format!("{ours}{value}");
        }
    }
    match found {
        "sequence" => "an array".to_owned(),
        "map" => "an object".to_owned(),
        "null" | "unit value" => "nothing".to_owned(),
        _ => match found
            .strip_prefix("string \"")
            .and_then(|text| text.strip_suffix('"'))
        {
            Some(text) => format!("the string `{text}`"),
            None => found.to_owned(),
        },
    }
}

/// The text up to the next backtick after a prefix, and the rest.
fn quoted<'m>(message: &'m str, prefix: &str) -> Option<(&'m str, &'m str)> {
    message.strip_prefix(prefix)?.split_once('`')
}

/// Every text in backticks.
fn all_quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

fn segment(segment: &serde_path_to_error::Segment) -> Option<PathSegment> {
    match segment {
        serde_path_to_error::Segment::Seq { index } => Some(PathSegment::Index(*index)),
        serde_path_to_error::Segment::Map { key } => Some(PathSegment::Key(key.clone())),
        _ => None,
    }
}
