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

/// A policy that compiles, and is refused when it is written.
fn without_rules(kind: &str) -> Value {
    let mut object = expression("true");
    object["kind"] = json!(kind);
    object["spec"]["matchConstraints"] = json!({"resourceRules": []});
    object
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
    let calling = expression("http.Get('https://x').ok == true");
    for object in [
        rule(good),
        expression("object.metadata.name != 'a'"),
        calling,
    ] {
        let response = running.ask("/policyvalidate", &creation(&object));
        assert_eq!(response["allowed"], true, "{response}");
        assert_eq!(response["warnings"], Value::Null, "{response}");
    }
}

#[test]
fn what_kyverno_refuses_of_a_policy_in_cel_is_refused() {
    let running = running(ExceptionRules::Anywhere);
    let mut off = expression("");
    off["kind"] = json!("MutatingPolicy");
    let spec = off["spec"].as_object_mut().unwrap();
    spec.remove("validations");
    spec.insert(
        "evaluation".to_owned(),
        json!({"admission": {"enabled": false}}),
    );
    let patch = json!({"patchType": "JSONPatch", "jsonPatch": {"expression": "[JSONPatch{op: 'remove', path: '/a'}]"}});
    spec.insert("mutations".to_owned(), json!([patch]));
    let mut calling = expression("http.Get('https://x').ok == true");
    calling["kind"] = json!("NamespacedValidatingPolicy");
    calling["metadata"]["namespace"] = json!("shop");
    for (object, said) in [
        (
            without_rules("ValidatingPolicy"),
            "ValidatingPolicy p:\n/spec/matchConstraints: the policy does not say which resources it is about; \
             write `resourceRules` with `apiGroups`, `apiVersions`, `operations` and `resources`",
        ),
        (
            off,
            "MutatingPolicy p:\n/spec/evaluation: `admission` and `mutateExisting` are both off, so the policy \
             never runs; turn one of them on",
        ),
        (
            calling,
            "NamespacedValidatingPolicy p:\n/spec/validations/0/expression: a policy of one namespace calls no \
             service; use the kind without `Namespaced`, which whoever rules the cluster writes",
        ),
    ] {
        let response = running.ask("/policyvalidate", &creation(&object));
        assert_eq!(response["allowed"], false, "{object}");
        assert_eq!(response["status"]["message"], said, "{object}");
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
    let metadata = |object: &Value, field: &str, value: Value| {
        let mut changed = object.clone();
        changed["metadata"][field] = value;
        changed
    };
    let mut failing = without_rules("ValidatingPolicy");
    failing["spec"]["failurePolicy"] = json!("Ignore");
    for (broken, changed) in [
        (
            policy(json!({"rules": "none"})),
            policy(json!({"rules": "nothing"})),
        ),
        (
            rule(json!({"pattern": {}, "deny": {}})),
            rule(json!({"pattern": {}, "deny": {"conditions": {}}})),
        ),
        (without_rules("ValidatingPolicy"), failing),
        (
            exception("shop"),
            metadata(
                &exception("shop"),
                "annotations",
                json!({"portcullis.io/expires": "soon"}),
            ),
        ),
    ] {
        let path = match broken["kind"] == "PolicyException" {
            true => "/exceptionvalidate",
            false => "/policyvalidate",
        };
        let same = |field: &str, value: Value| (metadata(&broken, field, value), "UPDATE", true);
        for (object, operation, wanted) in [
            same("labels", json!({"a": "b"})),
            same("finalizers", json!(["a.io/b"])),
            same("annotations", json!({"a": "b"})),
            (
                metadata(&changed, "deletionTimestamp", json!("2026-01-01T00:00:00Z")),
                "UPDATE",
                true,
            ),
            (changed.clone(), "UPDATE", false),
            (Value::Null, "DELETE", true),
        ] {
            let changes = json!({"object": object, "oldObject": broken, "operation": operation});
            let request = with(&creation(&broken), changes);
            let response = running.ask(path, &request);
            assert_eq!(response["allowed"], wanted, "{object} {response}");
        }
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
    for (kind, expression, said) in [
        ("ValidatingPolicy", "object.metadata.name == 'a'", ""),
        (
            "ValidatingPolicy",
            "object.metadata.name ==",
            "spec.matchConditions[0].expression",
        ),
        (
            "ValidatingPolicy",
            "object.size() > 'a'",
            "no matching overload",
        ),
        ("MutatingPolicy", "variables.a", "undefined field 'a'"),
        // Of a policy that answers Envoy.
        (
            "ValidatingPolicy",
            "object.attributes.request.http.method == 'GET'",
            "",
        ),
        ("Elsewhere", "not one of ours (", ""),
    ] {
        let object = json!({
            "apiVersion": "policies.kyverno.io/v1",
            "kind": "PolicyException",
            "metadata": {"name": "a", "namespace": "shop"},
            "spec": {
                "policyRefs": [{"name": "p", "kind": kind}],
                "matchConditions": [{"name": "c", "expression": expression}],
            },
        });
        let response = running.ask("/exceptionvalidate", &creation(&object));
        assert_eq!(
            response["allowed"],
            said.is_empty(),
            "{expression} {response}"
        );
        assert!(response.to_string().contains(said), "{said} in {response}");
    }
    let mut late = exception("shop");
    late["metadata"]["annotations"] = json!({"portcullis.io/expires": "soon"});
    let response = running.ask("/exceptionvalidate", &creation(&late));
    assert_eq!(response["allowed"], false, "{response}");
    assert!(
        response.to_string().contains("portcullis.io/expires"),
        "{response}"
    );
}
