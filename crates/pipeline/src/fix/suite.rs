//! Older forms of test suites, in passes as those of policies.

use serde_json::Value;

use super::{
    change::Change,
    form::{Form, elements, has},
    policy::to_list,
};

/// Looks for one kind of older form.
type Pass = fn(&Value) -> Vec<Form>;

/// The passes, in order; what is put in front last stands first.
pub(super) const PASSES: &[Pass] = &[
    name,
    payload,
    |suite| rows(suite, namespace),
    |suite| rows(suite, status),
    |suite| rows(suite, resource),
    |suite| front(suite, "kind", "Test"),
    |suite| front(suite, "apiVersion", "cli.kyverno.io/v1alpha1"),
];

/// Whether a document is a suite, be it of the oldest layout.
pub(super) fn is_suite(document: &Value) -> bool {
    match document.get("kind") {
        Some(kind) => kind == "Test",
        None => has(document, "policies") && has(document, "results"),
    }
}

fn front(suite: &Value, key: &'static str, text: &'static str) -> Vec<Form> {
    if has(suite, key) {
        return Vec::new();
    }
    let map = String::new();
    vec![Form::new(
        "",
        format!("`{key}: {text}` is missing"),
        vec![Change::Insert { map, key, text }],
    )]
}

fn name(suite: &Value) -> Vec<Form> {
    let Some(name) = suite.get("name") else {
        return Vec::new();
    };
    let at = "/name".to_owned();
    let changes = match suite.get("metadata") {
        None => vec![Change::Nest {
            at,
            map: "metadata",
            inner: "name",
        }],
        Some(metadata) if metadata.get("name") == Some(name) => vec![Change::Remove { at }],
        Some(metadata) if !has(metadata, "name") => vec![
            Change::Copy {
                map: "/metadata".to_owned(),
                key: "name",
                from: at.clone(),
            },
            Change::Remove { at },
        ],
        Some(_) => Vec::new(),
    };
    vec![Form::new(
        "/name",
        "`name` moves to `metadata.name`",
        changes,
    )]
}

fn payload(suite: &Value) -> Vec<Form> {
    if !has(suite, "jsonPayload") {
        return Vec::new();
    }
    let changes = match suite.get("jsonPayloads") {
        None => to_list("", "jsonPayload", "jsonPayloads"),
        Some(_) => Vec::new(),
    };
    vec![Form::new(
        "/jsonPayload",
        "`jsonPayload` becomes `jsonPayloads`",
        changes,
    )]
}

fn rows(suite: &Value, form: fn(&str, &Value) -> Option<Form>) -> Vec<Form> {
    let rows = elements(suite, "/results");
    rows.filter_map(|(pointer, row)| form(&pointer, row))
        .collect()
}

fn namespace(pointer: &str, row: &Value) -> Option<Form> {
    let namespace = row.get("namespace")?.as_str()?;
    let policy = row.get("policy")?.as_str()?;
    let mut changes = Vec::new();
    if !namespace.is_empty() && !policy.contains('/') {
        changes.push(Change::Replace {
            at: format!("{pointer}/policy"),
            text: format!("{namespace}/{policy}"),
        });
        changes.push(Change::Remove {
            at: format!("{pointer}/namespace"),
        });
    }
    let message = "`namespace` becomes a part of `policy`, as `namespace/name`";
    Some(Form::new(&format!("{pointer}/namespace"), message, changes))
}

fn status(pointer: &str, row: &Value) -> Option<Form> {
    let status = row.get("status")?;
    let changes = match row.get("result") {
        None => vec![Change::Rename {
            map: pointer.to_owned(),
            from: "status".to_owned(),
            to: "result",
        }],
        Some(result) if result == status => vec![Change::Remove {
            at: format!("{pointer}/status"),
        }],
        Some(_) => Vec::new(),
    };
    Some(Form::new(
        &format!("{pointer}/status"),
        "`status` becomes `result`",
        changes,
    ))
}

fn resource(pointer: &str, row: &Value) -> Option<Form> {
    let resource = row.get("resource")?;
    let changes = match row.get("resources") {
        None => to_list(pointer, "resource", "resources"),
        Some(Value::Array(list)) if list.contains(resource) => vec![Change::Remove {
            at: format!("{pointer}/resource"),
        }],
        Some(_) => Vec::new(),
    };
    Some(Form::new(
        &format!("{pointer}/resource"),
        "`resource` becomes `resources`",
        changes,
    ))
}
