//! The form of native policies: for each field, one that is as the API server wants it, and one that is not.

use serde_json::{Value, json};

use super::*;

fn rules(changes: &Value) -> Value {
    let mut rule = json!({
        "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"],
    });
    merge(&mut rule, changes);
    json!({"resourceRules": [rule]})
}

fn merge(into: &mut Value, changes: &Value) {
    for (field, value) in changes.as_object().into_iter().flatten() {
        into[field] = value.clone();
    }
}

fn paths(faults: Vec<(String, String)>) -> Vec<String> {
    faults.into_iter().map(|(path, _)| path).collect()
}

#[test]
fn a_policy_that_validates_has_the_form_of_the_api_server() {
    let rule = |changes: &Value| json!({"matchConstraints": rules(changes)});
    let validation = |more: Value| {
        let mut validation = json!({"expression": "true"});
        merge(&mut validation, &more);
        json!({"validations": [validation]})
    };
    let named = |names: &[&str]| -> Vec<Value> {
        let all = names.iter();
        all.map(|name| json!({"name": name, "expression": "true"}))
            .collect()
    };
    let many: Vec<String> = (0..65).map(|number| format!("c{number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for (changes, expected) in [
        (json!({}), vec![]),
        (
            validation(json!({"reason": "Forbidden", "message": "one line"})),
            vec![],
        ),
        (
            validation(json!({"reason": "Unauthorized"})),
            vec!["spec.validations[0].reason"],
        ),
        (
            validation(json!({"message": " "})),
            vec!["spec.validations[0].message"],
        ),
        (
            validation(json!({"message": "a\nb"})),
            vec!["spec.validations[0].message"],
        ),
        (json!({"validations": []}), vec!["spec.validations"]),
        (
            json!({"validations": [], "auditAnnotations": [{"key": "a", "valueExpression": "''"}]}),
            vec![],
        ),
        (
            json!({"matchConstraints": null}),
            vec!["spec.matchConstraints"],
        ),
        (
            json!({"matchConstraints": {}}),
            vec!["spec.matchConstraints.resourceRules"],
        ),
        (
            rule(&json!({"apiGroups": [], "operations": ["Create"]})),
            vec![
                "spec.matchConstraints.resourceRules[0].apiGroups",
                "spec.matchConstraints.resourceRules[0].operations[0]",
            ],
        ),
        (
            rule(&json!({"apiVersions": ["v1", "*"], "scope": "cluster"})),
            vec![
                "spec.matchConstraints.resourceRules[0].apiVersions",
                "spec.matchConstraints.resourceRules[0].scope",
            ],
        ),
        (rule(&json!({"resources": ["*", "*/scale"]})), vec![]),
        (
            rule(&json!({"resources": ["*", "pods"]})),
            vec!["spec.matchConstraints.resourceRules[0].resources"],
        ),
        (
            rule(&json!({"resources": ["*/*", "pods"]})),
            vec!["spec.matchConstraints.resourceRules[0].resources"],
        ),
        (
            json!({"matchConditions": named(&["a", "b.c/d", "a", "a b"])}),
            vec![
                "spec.matchConditions[2].name",
                "spec.matchConditions[3].name",
            ],
        ),
        (
            json!({"matchConditions": named(&many)}),
            vec!["spec.matchConditions"],
        ),
        (
            json!({"variables": named(&["_a1", "a-b", "in"])}),
            vec!["spec.variables[1].name", "spec.variables[2].name"],
        ),
        (
            json!({"auditAnnotations": [
                {"key": "a", "valueExpression": "''"},
                {"key": "a", "valueExpression": "''"},
                {"key": "a/b", "valueExpression": "a".repeat(6000)},
            ]}),
            vec![
                "spec.auditAnnotations[1].key",
                "spec.auditAnnotations[2].key",
                "spec.auditAnnotations[2].valueExpression",
            ],
        ),
        (
            json!({"paramKind": {"kind": "ConfigMap"}}),
            vec!["spec.paramKind"],
        ),
    ] {
        let mut spec = json!({
            "matchConstraints": rules(&json!({})),
            "validations": [{"expression": "true"}],
        });
        merge(&mut spec, &changes);
        let spec = serde_json::from_value(spec).unwrap();
        assert_eq!(paths(of_validating(&spec)), expected, "{changes}");
    }
}

#[test]
fn a_policy_that_mutates_has_the_form_of_the_api_server() {
    let mutation = json!({"patchType": "JSONPatch", "jsonPatch": {"expression": "[]"}});
    for (operation, mutations, reinvocation, expected) in [
        ("CREATE", json!([mutation]), "Never", vec![]),
        ("CREATE", json!([]), "Never", vec!["spec.mutations"]),
        (
            "CREATE",
            json!([mutation]),
            "Always",
            vec!["spec.reinvocationPolicy"],
        ),
        (
            "DELETE",
            json!([mutation]),
            "IfNeeded",
            vec!["spec.matchConstraints.resourceRules[0].operations[0]"],
        ),
    ] {
        let spec = json!({
            "matchConstraints": rules(&json!({"operations": [operation]})),
            "mutations": mutations,
            "reinvocationPolicy": reinvocation,
        });
        let spec = serde_json::from_value(spec).unwrap();
        assert_eq!(paths(of_mutating(&spec)), expected);
    }
}

#[test]
fn a_binding_has_the_form_of_the_api_server() {
    for (changes, expected) in [
        (json!({}), vec![]),
        (
            json!({"validationActions": []}),
            vec!["spec.validationActions"],
        ),
        (
            json!({"validationActions": ["Deny", "Warn"]}),
            vec!["spec.validationActions"],
        ),
        (
            json!({"validationActions": ["Audit", "Audit"]}),
            vec!["spec.validationActions"],
        ),
        (
            json!({"paramRef": {"name": "a", "parameterNotFoundAction": "Deny"}}),
            vec![],
        ),
        (
            json!({"paramRef": {"name": "a", "parameterNotFoundAction": "deny"}}),
            vec!["spec.paramRef.parameterNotFoundAction"],
        ),
        (
            json!({"paramRef": {"name": "a", "selector": {}}}),
            vec!["spec.paramRef", "spec.paramRef"],
        ),
        (
            json!({"matchResources": {"matchPolicy": "exact"}}),
            vec!["spec.matchResources.matchPolicy"],
        ),
    ] {
        let mut binding = json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": "b"},
            "spec": {"policyName": "p", "validationActions": ["Deny"]},
        });
        merge(&mut binding["spec"], &changes);
        let binding = serde_json::from_value(binding).unwrap();
        assert_eq!(paths(of_binding(&binding)), expected, "{changes}");
    }
}
