//! `conditions`: one condition, or a block or list of conditions.
//!
//! `in` is `{key, operator, value [, context]}` with a boolean as `out`, or `{conditions}` with
//! `{result, message}`; the context's keys are variables. A panic of the oracle is an error here.

use std::sync::Arc;

use portcullis_api::cluster_policy::Conditions;
use portcullis_engine::context::source::NoSource;
use portcullis_engine::context::{JsonContext, RequestView, Store};
use portcullis_engine::policies::cluster_policy::condition::CompiledConditions;
use portcullis_engine::request::Operation;
use portcullis_values::{Str, Val};
use serde_json::{Value, json};

use super::substitute::request;

/// Replays one case.
///
/// # Errors
/// The difference.
pub fn check(case: &Value) -> Result<(), String> {
    let input = case.get("in").ok_or("the case has no `in`")?;
    let request = request(Operation::Create);
    let view = RequestView::new(&request);
    let store = Store::new();
    let context = JsonContext::new(&view, &NoSource, &store, None);
    for (name, value) in variables(input) {
        context.replace(Str::from(name.as_str()), Val::from(value));
    }
    let written = Conditions(match input.get("conditions") {
        Some(conditions) => conditions.clone(),
        None => {
            json!([{"key": input.get("key"), "operator": input.get("operator"), "value": input.get("value")}])
        }
    });
    let compiled = CompiledConditions::compile(&written, &Arc::from([]));
    let found =
        compiled
            .evaluate(&context)
            .map(|(result, message)| match input.get("conditions") {
                Some(_) => json!({"result": result, "message": message}),
                None => Value::from(result),
            });
    match (found, case.get("out")) {
        (Ok(found), Some(expected)) if found == *expected => Ok(()),
        (Err(_), None) => Ok(()),
        (found, expected) => Err(format!("{input}: found {found:?}, expected {expected:?}")),
    }
}

fn variables(input: &Value) -> impl Iterator<Item = (&String, &Value)> {
    let context = input.get("context").and_then(Value::as_object);
    context.into_iter().flatten()
}
