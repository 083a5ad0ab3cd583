//! `json_patch`: JSON patches made and applied, and merge patches.
//!
//! `in` is `{op, …}`: `create` of `a` and `b` gives the operations, whose order is not told, so that
//! they are compared by what they make of `a`; `apply` (as Kyverno applies them) and `apply_strict`
//! give the document after `patch`; so does `merge`.

use portcullis_engine::patch::{JsonPatch, JsonPatchOptions, diff, merge_patch};
use serde_json::Value;

use super::answer::{compare, same_json};

/// Replays one case.
///
/// # Errors
/// The difference.
pub fn check(case: &Value) -> Result<(), String> {
    let input = case.get("in").ok_or("the case has no `in`")?;
    let part = |name: &str| input.get(name).cloned().unwrap_or_default();
    let apply = |options| {
        let patch = JsonPatch::from_value(&part("patch"))?;
        patch.apply(part("doc"), options)
    };
    let found = match input.get("op").and_then(Value::as_str) {
        Some("create") => return made(&part("a"), &part("b")),
        Some("apply") => apply(JsonPatchOptions::KYVERNO),
        Some("apply_strict") => apply(JsonPatchOptions::STRICT),
        Some("merge") => Ok(merge_patch::apply(part("doc"), &part("patch"))),
        other => return Err(format!("`in` has the unknown `op` {other:?}")),
    };
    compare(case, found.map_err(|error| error.to_string()))
}

fn made(before: &Value, after: &Value) -> Result<(), String> {
    let patch = JsonPatch::from(diff(before, after));
    let found = patch.apply(before.clone(), JsonPatchOptions::STRICT);
    let found = found.map_err(|error| error.to_string())?;
    if same_json(&found, after) {
        return Ok(());
    }
    Err(format!("the patch gives {found}, expected {after}"))
}
