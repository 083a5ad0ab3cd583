//! What the server hands to the reports of the reviews that it answers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    reason = "a test fails by them"
)]

mod running;

use serde_json::{Value, json};

use self::running::{Running, creation, pod};

const POLICIES: &str = r#"
{apiVersion: kyverno.io/v1, kind: ClusterPolicy, metadata: {name: audits}, spec: {rules: [{
  name: app, match: {any: [{resources: {kinds: [Pod]}}]}, validate: {message: m, pattern: {metadata: {labels: {app: web}}}}}]}}
---
{apiVersion: kyverno.io/v1, kind: ClusterPolicy, metadata: {name: enforces}, spec: {validationFailureAction: Enforce, failurePolicy: Ignore, rules: [{
  name: not, match: {any: [{resources: {kinds: [Pod]}}]}, validate: {message: m, pattern: {metadata: {labels: {app: "!bad"}}}}}]}}
"#;

/// Which policies answered what, and whether the request was denied.
fn shown(running: &Running) -> Vec<String> {
    let taken = running.inbox.take();
    let shown = taken.iter().map(|admitted| {
        let rules = admitted.responses.iter().flat_map(|response| {
            let statuses = response.rules.iter().map(|rule| rule.status.as_str());
            statuses.map(|status| format!("{}={status}", response.policy.name))
        });
        let blocked = if admitted.is_blocked { "!" } else { "" };
        let rules: Vec<String> = rules.collect();
        format!("{}{blocked} {}", admitted.subject.uid, rules.join(" "))
    });
    shown.collect()
}

#[test]
fn what_will_be_stored_is_reported() {
    let running = Running::new(POLICIES);
    let web = json!({});
    let cases: &[(&str, &str, Value, &[&str])] = &[
        (
            "/validate",
            "web",
            web.clone(),
            &["u audits=pass enforces=pass"],
        ),
        ("/validate/fail", "other", web.clone(), &["u audits=fail"]),
        (
            "/validate",
            "bad",
            web.clone(),
            &["u! audits=fail enforces=fail"],
        ),
        ("/mutate", "web", web.clone(), &[]),
        ("/validate", "web", json!({"dryRun": true}), &[]),
        ("/validate", "web", json!({"operation": "DELETE"}), &[]),
        ("/validate", "web", json!({"subResource": "status"}), &[]),
        (
            "/validate",
            "web",
            json!({"subResource": "ephemeralcontainers", "operation": "UPDATE"}),
            &["u audits=pass enforces=pass"],
        ),
        // A new object of which nobody says anything has no report; an old one may have one.
        (
            "/validate",
            "web",
            json!({"object": {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n", "uid": "u"}}, "kind": {"group": "", "version": "v1", "kind": "Node"}}),
            &[],
        ),
        (
            "/validate",
            "web",
            json!({"operation": "UPDATE", "object": {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n", "uid": "u"}}, "kind": {"group": "", "version": "v1", "kind": "Node"}}),
            &["u "],
        ),
    ];
    for (path, app, change, wanted) in cases {
        let mut object = pod(app);
        object["metadata"]["uid"] = json!("u");
        let mut request = creation(&object);
        for (key, value) in change.as_object().unwrap() {
            request[key] = value.clone();
        }
        running.ask(path, &request);
        assert_eq!(shown(&running), *wanted, "{path} {app} {change}");
    }
}
