//! Which tests of the specification are about something else than what is built here: messages of
//! protocol buffers, and what cel-go or Kubernetes does otherwise than the specification says.

use portcullis_cel::{
    environment::Environment,
    syntax::ast::{Expr, ExprKind},
};
use serde_json::Value;

/// The package of the messages that the tests are about.
const MESSAGES: &str = "cel.expr.conformance";

/// Messages that the language has as types of its own.
const OWN: &[&str] = &["google.protobuf.Duration", "google.protobuf.Timestamp"];

/// Tests that cel-go, or Kubernetes' environments of it, do not pass, and what they do instead. The
/// answers of `cel` show it, and cel-go's own run of these tests leaves out the first four.
const OTHERWISE: &[(&str, &str)] = &[
    (
        "timestamps/duration_converters/get_milliseconds",
        "cel-go gives the whole duration in milliseconds",
    ),
    (
        "string_ext/value_errors/indexof_out_of_range",
        "cel-go gives -1",
    ),
    (
        "string_ext/value_errors/lastindexof_out_of_range",
        "cel-go gives -1",
    ),
    (
        "type_deduction/legacy_nullable_types/null_assignable_to_abstract_parameter_candidate",
        "cel-go deduces null",
    ),
    (
        "network_ext/ipv4/ipv4_equals_ipv6",
        "Kubernetes refuses IPv6 addresses that stand for IPv4 ones",
    ),
    (
        "network_ext/ipv4/ipv4_not_equals_ipv6",
        "Kubernetes refuses IPv6 addresses that stand for IPv4 ones",
    ),
    (
        "optionals/optionals/map_null_entry_no_such_key",
        "Kubernetes does not ask for errors on presence tests of what has no fields",
    ),
];

/// Why a test is not applicable; nothing if it is.
pub(super) fn obstacle(environment: &Environment, path: &str, test: &Value) -> Option<String> {
    let mut otherwise = OTHERWISE.iter();
    match otherwise.find(|(known, _)| *known == path) {
        Some((_, reason)) => Some((*reason).to_owned()),
        None => message_needed(environment, test),
    }
}

/// What of protocol buffers a test needs; nothing if it needs none.
///
/// A test needs them if its expression constructs a message, or names a message or an enum of the
/// tests' package, or if a declaration, a binding or the answer is one.
fn message_needed(environment: &Environment, test: &Value) -> Option<String> {
    let data = ["typeEnv", "bindings", "value", "typedResult"];
    if let Some(found) = data.iter().find_map(|part| message_in(&test[*part])) {
        return Some(found);
    }
    let ast = environment.parse(test["expr"].as_str()?).ok()?;
    let is_inside = test["container"]
        .as_str()
        .is_some_and(|container| container.starts_with(MESSAGES));
    let mut found = None;
    ast.root.walk(&mut |expr| {
        if found.is_none() {
            found = needed_by(expr, is_inside);
        }
    });
    found
}

/// A message or an enum in declarations and values.
fn message_in(value: &Value) -> Option<String> {
    match value {
        Value::Object(fields) => fields.iter().find_map(|(name, value)| {
            let named = value
                .as_str()
                .map(|text| text.rsplit('/').next().unwrap_or(text));
            match (name.as_str(), named) {
                ("@type" | "messageType", Some(of)) if !OWN.contains(&of) => Some(of.to_owned()),
                ("enumValue", _) => Some(format!("enum {}", value["type"])),
                _ => message_in(value),
            }
        }),
        Value::Array(items) => items.iter().find_map(message_in),
        _ => None,
    }
}

fn needed_by(expr: &Expr, is_inside: bool) -> Option<String> {
    match &expr.kind {
        ExprKind::Struct { name, .. } => Some(name.clone()),
        // In the package, names with a capital are its messages and enums.
        ExprKind::Ident(name) if is_inside && name.starts_with(char::is_uppercase) => {
            Some(name.clone())
        }
        ExprKind::Call {
            function,
            target: None,
            ..
        } if is_inside && function.starts_with(char::is_uppercase) => Some(function.clone()),
        ExprKind::Select { .. } => {
            let path = path(expr)?;
            path.trim_start_matches('.')
                .starts_with(MESSAGES)
                .then_some(path)
        }
        _ => None,
    }
}

/// A selection as a name with dots.
fn path(expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Ident(name) => Some(name.clone()),
        ExprKind::Select { operand, field, .. } => Some(format!("{}.{field}", path(operand)?)),
        _ => None,
    }
}
