//! Replays `semver`: versions in full and tolerant form, comparison and ranges.

use portcullis_values::semver::{Range, Version};
use serde_json::{Value, json};

use super::answer::compare;

/// Replays one case.
///
/// # Errors
/// The difference between the answer and what was found.
pub fn check(case: &Value) -> Result<(), String> {
    compare(case, answer(&case["in"]))
}

fn answer(input: &Value) -> Result<Value, String> {
    let text = |name: &str| input[name].as_str().unwrap_or_default();
    let version = |name: &str| Version::parse(text(name)).map_err(|e| e.to_string());
    Ok(match text("op") {
        "parse" => json!(version("v")?.to_string()),
        "tolerant" => {
            let version = Version::parse_tolerant(text("v")).map_err(|e| e.to_string())?;
            json!(version.to_string())
        }
        "compare" => json!(version("a")?.cmp(&version("b")?) as i8),
        "range" => {
            let range = Range::parse(text("range")).map_err(|e| e.to_string())?;
            json!(range.contains(&version("v")?))
        }
        other => return Err(format!("unknown operation `{other}`")),
    })
}
