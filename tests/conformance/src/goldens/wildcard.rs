//! Replays `wildcard`: whether `pattern` matches `text`.

use portcullis_values::wildcard::{Wildcard, matches};
use serde_json::{Value, json};

use super::answer::compare;

/// Replays one case, with the pattern as text and made ready.
///
/// # Errors
/// The difference between the answer and what was found.
pub fn check(case: &Value) -> Result<(), String> {
    let text = |name: &str| case["in"][name].as_str().unwrap_or_default();
    let (pattern, subject) = (text("pattern"), text("text"));
    compare(case, Ok(json!(matches(pattern, subject))))?;
    compare(case, Ok(json!(Wildcard::new(pattern).is_match(subject))))
}
