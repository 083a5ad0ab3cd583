//! `substitute`: a document with variables and references.
//!
//! `in` is `{doc, context, resource [, operation] [, mode]}`: the context's keys are variables, the
//! resource is `request.object`, whose integers are Go's `int64`, no numbers in JMESPath. An error
//! agrees when both are about a missing key, or neither is.

use std::sync::Arc;

use portcullis_engine::context::source::NoSource;
use portcullis_engine::context::variables::Template;
use portcullis_engine::context::{JsonContext, RequestView, Store};
use portcullis_engine::request::{NumberModel, Operation, Request};
use portcullis_jmespath::GoInt64;
use portcullis_values::{Map, Str, Val};
use serde_json::Value;

use super::answer::compare;

/// Replays one case.
///
/// # Errors
/// The difference.
pub fn check(case: &Value) -> Result<(), String> {
    let input = case.get("in").ok_or("the case has no `in`")?;
    let request = request(match input.get("operation").and_then(Value::as_str) {
        Some("DELETE") => Operation::Delete,
        Some("UPDATE") => Operation::Update,
        _ => Operation::Create,
    });
    let view = RequestView::new(&request);
    let store = Store::new();
    let context = JsonContext::new(&view, &NoSource, &store, None);
    context.replace(Str::from("request"), request_value(input));
    for (name, value) in input
        .get("context")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        context.replace(Str::from(name.as_str()), Val::from(value));
    }
    let template = Template::compile(input.get("doc").unwrap_or(&Value::Null), &Arc::from([]));
    let found = template.evaluate(&context);
    if let (Err(error), Some(expected)) = (&found, case.get("error").and_then(Value::as_str))
        && error.is_not_found() != expected.contains("Unknown key")
    {
        return Err(format!("expected error {expected}, found error {error}"));
    }
    compare(
        case,
        found
            .map(|value| value.to_json())
            .map_err(|error| error.to_string()),
    )
}

fn request_value(input: &Value) -> Val<'_> {
    let entries = [
        ("object", input.get("resource").map(with_go_integers)),
        ("operation", input.get("operation").map(Val::from)),
    ];
    let present = entries
        .into_iter()
        .filter_map(|(key, value)| Some((Str::from(key), value?)));
    Val::Map(present.collect::<Map<'_>>())
}

fn with_go_integers(value: &Value) -> Val<'_> {
    match value {
        Value::Number(number) => match number.as_i64() {
            Some(integer) => GoInt64(integer).into_val(),
            None => Val::from(value),
        },
        Value::Array(items) => Val::List(items.iter().map(with_go_integers).collect()),
        Value::Object(entries) => Val::Map(
            entries
                .iter()
                .map(|(key, value)| (Str::from(key.as_str()), with_go_integers(value)))
                .collect(),
        ),
        other => Val::from(other),
    }
}

/// A request without anything in it but its operation.
pub(super) fn request(operation: Operation) -> Request<'static> {
    Request {
        operation,
        numbers: NumberModel::KyvernoOffline,
        ..Request::default()
    }
}
