//! Policies and exceptions are refused where they are written if they would not serve.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    reason = "a test fails by them"
)]

mod running;

use std::sync::Arc;

use portcullis_webhook::{exception_rules::ExceptionRules, server::ServerLimits, world::Alone};
use serde_json::{Value, json};

use self::running::{Running, policies, with};

fn running(exceptions: ExceptionRules) -> Running {
    let none = policies("{apiVersion: v1, kind: List, items: []}");
    let alone = Arc::new(Alone::default());
    Running::excepting(none, alone, ServerLimits::default(), exceptions)
}

/// A request to create an object.
fn creation(object: &Value) -> Value {
    let request = running::creation(object);
    let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
    with(&request, json!({"namespace": namespace}))
}

fn policy(spec: Value) -> Value {
    json!({"apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": {"name": "p"}, "spec": spec})
}

fn rule(validate: Value) -> Value {
    policy(json!({"rules": [{
        "name": "r",
        "match": {"any": [{"resources": {"kinds": ["Pod"]}}]},
        "validate": validate,
    }]}))
}

fn expression(text: &str) -> Value {
    json!({
        "apiVersion": "policies.kyverno.io/v1",
        "kind": "ValidatingPolicy",
        "metadata": {"name": "p"},
        "spec": {
            "matchConstraints": {"resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]},
            "validations": [{"expression": text}],
        },
    })
}

fn exception(namespace: &str) -> Value {
    json!({
        "apiVersion": "kyverno.io/v2",
        "kind": "PolicyException",
        "metadata": {"name": "e", "namespace": namespace},
        "spec": {
            "exceptions": [{"policyName": "p", "ruleNames": ["r"]}],
            "match": {"any": [{"resources": {"kinds": ["Pod"]}}]},
        },
    })
}

#[test]
fn a_policy_that_does_not_compile_is_refused_with_the_place() {
    let running = running(ExceptionRules::Anywhere);
    let good = json!({"message": "m", "pattern": {"metadata": {"name": "?*"}}});
    for (object, parts) in [
        (
            rule(json!({"message": "{{ request. }}", "pattern": {"metadata": {"name": "?*"}}})),
            &["ClusterPolicy p:", "/spec/rules/0/validate/message"][..],
        ),
        (
            rule(json!({"pattern": {}, "deny": {}})),
            &["/spec/rules/0/validate"],
        ),
        (
            policy(json!({"rules": "none"})),
            &["spec.rules", "expected an array"],
        ),
        (
            expression("object.metadata.name =="),
            // The caret stands below the place in the expression.
            &[
                "ValidatingPolicy p:",
                "spec.validations[0].expression",
                "object.metadata.name ==",
                "^",
            ],
        ),
        (
            expression("object.metadata.name + 1 == 'a'[0]"),
            &["spec.validations[0].expression"],
        ),
    ] {
        let response = running.ask("/policyvalidate", &creation(&object));
        assert_eq!(response["allowed"], false, "{object}");
        let message = response["status"]["message"].as_str().unwrap();
        for part in parts {
            assert!(message.contains(part), "{part} in {message}");
        }
    }
    for object in [rule(good), expression("object.metadata.name != 'a'")] {
        let response = running.ask("/policyvalidate", &creation(&object));
        assert_eq!(response["allowed"], true, "{response}");
        assert_eq!(response["warnings"], Value::Null, "{response}");
    }
}

#[test]
fn lint_warns() {
    let running = running(ExceptionRules::Anywhere);
    let mut object = rule(json!({"message": "m", "pattern": {"metadata": {"name": "?*"}}}));
    object["spec"]["validationFailureAction"] = json!("enforce");
    let response = running.ask("/policyvalidate", &creation(&object));
    assert_eq!(response["allowed"], true, "{response}");
    let warning = response["warnings"][0].as_str().unwrap();
    assert!(
        warning.starts_with("/spec/validationFailureAction: "),
        "{warning}"
    );
}

#[test]
fn what_stays_or_goes_is_let_through() {
    let running = running(ExceptionRules::Anywhere);
    let broken = policy(json!({"rules": "none"}));
    let mut labelled = broken.clone();
    labelled["metadata"]["labels"] = json!({"a": "b"});
    let mut going = policy(json!({"rules": "nothing"}));
    going["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    let changed = policy(json!({"rules": "nothing"}));
    for (object, operation, wanted) in [
        (labelled, "UPDATE", true),
        (going, "UPDATE", true),
        (changed, "UPDATE", false),
        (Value::Null, "DELETE", true),
    ] {
        let changes = json!({"object": object, "oldObject": broken, "operation": operation});
        let request = with(&creation(&broken), changes);
        let response = running.ask("/policyvalidate", &request);
        assert_eq!(response["allowed"], wanted, "{object} {response}");
    }
}

/// CVE-2024-48921: whoever may write an exception in some namespace cannot let off what the cluster
/// forbids.
#[test]
fn exceptions_are_refused_where_they_let_nothing_off() {
    let granting = ExceptionRules::In("grants".to_owned());
    for (rules, namespace, allowed, said) in [
        (ExceptionRules::Anywhere, "shop", true, ""),
        (granting.clone(), "grants", true, ""),
        (
            granting,
            "shop",
            false,
            "exceptions in namespace `shop` let nothing off",
        ),
        (
            ExceptionRules::Nowhere,
            "grants",
            true,
            "exceptions let nothing off",
        ),
    ] {
        let running = running(rules.clone());
        let object = exception(namespace);
        let response = running.ask("/exceptionvalidate", &creation(&object));
        assert_eq!(response["allowed"], allowed, "{rules:?} {response}");
        assert!(response.to_string().contains(said), "{said} in {response}");
    }
    let running = running(ExceptionRules::Anywhere);
    let mut late = exception("shop");
    late["metadata"]["annotations"] = json!({"portcullis.io/expires": "soon"});
    let response = running.ask("/exceptionvalidate", &creation(&late));
    assert_eq!(response["allowed"], false, "{response}");
    assert!(
        response.to_string().contains("portcullis.io/expires"),
        "{response}"
    );
}
