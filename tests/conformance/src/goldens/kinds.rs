//! Golden table `kinds`: a kind entry and its group, version, kind and subresource.

use portcullis_engine::matching::KindSelector;
use serde_json::{Value, json};

use super::answer::compare;

/// Replays one case.
///
/// # Errors
/// The difference between the answer and what was found.
pub fn check(case: &Value) -> Result<(), String> {
    let entry = case
        .pointer("/in/selector")
        .and_then(Value::as_str)
        .ok_or("the case has no `in.selector`")?;
    let parsed = KindSelector::parse(entry);
    let actual = json!({
        "group": parsed.group.as_str(),
        "version": parsed.version.as_str(),
        "kind": parsed.kind.as_str(),
        "subresource": parsed.subresource.as_str(),
    });
    compare(case, Ok(actual))
}
