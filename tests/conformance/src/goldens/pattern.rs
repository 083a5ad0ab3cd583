//! `pattern`: a pattern against an object, with path and message.
//!
//! `in` is `{pattern, resource}`; `out` is `{result, path, message}`, where path and message are
//! absent for a pass.

use portcullis_engine::{
    pattern::{Pattern, PatternOutcome},
    request::NumberModel,
};
use portcullis_values::Val;
use serde_json::{Value, json};

/// Replays one case.
///
/// # Errors
/// The difference.
pub fn check(case: &Value) -> Result<(), String> {
    let input = case.get("in").ok_or("the case has no `in`")?;
    let part = |name: &str| {
        input
            .get(name)
            .ok_or_else(|| format!("`in` has no `{name}`"))
    };
    let resource = Val::from(part("resource")?);
    let outcome = Pattern::compile(part("pattern")?).evaluate(&resource, NumberModel::Integers);
    let found = answer(&outcome);
    let accepted = match case.get("nondeterministic").and_then(Value::as_array) {
        Some(answers) => answers
            .iter()
            .any(|answer| answer.get("out") == Some(&found)),
        None => case.get("out") == Some(&found),
    };
    if accepted {
        return Ok(());
    }
    let expected = case.get("out").unwrap_or(&Value::Null);
    Err(format!("found {found}, expected {expected}"))
}

fn answer(outcome: &PatternOutcome) -> Value {
    match outcome {
        PatternOutcome::Pass => json!({"result": "pass"}),
        PatternOutcome::Fail { path, message } => {
            json!({"result": "fail", "path": path, "message": message})
        }
        PatternOutcome::Skip { message } => {
            json!({"result": "skip", "path": "", "message": message})
        }
        PatternOutcome::Error { message } => {
            json!({"result": "error", "path": "", "message": message})
        }
    }
}
