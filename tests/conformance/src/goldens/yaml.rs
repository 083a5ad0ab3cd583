//! The table `yaml`: a text, and what the three readers make of it.
//!
//! `out` or `error` is the lenient reading, `json` its exact text, `strict` and `v3` the others.

use portcullis_yaml::{Limits, Mode, read, read_document};
use serde_json::{Value, json};

/// Replays a case in all three modes, by value and with spans.
pub fn check(case: &Value) -> Result<(), String> {
    let text = case
        .get("in")
        .and_then(Value::as_str)
        .ok_or("the case has no text `in`")?;
    let expected_text = match case.get("json").and_then(Value::as_str) {
        Some(text) => Some(serde_json::from_str(text).map_err(|error| error.to_string())?),
        None => None,
    };
    compare(
        text,
        Mode::Lenient,
        expected_text.as_ref().or(case.get("out")),
    )?;
    for (name, mode) in [("strict", Mode::Strict), ("v3", Mode::V3)] {
        if let Some(expected) = case.get(name) {
            compare(text, mode, expected.get("out"))?;
        }
    }
    Ok(())
}

fn compare(text: &str, mode: Mode, expected: Option<&Value>) -> Result<(), String> {
    let limits = Limits::default();
    let by_value = read(text, mode, &limits).map_err(|error| error.to_string());
    let with_spans = read_document(text, mode, &limits)
        .map(|document| document.value)
        .map_err(|error| error.to_string());
    if by_value != with_spans {
        return Err(format!(
            "{mode:?}: {by_value:?} without spans, {with_spans:?} with spans"
        ));
    }
    match (by_value, expected) {
        (Ok(value), Some(expected)) if is_equal(&value, expected) => Ok(()),
        (Err(_), None) => Ok(()),
        (found, expected) => Err(format!(
            "{mode:?}: expected {}, found {found:?}",
            expected.unwrap_or(&json!("an error"))
        )),
    }
}

/// Equal as JSON: 1 and 1.0 are one number.
fn is_equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            left == right || left.as_f64() == right.as_f64()
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|(left, right)| is_equal(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(key, value)| right.get(key).is_some_and(|other| is_equal(value, other)))
        }
        _ => left == right,
    }
}
