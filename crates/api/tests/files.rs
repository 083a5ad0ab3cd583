//! Files that people write: tests with their companions, and this tool's own.
#![expect(clippy::expect_used, reason = "a test may panic")]

use portcullis_api::environment::{Environment, EnvironmentAction};
use portcullis_api::parameters::Parameters;
use portcullis_api::test_file::Test;
use portcullis_api::values_file::Values;
use portcullis_api::workspace::Workspace;
use serde_json::{Value, json};

fn test_file(results: Value) -> Value {
    json!({"apiVersion": "cli.kyverno.io/v1alpha1", "kind": "Test", "metadata": {"name": "t"}, "results": results})
}

/// Checks the paths and the starts of the messages of a suite's mistakes.
fn check_mistakes(file: &Value, wanted: &[(&str, &str)]) {
    let errors = Test::from_value(file).expect_err("fails");
    let found: Vec<String> = errors.iter().map(|error| error.path_text()).collect();
    assert_eq!(
        found,
        wanted.iter().map(|(path, _)| *path).collect::<Vec<_>>()
    );
    for (error, (_, message)) in errors.iter().zip(wanted) {
        assert!(error.message.starts_with(message), "{}", error.message);
    }
}

#[test]
fn keys_of_a_suite_are_read_in_any_case() {
    let file = test_file(
        json!([{"Policy": "p", "isMUtatingPolicy": true, "RESULT": "pass", "rule": 7,
        "resources": ["a", 1, true], "kind": null, "patchedresources": "x.yaml"}]),
    );
    let test = Test::from_value(&file).expect("reads");
    let result = test.results.first().expect("one");
    assert_eq!(
        (result.policy.as_str(), result.is_mutating_policy),
        ("p", Some(true))
    );
    assert_eq!(
        (result.rule.as_deref(), result.kind.as_deref()),
        (Some("7"), None)
    );
    assert_eq!(
        result.resources.as_deref(),
        Some(["a", "1", "true"].map(str::to_owned).as_slice())
    );
    assert_eq!(result.patched_resources.as_deref(), Some("x.yaml"));
}

#[test]
fn free_keys_keep_their_case_and_values_their_type() {
    let file = json!({"kind": "Values", "globalvalues": {"Request.Operation": "UPDATE", "n": 1, "x": null},
        "policies": [{"name": "p", "rules": [{"name": "r", "forEachValues": {"A": [1, {"b": true}]}}]}]});
    let values = Values::from_value(&file).expect("reads").into_spec();
    assert_eq!(
        json!(values.global_values),
        json!({"Request.Operation": "UPDATE", "n": 1, "x": null})
    );
    let rule = values
        .policies
        .first()
        .and_then(|policy| policy.rules.first())
        .expect("one");
    assert_eq!(json!(rule.foreach_values), json!({"A": [1, {"b": true}]}));
}

#[test]
fn mistakes_in_a_suite_are_named_all_at_once() {
    check_mistakes(
        &test_file(
            json!([{"policy": "p", "Policy": "q", "result": "pass", "ressources": []}, {"status": "pass"}]),
        ),
        &[
            (
                "results[0].Policy",
                "`Policy` is `policy`, which is set twice",
            ),
            (
                "results[0].ressources",
                "unknown field `ressources`; did you mean `resources`?",
            ),
            ("results[1].status", "unknown field `status`"),
        ],
    );
    check_mistakes(
        &test_file(json!([{"result": "pass"}])),
        &[("results[0]", "the field `policy` is missing")],
    );
    check_mistakes(
        &test_file(json!([{"policy": "p", "resources": "x"}])),
        &[("results[0].resources", "expected an array")],
    );
    check_mistakes(
        &test_file(json!({"policy": "p"})),
        &[("results", "expected an array")],
    );
}

#[test]
fn a_workspace_has_defaults() {
    let head = json!({"apiVersion": "portcullis.io/v1alpha1", "kind": "Workspace"});
    let workspace: Workspace = serde_json::from_value(head).expect("reads");
    let spec = workspace.spec;
    assert_eq!(
        (spec.library(), spec.environments_path()),
        ("policy-library", "environments")
    );
    assert!(spec.strict_tests() && !spec.strict_validation());
}

#[test]
fn an_environment_combines_its_own_settings_with_the_policy_s() {
    let environment: Environment = serde_json::from_value(json!({
        "apiVersion": "portcullis.io/v1alpha1", "kind": "Environment",
        "spec": {"sets": ["a"], "action": "Enforce", "exclude": [{"namespaces": ["kube-*"]}], "policies": {
            "a/off": {"enabled": false}, "b/on": {"enabled": true, "action": "Audit"},
            "a/some": {"exclude": [{"kinds": ["Job"], "reason": "r"}]}}}}))
    .expect("reads");
    let spec = environment.spec;
    let enabled = [("a", "any"), ("a", "off"), ("b", "any"), ("b", "on")]
        .map(|(set, name)| spec.enables(set, name));
    assert_eq!(enabled, [true, false, false, true]);
    assert_eq!(spec.action_of("a", "any"), Some(EnvironmentAction::Enforce));
    assert_eq!(
        spec.action_of("b", "on").map(EnvironmentAction::as_str),
        Some("Audit")
    );
    let filters: Vec<Value> = spec
        .exclusions_of("a", "some")
        .map(|exclusion| json!(exclusion.to_filter()))
        .collect();
    assert_eq!(
        filters,
        [
            json!({"resources": {"namespaces": ["kube-*"]}}),
            json!({"resources": {"kinds": ["Job"]}})
        ]
    );
}

#[test]
fn parameters_become_a_schema_of_values() {
    let parameters: Parameters = serde_json::from_value(json!({
        "apiVersion": "portcullis.io/v1alpha1", "kind": "Parameters",
        "spec": {"parameters": {
            "registries": {"description": "d", "type": "array", "minItems": 1, "items":
                {"type": "object", "properties": {"host": {"type": "string", "minLength": 1}}, "required": ["host"]}},
            "level": {"type": "integer", "minimum": 1, "default": 3, "enum": [1, 3], "deprecated": "use x"}}}}))
    .expect("reads");
    assert_eq!(
        parameters.spec.values_schema(),
        json!({
            "type": "object", "required": ["registries"], "additionalProperties": false,
            "properties": {
                "registries": {"description": "d", "type": "array", "minItems": 1, "items": {"type": "object",
                    "properties": {"host": {"type": "string", "minLength": 1}}, "required": ["host"],
                    "additionalProperties": false}},
                "level": {"type": "integer", "minimum": 1, "default": 3, "enum": [1, 3], "deprecated": true}},
        })
    );
}
