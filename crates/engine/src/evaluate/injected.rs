//! Requests as injected values make them.

use serde_json::Value;

use crate::context::{Store, source::PathValue};
use crate::request::{Operation, Request};

/// The request as injected values make it.
pub(super) fn changed_request<'s>(
    request: &Request<'s>,
    values: &[PathValue],
    store: &'s Store,
) -> Request<'s> {
    let mut changed = request.clone();
    let operation = values
        .iter()
        .rev()
        .find(|(path, _)| path == "request.operation");
    let subject = request.subject();
    match operation.and_then(|(_, value)| value.as_str()) {
        Some("CREATE") => {
            changed.operation = Operation::Create;
            (changed.object, changed.old_object) = (subject, None);
        }
        Some("UPDATE") => {
            changed.operation = Operation::Update;
            (changed.object, changed.old_object) = (subject, subject);
        }
        Some("DELETE") => {
            changed.operation = Operation::Delete;
            (changed.object, changed.old_object) = (None, subject);
        }
        Some("CONNECT") => changed.operation = Operation::Connect,
        _ => {}
    }
    let touches = |name: &str| {
        let prefix = format!("request.{name}");
        values.iter().any(|(path, _)| {
            path.strip_prefix(&prefix)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    };
    let (new, old) = (touches("object"), touches("oldObject"));
    if new || old {
        let injected = crate::context::inject_into(&changed, values);
        let read = |name: &str, before: Option<&'s Value>| match injected.get(name) {
            Some(object @ Value::Object(_)) => Some(store.keep(object.clone())),
            _ => before,
        };
        if new {
            changed.object = read("object", changed.object);
        }
        if old {
            changed.old_object = read("oldObject", changed.old_object);
        }
    }
    changed
}
