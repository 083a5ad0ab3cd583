//! Reading a resource and writing it again gives the same; a mistake is named by its path.
#![expect(clippy::expect_used, reason = "a test may panic")]

use portcullis_api::cleanup_policy::CleanupPolicy;
use portcullis_api::cluster_policy::{Conditions, Policy, Rule};
use portcullis_api::policy_exception::PolicyException;
use portcullis_api::read::read;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

fn check<T: Serialize + DeserializeOwned>(value: &Value) {
    let read: T = read(value).expect("reads");
    assert_eq!(&serde_json::to_value(read).expect("writes"), value);
}

fn check_error<T: DeserializeOwned>(value: &Value, path: &str, message: &str) {
    let error = read::<T>(value).err().expect("fails");
    assert_eq!(
        (error.path_text().as_str(), error.message.as_str()),
        (path, message)
    );
}

#[test]
fn a_field_that_is_null_is_absent() {
    for (value, without) in [
        (
            json!({"name": "r", "match": {"any": [{"resources": {"kinds": ["Pod"], "names": null}, "roles": null}]},
                "context": null, "reportProperties": null, "validate": {"failureActionOverrides": null, "pattern": {"a": null}}}),
            json!({"name": "r", "match": {"any": [{"resources": {"kinds": ["Pod"]}}]}, "validate": {"pattern": {"a": null}}}),
        ),
        (
            json!({"name": "r", "match": {}, "mutate": {"targets": null, "foreach": null}}),
            json!({"name": "r", "match": {}, "mutate": {}}),
        ),
    ] {
        let (read, wanted): (Rule, Rule) =
            (read(&value).expect("reads"), read(&without).expect("reads"));
        assert_eq!(read, wanted);
    }
    check_error::<Rule>(
        &json!({"name": null, "match": {}}),
        "",
        "the field `name` is missing",
    );
    check_error::<Rule>(
        &json!({"name": "r", "match": {}, "contexts": null}),
        "contexts",
        "unknown field `contexts`; did you mean `context`?",
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
    for (part, path, message) in [
        (
            json!({"foreach": [{"list": "a", "paterns": {}}]}),
            "validate.foreach[0].paterns",
            "unknown field `paterns`; did you mean `pattern`?",
        ),
        (
            json!({"deny": {"when": 1}}),
            "validate.deny.when",
            "unknown field `when`, expected one of `conditions`",
        ),
        (
            json!({"failureAction": "Deny"}),
            "validate.failureAction",
            "unknown value `Deny`, expected one of `Audit`, `Enforce`, `audit`, `enforce`",
        ),
        (
            json!({"failureAction": "Enforced"}),
            "validate.failureAction",
            "unknown value `Enforced`; did you mean `Enforce`?",
        ),
        (
            json!({"failureAction": 1}),
            "validate.failureAction",
            "expected a string, found the number `1`; put it in quotes",
        ),
        (
            json!("x, expected y"),
            "validate",
            "expected an object, found the string `x, expected y`",
        ),
        (
            json!({"message": ["a"]}),
            "validate.message",
            "expected a string, found an array",
        ),
        (
            json!({"podSecurity": []}),
            "validate.podSecurity",
            "expected an object, found an array",
        ),
        (
            json!({"podSecurity": {"exclude": [{"images": []}]}}),
            "validate.podSecurity.exclude[0]",
            "the field `controlName` is missing",
        ),
        (
            json!({"allowExistingViolations": "yes"}),
            "validate.allowExistingViolations",
            "expected a boolean, found the string `yes`",
        ),
        (
            json!({"failureActionOverrides": {"action": "Audit"}}),
            "validate.failureActionOverrides",
            "expected an array, found an object",
        ),
    ] {
        check_error::<Rule>(&rule(part), path, message);
    }
    let both = json!({"any": [{"resources": {"kinds": ["Pod"]}}], "all": []});
    let together = "`any` and `all` stand together; keep one of them";
    check_error::<PolicyException>(
        &json!({"apiVersion": "kyverno.io/v2", "kind": "PolicyException", "spec": {"match": both, "exceptions": []}}),
        "spec.match",
        together,
    );
    check_error::<CleanupPolicy>(
        &json!({"apiVersion": "kyverno.io/v2", "kind": "CleanupPolicy", "spec": {"match": {}, "exclude": both, "schedule": "@daily"}}),
        "spec.exclude",
        together,
    );
    check_error::<Policy>(
        &json!({"apiVersion": "kyverno.io/v1", "kind": "Policy", "spec": {"webhookTimeoutSeconds": 1.5}}),
        "spec.webhookTimeoutSeconds",
        "expected a whole number, found the number `1.5`",
    );
    let conditions = Conditions(json!({"any": [{"key": 1, "operator": "In", "values": 1}]}));
    let odd = conditions.odd_fields();
    let odd: Vec<String> = odd.iter().map(ToString::to_string).collect();
    assert_eq!(
        odd,
        ["any[0].values: unknown field `values`; did you mean `value`?"]
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
