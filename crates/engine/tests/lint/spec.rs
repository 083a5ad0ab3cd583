//! Metadata, fields of the spec, and what a rule does.

use portcullis_engine::lint::Severity;
use serde_json::{Value, json};

use crate::{check_spec, fails, found, passes, policy, rule};

#[test]
fn metadata() {
    let mut policy = policy("ClusterPolicy", json!({"rules": [rule(json!({}))]}));
    assert_eq!(found(&policy), []);
    policy.metadata.name = Some("n".repeat(63));
    assert_eq!(found(&policy), []);
    policy.metadata.name = Some("n".repeat(64));
    policy.metadata.namespace = Some("default".to_owned());
    let controllers = "pod-policies.kyverno.io/autogen-controllers";
    policy
        .metadata
        .annotations
        .insert(controllers.to_owned(), "all".to_owned());
    let paths: Vec<String> = found(&policy).into_iter().map(|(_, path)| path).collect();
    assert_eq!(
        paths,
        [
            "/metadata/name",
            "/metadata/namespace",
            "/metadata/annotations/pod-policies.kyverno.io~1autogen-controllers",
        ]
    );
}

#[test]
fn names_and_labels_that_no_object_has() {
    let with = |metadata: Value| {
        let mut policy = policy("ClusterPolicy", json!({"rules": [rule(json!({}))]}));
        policy.metadata = serde_json::from_value(metadata).unwrap();
        let paths: Vec<String> = found(&policy).into_iter().map(|(_, path)| path).collect();
        paths
    };
    for metadata in [
        json!({"name": "a.b-1"}),
        json!({"generateName": "p-"}),
        json!({"name": "p", "labels": {"a.io/b": "C_d", "e": ""}}),
    ] {
        assert_eq!(with(metadata), [""; 0]);
    }
    for (metadata, path) in [
        (json!({}), "/metadata"),
        (json!({"name": "Upper"}), "/metadata/name"),
        (json!({"name": "a_b"}), "/metadata/name"),
        (json!({"name": "-a"}), "/metadata/name"),
        (
            json!({"name": "p", "labels": {"a": "b c"}}),
            "/metadata/labels/a",
        ),
        (
            json!({"name": "p", "labels": {"a/b/c": "d"}}),
            "/metadata/labels/a~1b~1c",
        ),
    ] {
        assert_eq!(with(metadata.clone()), [path], "{metadata}");
    }
}

#[test]
fn actions_of_rules_have_no_older_spelling() {
    let pattern = json!({"a": 1});
    for action in ["audit", "enforce"] {
        fails(
            json!({"validate": {"failureAction": action, "pattern": pattern}}),
            "/validate/failureAction",
        );
        let images =
            json!([{"imageReferences": ["*"], "mutateDigest": false, "failureAction": action}]);
        let pods = json!({"any": [{"resources": {"kinds": ["Pod"]}}]});
        fails(
            json!({"validate": null, "match": pods, "verifyImages": images}),
            "/verifyImages/0/failureAction",
        );
    }
    passes(json!({"validate": {"failureAction": "Enforce", "pattern": pattern}}));
}

#[test]
fn spec_fields() {
    let with = |fields: Value| {
        let mut spec = json!({"rules": [rule(json!({}))]});
        let entries = spec.as_object_mut().unwrap();
        entries.extend(fields.as_object().unwrap().clone());
        spec
    };
    for (fields, path) in [
        (
            json!({"webhookTimeoutSeconds": 31}),
            "/spec/webhookTimeoutSeconds",
        ),
        (
            json!({"webhookConfiguration": {"timeoutSeconds": 0}}),
            "/spec/webhookConfiguration/timeoutSeconds",
        ),
        (
            json!({"webhookTimeoutSeconds": 5, "webhookConfiguration": {"timeoutSeconds": 5}}),
            "/spec/webhookTimeoutSeconds",
        ),
        (
            json!({"failurePolicy": "Fail", "webhookConfiguration": {"failurePolicy": "Fail"}}),
            "/spec/failurePolicy",
        ),
        (
            json!({"generateExistingOnPolicyUpdate": true}),
            "/spec/generateExistingOnPolicyUpdate",
        ),
        (
            json!({"admission": false, "background": false}),
            "/spec/admission",
        ),
    ] {
        check_spec("ClusterPolicy", with(fields), Severity::Error, path);
    }
    for fields in [
        json!({"webhookTimeoutSeconds": 30}),
        json!({"webhookConfiguration": {"timeoutSeconds": 1, "failurePolicy": "Ignore"}}),
        json!({"admission": false}),
        json!({"background": false}),
    ] {
        assert_eq!(found(&policy("ClusterPolicy", with(fields))), []);
    }
    let mutates = rule(
        json!({"validate": null, "mutate": {"patchStrategicMerge": {"metadata": {"labels": {"a": "b"}}}}}),
    );
    let spec = json!({"admission": false, "rules": [mutates]});
    check_spec("ClusterPolicy", spec, Severity::Error, "/spec/admission");
    check_spec(
        "ClusterPolicy",
        json!({"rules": []}),
        Severity::Warning,
        "/spec",
    );
}

#[test]
fn rule_names() {
    let other = json!({"validate": {"deny": {}}});
    let twice = json!({"rules": [rule(json!({})), rule(other)]});
    check_spec(
        "ClusterPolicy",
        twice,
        Severity::Error,
        "/spec/rules/1/name",
    );
    fails(json!({"name": "n".repeat(64)}), "/name");
    passes(json!({"name": "n".repeat(63)}));
}

#[test]
fn overrides_do_not_overlap() {
    let of = |second: Value| json!([{"action": "Enforce", "namespaces": ["team-*", "kube-system"]}, second]);
    let spec = |overrides: Value| json!({"validationFailureActionOverrides": overrides, "rules": [rule(json!({}))]});
    let path = "/spec/validationFailureActionOverrides/1/namespaces";
    for namespace in ["team-a", "kube-system", "kube-*", "team-*"] {
        let second = json!({"action": "Audit", "namespaces": [namespace]});
        check_spec("ClusterPolicy", spec(of(second)), Severity::Error, path);
    }
    let enforce = json!({"action": "enforce", "namespaces": ["team-a"]});
    check_spec(
        "ClusterPolicy",
        spec(of(enforce)),
        Severity::Warning,
        "/spec/validationFailureActionOverrides/1/action",
    );
    let apart = json!({"action": "Audit", "namespaces": ["other"]});
    assert_eq!(found(&policy("ClusterPolicy", spec(of(apart.clone())))), []);
    check_spec(
        "Policy",
        spec(json!([apart])),
        Severity::Error,
        "/spec/validationFailureActionOverrides",
    );
}

#[test]
fn a_rule_does_one_thing() {
    fails(json!({"validate": null}), "");
    fails(json!({"validate": {}}), "");
    let made = json!({"apiVersion": "v1", "kind": "Secret", "name": "a", "namespace": "b"});
    fails(json!({"generate": made}), "");
    passes(json!({"validate": null, "mutate": {"patchStrategicMerge": {"a": 1}}}));
    fails(
        json!({"validate": null, "mutate": {"patchesJson6902": ""}}),
        "",
    );
    let patches = json!({"patchStrategicMerge": {"a": 1}, "patchesJson6902": "[]"});
    fails(json!({"validate": null, "mutate": patches}), "/mutate");
    fails(
        json!({"celPreconditions": [{"name": "a", "expression": "true"}]}),
        "/celPreconditions",
    );
    let cel = json!({"cel": {"expressions": [{"expression": "true"}]}});
    passes(json!({"validate": cel, "celPreconditions": [{"name": "a", "expression": "true"}]}));
    fails(
        json!({"validate": cel, "context": [{"name": "a", "variable": {"value": 1}}]}),
        "/context",
    );
}
