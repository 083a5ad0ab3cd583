//! Replays `regex`: whether a pattern is accepted, what it matches, its groups, replacement.

use std::ops::Range;

use portcullis_values::regexp::GoRegexp;
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
    let field = |name: &str| input[name].as_str().unwrap_or_default();
    let (text, replacement) = (field("text"), field("repl"));
    let regexp = GoRegexp::compile(field("pattern")).map_err(|error| error.to_string())?;
    let all: Vec<Value> = regexp
        .captures_all(text)
        .iter()
        .map(|groups| groups.iter().flat_map(offsets).collect())
        .collect();
    Ok(json!({
        "match": regexp.is_match(text),
        "find": regexp.find(text).map(|range| offsets(&Some(range))),
        "submatches": if all.is_empty() { Value::Null } else { Value::from(all) },
        "groups": regexp.names(),
        "replace_all": regexp.replace_all(text, replacement),
        "replace_all_literal": regexp.replace_all_literal(text, replacement),
    }))
}

/// Start and end, or -1 twice for a group that took no part.
fn offsets(range: &Option<Range<usize>>) -> [i64; 2] {
    let number = |offset: usize| i64::try_from(offset).unwrap_or(-1);
    match range {
        Some(range) => [number(range.start), number(range.end)],
        None => [-1, -1],
    }
}
