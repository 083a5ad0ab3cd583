//! What JSON patches read from the steps of a pointer, and the words of all patches for values.

use serde_json::Value;

/// How many characters of a value an error tells.
pub(super) const MAX_SHOWN: usize = 100;

/// A step that is a number, with its sign: `7`, `-1`, `+2`, `01`.
pub(super) fn number(step: &str) -> Option<i64> {
    let digits = step.strip_prefix(['+', '-']).unwrap_or(step);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| step.parse().ok()).flatten()
}

/// The word for a value's type.
pub(super) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}
