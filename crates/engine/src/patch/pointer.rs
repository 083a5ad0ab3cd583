//! JSON pointers (RFC 6901), as JSON patches use them.

use serde_json::Value;

/// A step of a pointer with `~1` and `~0` in place.
pub(super) fn unescape(step: &str) -> String {
    step.replace("~1", "/").replace("~0", "~")
}

/// A key as a step of a pointer.
pub(super) fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

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
