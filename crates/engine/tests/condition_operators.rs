//! Operators in `conditions` of exceptions and cleanup policies.
#![allow(missing_docs, reason = "tests")]

use portcullis_engine::load::load;
use serde_json::{Value, json};

/// Whether both kinds take an operator, or say where it stands.
#[track_caller]
fn check(operator: &Value, is_taken: bool) {
    let condition = json!({"key": "a", "operator": operator, "value": "b"});
    let selected = json!({"any": [{"resources": {"kinds": ["Pod"]}}]});
    let conditions = json!({"all": [{"key": "a", "operator": "Equals", "value": "b"}, condition]});
    let specs = [
        (
            "PolicyException",
            json!({"match": selected, "conditions": conditions, "exceptions": [{"policyName": "p", "ruleNames": ["r"]}]}),
        ),
        (
            "ClusterCleanupPolicy",
            json!({"match": selected, "conditions": conditions, "schedule": "* * * * *"}),
        ),
    ];
    for (kind, spec) in specs {
        for version in ["kyverno.io/v2", "kyverno.io/v2beta1"] {
            let (loaded, errors) = load(
                &json!({"apiVersion": version, "kind": kind, "metadata": {"name": "a"}, "spec": spec}),
            );
            assert_eq!(
                loaded.len(),
                usize::from(is_taken),
                "{operator}: {errors:?}"
            );
            let place = "`spec.conditions.all[1].operator`: ";
            let is_placed = |error: String| error.starts_with(place);
            assert!(
                errors.iter().all(|error| is_placed(error.to_string())),
                "{errors:?}"
            );
            assert_eq!(errors.is_empty(), is_taken);
        }
    }
}

#[test]
fn those_of_the_definition() {
    for operator in ["Equals", "AnyIn", "LessThanOrEquals", "DurationGreaterThan"] {
        check(&json!(operator), true);
    }
    for operator in ["Equal", "NotEqual", "equals", "In", "NotIn", "Is", ""] {
        check(&json!(operator), false);
    }
}
