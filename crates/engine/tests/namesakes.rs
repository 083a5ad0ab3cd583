//! Lists of the kinds of `policies.kyverno.io` whose elements are told apart by a field.
#![allow(clippy::indexing_slicing, reason = "a test fails by it")]

use portcullis_engine::{compile, compile_options::CompileOptions, load::load};
use serde_json::{Value, json};

/// Checks what is wrong with a policy of a kind whose `list` holds an element twice.
fn check(kind: &str, list: &str, twins: &Value, expected: &str) {
    let mut spec = json!({"matchConstraints": {"resourceRules": [{
        "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"],
    }]}});
    let (field, value) = match kind {
        "ValidatingPolicy" => ("validations", json!([{"expression": "true"}])),
        "MutatingPolicy" => ("mutations", json!([])),
        "GeneratingPolicy" => ("generate", json!([{"expression": "true"}])),
        _ => ("schedule", json!("0 3 * * *")),
    };
    spec[field] = value;
    spec[list] = twins.clone();
    let policy = json!({
        "apiVersion": "policies.kyverno.io/v1", "kind": kind, "metadata": {"name": "p"}, "spec": spec,
    });
    let (loaded, errors) = load(&policy);
    assert!(errors.is_empty(), "{kind} {errors:?}");
    let (_, errors) = compile(&loaded, &[], &CompileOptions::default());
    let said = errors
        .iter()
        .map(|error| format!("{}: {}", error.path, error.message));
    let said: Vec<String> = said.collect();
    assert_eq!(said, [expected], "{kind} {list}");
}

#[test]
fn each_stands_once() {
    let named = json!([
        {"name": "x", "expression": "true"}, {"name": "y", "expression": "true"}, {"name": "x", "expression": "true"},
    ]);
    for kind in [
        "ValidatingPolicy",
        "MutatingPolicy",
        "GeneratingPolicy",
        "DeletingPolicy",
    ] {
        let conditions = match kind {
            "DeletingPolicy" => "conditions",
            _ => "matchConditions",
        };
        for list in [conditions, "variables"] {
            let expected = format!(
                "spec.{list}[2].name: `x` stands in spec.{list}[0], too; the API server takes each once"
            );
            check(kind, list, &named, &expected);
        }
    }
    check(
        "MutatingPolicy",
        "targetMatchConditions",
        &named,
        "spec.targetMatchConditions[2].name: `x` stands in spec.targetMatchConditions[0], too; the API server takes each once",
    );
    check(
        "ValidatingPolicy",
        "validationActions",
        &json!(["Deny", "Deny"]),
        "spec.validationActions[1]: `Deny` stands in spec.validationActions[0], too; the API server takes each once",
    );
}
