//! `conditions`: one condition, or a block or list of conditions.
//!
//! `in` is `{key, operator, value}` with a boolean as `out`, or `{conditions}` with
//! `{result, message}`. A panic of the oracle is an error here.

use portcullis_engine::conditions::{
    ConditionBlock, Conditions, Operator, evaluate_conditions, holds,
};
use portcullis_values::Val;
use serde_json::{Value, json};

/// Replays one case.
///
/// # Errors
/// The difference.
pub fn check(case: &Value) -> Result<(), String> {
    let input = case.get("in").ok_or("the case has no `in`")?;
    let found = match input.get("conditions") {
        Some(conditions) => evaluate_conditions(&block(conditions), decide)
            .map(|(result, message)| json!({"result": result, "message": message})),
        None => decide(input).map(|(result, _)| Value::from(result)),
    };
    match (found, case.get("out")) {
        (Ok(found), Some(expected)) if found == *expected => Ok(()),
        (Err(_), None) => Ok(()),
        (found, expected) => Err(format!("found {found:?}, expected {expected:?}")),
    }
}

fn block(conditions: &Value) -> Conditions<Value> {
    let list = |name: &str| conditions.get(name)?.as_array().cloned();
    match conditions.as_array() {
        Some(items) => Conditions::List(items.clone()),
        None => Conditions::Block(ConditionBlock {
            any: list("any"),
            all: list("all"),
        }),
    }
}

fn decide(condition: &Value) -> Result<(bool, String), String> {
    let side = |name: &str| condition.get(name).map(Val::from).unwrap_or_default();
    let text = |name: &str| {
        condition
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let operator = Operator::parse(text("operator")).map_err(|error| error.to_string())?;
    let held = holds(&operator, &side("key"), &side("value")).map_err(|error| error.to_string())?;
    Ok((held, text("message").to_owned()))
}
