//! Reading a resource and writing it again gives the same; a mistake is named by its path.
#![expect(clippy::expect_used, reason = "a test may panic")]

use portcullis_api::cluster_policy::{Conditions, Policy, Rule};
use portcullis_api::policy_exception::PolicyException;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

fn check<T: Serialize + DeserializeOwned>(value: &Value) {
    let read: T = serde_path_to_error::deserialize(value).expect("reads");
    assert_eq!(&serde_json::to_value(read).expect("writes"), value);
}

fn check_error<T: DeserializeOwned>(value: &Value, path: &str, message: &str) {
    let error = serde_path_to_error::deserialize::<_, T>(value)
        .err()
        .expect("fails");
    assert_eq!(error.path().to_string(), path);
    assert!(
        error.inner().to_string().contains(message),
        "{}",
        error.inner()
    );
}

#[test]
fn rules_keep_everything() {
    let filter = json!({"resources": {"kinds": ["Pod"], "selector": {"matchLabels": {"a": "*"}},
        "operations": ["CREATE", "UPDATE"]}, "subjects": [{"kind": "User", "name": "a"}]});
    for body in [
        json!({"validate": {"message": "m", "pattern": {"=(spec)": {"x": null, "n": 5.0}}}}),
        json!({"validate": {"failureActionOverrides": [{"action": "enforce", "namespaces": ["a"]}],
            "foreach": [{"list": "l", "elementScope": false,
                "foreach": [{"list": "m", "deny": {"conditions": {"any": []}}}]}]}}),
        json!({"validate": {"podSecurity": {"level": "baseline", "version": "latest",
            "exclude": [{"controlName": "Seccomp", "images": ["*"]}]}}}),
        json!({"mutate": {"foreach": [{"list": "l", "order": "Descending", "patchesJson6902": "[]"}]}}),
        json!({"generate": {"kind": "ConfigMap", "data": {"a": [1, null]}, "synchronize": true}}),
        json!({"verifyImages": [{"imageReferences": ["*"], "cosignOCI11": true, "attestors":
            [{"count": 1, "entries": [{"keyless": {"issuerRegExp": "x", "ctlog": {"ignoreSCT": true}}}]}]}]}),
        json!({"preconditions": [{"key": 1, "operator": "Equals", "value": [1]}],
            "context": [{"name": "a", "apiCall": {"method": "GET", "jmesPath": "x", "default": {}}}]}),
    ] {
        let mut rule = json!({"name": "r", "match": {"any": [filter]}, "exclude": {"all": []}});
        let fields = rule.as_object_mut().expect("object");
        fields.extend(body.as_object().expect("object").clone());
        check::<Rule>(&rule);
    }
}

#[test]
fn resources_keep_everything() {
    let head =
        json!({"name": "p", "labels": {"a": "b"}, "creationTimestamp": "2026-01-01T00:00:00Z"});
    check::<Policy>(
        &json!({"apiVersion": "kyverno.io/v2beta1", "kind": "ClusterPolicy", "metadata": head,
        "spec": {"validationFailureAction": "audit", "background": false}}),
    );
    check::<PolicyException>(
        &json!({"apiVersion": "kyverno.io/v2", "kind": "PolicyException",
        "metadata": head, "spec": {"match": {"any": [{"resources": {"names": ["a"]}}]},
        "exceptions": [{"policyName": "p", "ruleNames": ["r"]}]}}),
    );
}

#[test]
fn mistakes_have_a_path() {
    let rule = |part: Value| json!({"name": "r", "match": {"any": []}, "validate": part});
    check_error::<Rule>(
        &rule(json!({"foreach": [{"list": "a", "paterns": {}}]})),
        "validate.foreach[0].paterns",
        "unknown field `paterns`",
    );
    check_error::<Rule>(
        &rule(json!({"failureAction": "Deny"})),
        "validate.failureAction",
        "Deny",
    );
    check_error::<Rule>(
        &json!({"name": "r", "match": {"any": [{"resources": {"kinds": "Pod"}}]}}),
        "match.any[0].resources.kinds",
        "expected a sequence",
    );
    let conditions = Conditions(json!({"any": [{"key": 1, "operator": "In", "values": 1}]}));
    assert_eq!(
        conditions.parse().expect_err("fails").path().to_string(),
        "any[0].values"
    );
}

#[test]
fn both_forms_of_conditions_are_read() {
    let list = Conditions(json!([{"key": 1, "operator": "Equals", "value": 1}]))
        .parse()
        .expect("reads");
    assert_eq!((list.any, list.all.map(|all| all.len())), (None, Some(1)));
    let typed = Conditions(json!({"any": []})).parse().expect("reads");
    assert_eq!((typed.any.map(|any| any.len()), typed.all), (Some(0), None));
}
