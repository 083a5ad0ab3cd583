//! DeletingPolicy: which objects it deletes.

use portcullis_engine::{
    compile,
    compile_options::CompileOptions,
    context::source::NoSource,
    evaluate,
    load::load,
    record::Silent,
    request::{GroupVersionKind, GroupVersionResource, Operation, Request},
};
use serde_json::{Value, json};

/// Checks what a policy that is about Pods says of an object named `a` in the namespace `shop`.
fn check(spec: &Value, resource: &str, expected: &[&str]) {
    let mut all = json!({
        "schedule": "0 3 * * *",
        "matchConstraints": {"resourceRules": [{
            "apiGroups": [""], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": ["pods"],
        }]},
    });
    if let (Some(all), Some(fields)) = (all.as_object_mut(), spec.as_object()) {
        all.extend(fields.clone());
    }
    let policy = json!({
        "apiVersion": "policies.kyverno.io/v1", "kind": "DeletingPolicy",
        "metadata": {"name": "p"}, "spec": all,
    });
    let (loaded, errors) = load(&policy);
    assert!(errors.is_empty(), "{errors:?}");
    let (set, errors) = compile(&loaded, &[], &CompileOptions::default());
    let object = json!({"metadata": {"name": "a", "namespace": "shop"}});
    let request = Request {
        operation: Operation::Create,
        kind: GroupVersionKind {
            group: String::new(),
            version: "v1".to_owned(),
            kind: "Pod".to_owned(),
        },
        resource: GroupVersionResource {
            group: String::new(),
            version: "v1".to_owned(),
            resource: resource.to_owned(),
        },
        name: "a",
        namespace: "shop",
        object: Some(&object),
        ..Request::default()
    };
    // What a request does makes no difference to a schedule.
    let deletion = Request {
        operation: Operation::Delete,
        object: None,
        old_object: Some(&object),
        ..request.clone()
    };
    for request in [request, deletion] {
        let responses = evaluate(&set, &request, &NoSource, &mut Silent);
        let rules = responses.iter().flat_map(|response| &response.rules);
        let refused = errors
            .iter()
            .map(|error| format!("{}: {}", error.path, error.message));
        let said = rules.map(|rule| format!("{} {}", rule.status.as_str(), rule.message));
        let said: Vec<String> = refused.chain(said).collect();
        assert_eq!(said, expected, "{spec}");
    }
}

fn condition(expression: &str) -> Value {
    json!({
        "variables": [{"name": "name", "expression": "object.metadata.name"}],
        "conditions": [{"name": "c", "expression": expression}],
    })
}

#[test]
fn an_object_that_meets_all_is_deleted() {
    check(&json!({}), "pods", &["pass resource matched"]);
    // Of what the constraints do not match nothing is said.
    check(&json!({}), "services", &[]);
    check(
        &condition("variables.name == 'a'"),
        "pods",
        &["pass resource matched"],
    );
    check(
        &condition("variables.name == 'b'"),
        "pods",
        &["fail resource did not match"],
    );
}

#[test]
fn a_schedule_has_no_request() {
    for expression in ["request.operation == 'CREATE'", "oldObject == null"] {
        let name = expression.split(['.', ' ']).next().unwrap();
        let error = format!("error no such attribute(s): {name}");
        check(&condition(expression), "pods", &[&error]);
    }
}

#[test]
fn what_cannot_be_decided_is_an_error() {
    check(
        &condition("object.spec.nodeName == 'x'"),
        "pods",
        &["error no such key: spec"],
    );
    // A condition that is false decides alone.
    let undecided = json!({"name": "a", "expression": "object.spec.nodeName == 'x'"});
    for (other, expected) in [
        ("object.metadata.name == 'b'", "fail resource did not match"),
        ("object.metadata.name == 'a'", "error no such key: spec"),
    ] {
        let other = json!({"name": "b", "expression": other});
        for conditions in [[&undecided, &other], [&other, &undecided]] {
            check(&json!({"conditions": conditions}), "pods", &[expected]);
        }
    }
    check(
        &json!({"schedule": "now and then"}),
        "pods",
        &[
            "spec.schedule: `now and then` is not a cron schedule: it has 3 fields, expected 5: minute, hour, day of month, month and day of week; 6 with a year after them; 7 with seconds before them too",
        ],
    );
    check(
        &json!({"schedule": "0 0 30 2 *"}),
        "pods",
        &["spec.schedule: `0 0 30 2 *` names no day that there is, and would never run; name one"],
    );
}
