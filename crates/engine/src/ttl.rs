//! The label `cleanup.kyverno.io/ttl`: when an object is to be deleted.
//!
//! | value | deleted |
//! |---|---|
//! | `30s`, `2h45m`, `1d`, `2w`, `3days` | that long after the object was created |
//! | `2026-01-31T150405Z` | then |
//! | `2026-01-31` | when that day begins, UTC |
//!
//! The annotation `cleanup.kyverno.io/propagation-policy` says what becomes of what the object owns.

use portcullis_api::cleanup_policy::DeletionPropagation;
use portcullis_values::duration::GoDuration;
use portcullis_values::gotime::{self, GoTime};
use serde_json::Value;

/// The label.
pub const LABEL: &str = "cleanup.kyverno.io/ttl";
/// The annotation.
pub const PROPAGATION: &str = "cleanup.kyverno.io/propagation-policy";

/// When and how an object is to be deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deletion {
    /// When.
    pub at: GoTime,
    /// What becomes of what the object owns; the API server decides where there is nothing.
    pub propagation: Option<DeletionPropagation>,
}

/// Why it cannot be told when an object is to be deleted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TtlError {
    /// The value has no meaning.
    #[error(
        "label `{LABEL}`: `{0}` is neither a duration such as `30s`, `12h`, `1d` or `2w`, nor a date such as `2026-01-31` or `2026-01-31T150405Z`"
    )]
    Value(String),
    /// The value is a duration, and it is not known when the object was created.
    #[error("label `{LABEL}`: `{0}` counts from `metadata.creationTimestamp`, which is not there")]
    NotCreated(String),
}

impl Deletion {
    /// Whether the time has come.
    #[must_use]
    pub fn is_due(&self, now: &GoTime) -> bool {
        self.at <= *now
    }
}

/// When an object is to be deleted; none for one without the label.
///
/// # Errors
/// The label's value cannot be read, or counts from a creation that is not known.
pub fn deletion(object: &Value) -> Option<Result<Deletion, TtlError>> {
    let metadata = object.get("metadata")?;
    let value = metadata.get("labels")?.get(LABEL)?.as_str()?;
    Some(time(metadata, value).map(|at| Deletion {
        at,
        propagation: propagation(metadata),
    }))
}

/// What the API server tells whoever writes an object whose label has no meaning, in Kyverno's words;
/// the object is let in, and nothing deletes it.
#[must_use]
pub fn warning(object: &Value) -> Option<String> {
    let value = object.get("metadata")?.get("labels")?.get(LABEL)?;
    let value = value.as_str()?;
    if duration(value).is_some() || gotime::parse("2006-01-02T150405Z", value).is_ok() {
        return None;
    }
    let error = gotime::parse("2006-01-02", value).err()?;
    Some(format!(
        "{LABEL} label value cannot be parsed as any recognizable format ({error})"
    ))
}

fn time(metadata: &Value, value: &str) -> Result<GoTime, TtlError> {
    if let Some(duration) = duration(value) {
        let created = metadata.get("creationTimestamp").and_then(Value::as_str);
        let created = created.and_then(|text| gotime::parse(gotime::RFC3339, text).ok());
        let created = created.ok_or_else(|| TtlError::NotCreated(value.to_owned()))?;
        return Ok(created.add(duration));
    }
    let mut layouts = ["2006-01-02T150405Z", "2006-01-02"].into_iter();
    layouts
        .find_map(|layout| gotime::parse(layout, value).ok())
        .ok_or_else(|| TtlError::Value(value.to_owned()))
}

fn propagation(metadata: &Value) -> Option<DeletionPropagation> {
    match metadata.get("annotations")?.get(PROPAGATION)?.as_str()? {
        "Foreground" => Some(DeletionPropagation::Foreground),
        "Background" => Some(DeletionPropagation::Background),
        "Orphan" => Some(DeletionPropagation::Orphan),
        _ => None,
    }
}

/// Units beyond Go's: what they are called, what a longer word for them starts with, and their
/// nanoseconds.
const UNITS: [(&[&str], &str, i64); 8] = [
    (&["ns"], "nano", 1),
    (&["us", "µs"], "micro", 1_000),
    (&["ms"], "milli", 1_000_000),
    (&["s"], "sec", 1_000_000_000),
    (&["m"], "min", 60_000_000_000),
    (&["h", "hr"], "hour", 3_600_000_000_000),
    (&["d"], "day", 86_400_000_000_000),
    (&["w", "wk"], "week", 604_800_000_000_000),
];

/// A duration of Go, or whole numbers with units. As Kyverno reads it, a number with a unit that is
/// not known does not count, as long as another one does.
fn duration(text: &str) -> Option<GoDuration> {
    if let Ok(duration) = GoDuration::parse(text) {
        return Some(duration);
    }
    let mut total = None;
    let mut rest = text;
    while let Some(start) = rest.find(|character: char| character.is_ascii_digit()) {
        let (_, from) = rest.split_at_checked(start)?;
        let (digits, after) = split(from, |character| character.is_ascii_digit());
        let is_letter = |character: char| character.is_ascii_alphabetic() || character == 'µ';
        let (word, after) = split(after.trim_start(), is_letter);
        if let Some(unit) = unit(&word.to_lowercase()) {
            let part = digits.parse::<i64>().ok()?.checked_mul(unit)?;
            total = Some(total.unwrap_or(0_i64).checked_add(part)?);
        }
        rest = after;
    }
    total.map(GoDuration)
}

fn split(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    let end = text
        .find(|character| !belongs(character))
        .unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

fn unit(word: &str) -> Option<i64> {
    let mut units = UNITS.iter();
    let found = units.find(|(names, start, _)| names.contains(&word) || word.starts_with(start));
    found.map(|(.., nanoseconds)| *nanoseconds)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(value: &str, expected: &str) {
        let object = json!({"metadata": {
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "labels": {(LABEL): value},
            "annotations": {(PROPAGATION): "Orphan"},
        }});
        let found = match deletion(&object) {
            Some(Ok(deletion)) => {
                assert_eq!(deletion.propagation, Some(DeletionPropagation::Orphan));
                deletion.at.to_string()
            }
            Some(Err(error)) => error.to_string(),
            None => "none".to_owned(),
        };
        assert_eq!(found, expected, "{value}");
    }

    #[test]
    fn durations_count_from_creation() {
        for (value, expected) in [
            ("30s", "2026-01-01T00:00:30Z"),
            ("2m", "2026-01-01T00:02:00Z"),
            ("1h30m", "2026-01-01T01:30:00Z"),
            ("1.5h", "2026-01-01T01:30:00Z"),
            ("1d", "2026-01-02T00:00:00Z"),
            ("2w", "2026-01-15T00:00:00Z"),
            ("1d12h", "2026-01-02T12:00:00Z"),
            ("3days", "2026-01-04T00:00:00Z"),
            ("2hr", "2026-01-01T02:00:00Z"),
            ("10MINUTES", "2026-01-01T00:10:00Z"),
            ("-1h", "2025-12-31T23:00:00Z"),
            ("1d2foo", "2026-01-02T00:00:00Z"),
        ] {
            check(value, expected);
        }
    }

    #[test]
    fn dates_stand_for_themselves() {
        check("2026-02-03", "2026-02-03T00:00:00Z");
        check("2026-02-03T040506Z", "2026-02-03T04:05:06Z");
        let late = json!({"metadata": {"labels": {(LABEL): "2026-02-03"}}});
        let late = deletion(&late).unwrap().unwrap();
        for (now, is_due) in [
            ("2026-02-02T23:59:59Z", false),
            ("2026-02-03T00:00:00Z", true),
        ] {
            assert_eq!(
                late.is_due(&gotime::parse(gotime::RFC3339, now).unwrap()),
                is_due
            );
        }
    }

    #[test]
    fn what_cannot_be_read_says_what_can() {
        let text = |value: &str| TtlError::Value(value.to_owned()).to_string();
        for value in [
            "",
            "soon",
            "2026-13-01",
            "5",
            "5y",
            "99999999999999999999d",
            "2026-02-03T04:05:06Z",
        ] {
            check(value, &text(value));
            let object = json!({"metadata": {"labels": {(LABEL): value}}});
            let warning = warning(&object).unwrap();
            assert!(
                warning.starts_with("cleanup.kyverno.io/ttl label value cannot"),
                "{warning}"
            );
        }
        for value in ["1d", "2h45m", "2026-02-03", "2026-02-03T040506Z"] {
            assert_eq!(
                warning(&json!({"metadata": {"labels": {(LABEL): value}}})),
                None
            );
        }
        let soon = json!({"metadata": {"labels": {(LABEL): "soon"}}});
        assert_eq!(
            warning(&soon).unwrap(),
            "cleanup.kyverno.io/ttl label value cannot be parsed as any recognizable format (`soon` does not look like `2006-01-02`: expected `2006`, found `soon`)"
        );
        let born = json!({"metadata": {"labels": {(LABEL): "1d"}}});
        assert_eq!(
            deletion(&born),
            Some(Err(TtlError::NotCreated("1d".to_owned())))
        );
        assert_eq!(deletion(&json!({"metadata": {"labels": {}}})), None);
        assert_eq!(deletion(&json!(null)), None);
    }
}
