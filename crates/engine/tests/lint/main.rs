//! The lint: each check with a policy that it finds fault with, and one that it lets through.
#![allow(
    clippy::unwrap_used,
    reason = "a policy of a test that cannot be read is a fault of the test"
)]

mod cel_policy;
mod generate;
mod images;
mod mutate;
mod policy_set;
mod reach;
mod selection;
mod spec;
mod validate;
mod variables;

use portcullis_api::cluster_policy::Policy;
use portcullis_engine::lint::{self, Severity};
use serde_json::{Value, json};

fn policy(kind: &str, spec: Value) -> Policy {
    let document = json!({
        "apiVersion": "kyverno.io/v1",
        "kind": kind,
        "metadata": {"name": "p"},
        "spec": spec,
    });
    serde_json::from_value(document).unwrap()
}

/// A rule that nothing is wrong with, with some fields in other ways; null takes a field away.
fn rule(changes: Value) -> Value {
    let mut rule = json!({
        "name": "r",
        "match": {"any": [{"resources": {"kinds": ["ConfigMap"]}}]},
        "validate": {"message": "m", "pattern": {"metadata": {"labels": {"app": "?*"}}}},
    });
    let fields = rule.as_object_mut().unwrap();
    for (field, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => fields.remove(field),
            value => fields.insert(field.clone(), value.clone()),
        };
    }
    rule
}

fn found(policy: &Policy) -> Vec<(Severity, String)> {
    let findings = lint::check(policy);
    for finding in &findings {
        assert!(!finding.message.is_empty() && !finding.remedy.is_empty());
    }
    findings
        .into_iter()
        .map(|finding| (finding.severity, finding.path))
        .collect()
}

/// A spec with a fault at `path`.
#[track_caller]
fn check_spec(kind: &str, spec: Value, severity: Severity, path: &str) {
    assert_eq!(
        found(&policy(kind, spec.clone())),
        [(severity, path.to_owned())],
        "{spec}"
    );
}

/// A rule with an error at `path` below the rule.
#[track_caller]
fn fails(changes: Value, path: &str) {
    let spec = json!({"rules": [rule(changes)]});
    check_spec(
        "ClusterPolicy",
        spec,
        Severity::Error,
        &format!("/spec/rules/0{path}"),
    );
}

#[track_caller]
fn warns(changes: Value, path: &str) {
    let spec = json!({"rules": [rule(changes)]});
    check_spec(
        "ClusterPolicy",
        spec,
        Severity::Warning,
        &format!("/spec/rules/0{path}"),
    );
}

/// A rule that nothing is wrong with.
#[track_caller]
fn passes(changes: Value) {
    let spec = json!({"rules": [rule(changes)]});
    assert_eq!(found(&policy("ClusterPolicy", spec.clone())), [], "{spec}");
}
