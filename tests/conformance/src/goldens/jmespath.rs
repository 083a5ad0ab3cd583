//! Replays `jmespath`: an expression on data, its result or the kind of its error.
//!
//! The oracle lists the keys and values of a map in a random order, of which it names a few: of a
//! case marked `nondeterministic`, every order of a listed answer's items is right.

use portcullis_jmespath::{EvalError, Expression, Offline};
use portcullis_values::Val;
use serde_json::Value;

use super::answer::{compare, same_json};

/// Replays one case.
///
/// # Errors
/// The difference between the answer and what was found.
pub fn check(case: &Value) -> Result<(), String> {
    let input = &case["in"];
    let (found, kind) = match answer(input["expr"].as_str().unwrap_or_default(), &input["data"]) {
        Ok(found) => (Ok(found), None),
        Err((kind, message)) => (Err(message), Some(kind)),
    };
    let expected = case["kind"].as_str();
    if let (Some(expected), Some(kind), Err(message)) = (expected, kind, &found)
        && expected != kind
    {
        return Err(format!(
            "{input}: expected a {expected} error, found a {kind} error: {message}"
        ));
    }
    if let (Some(answers), Ok(found)) = (case["nondeterministic"].as_array(), &found)
        && answers
            .iter()
            .any(|answer| same_items(&answer["out"], found))
    {
        return Ok(());
    }
    compare(case, found)
}

/// Whether two lists hold the same items in any order.
fn same_items(left: &Value, right: &Value) -> bool {
    let (Some(left), Some(right)) = (left.as_array(), right.as_array()) else {
        return false;
    };
    let mut rest: Vec<&Value> = right.iter().collect();
    left.len() == right.len()
        && left.iter().all(|item| {
            let found = rest.iter().position(|other| same_json(item, other));
            found.map(|index| rest.swap_remove(index)).is_some()
        })
}

fn answer(expression: &str, data: &Value) -> Result<Value, (&'static str, String)> {
    let expression =
        Expression::compile(expression).map_err(|error| ("syntax", error.to_string()))?;
    match expression.evaluate(&Val::from(data), &Offline) {
        Ok(result) => Ok(result.to_json()),
        Err(error @ EvalError::NotFound { .. }) => Err(("not_found", error.to_string())),
        Err(error) => Err(("runtime", error.to_string())),
    }
}
