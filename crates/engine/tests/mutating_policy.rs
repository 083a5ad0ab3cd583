//! MutatingPolicy: what it makes of an object, step by step.

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

fn policy(spec: &Value) -> Value {
    let mut all = json!({
        "matchConstraints": {"resourceRules": [{
            "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"],
        }]},
    });
    if let (Some(all), Some(fields)) = (all.as_object_mut(), spec.as_object()) {
        all.extend(fields.clone());
    }
    json!({
        "apiVersion": "policies.kyverno.io/v1", "kind": "MutatingPolicy",
        "metadata": {"name": "p", "namespace": "ignored"}, "spec": all,
    })
}

/// What the policy says of a Pod, and the object as it comes out.
fn change(spec: &Value) -> (Vec<String>, Option<Value>) {
    let (loaded, errors) = load(&policy(spec));
    assert!(errors.is_empty(), "{errors:?}");
    let (set, errors) = compile(&loaded, &[], &CompileOptions::default());
    if !errors.is_empty() {
        let said = errors.iter();
        return (
            said.map(|error| format!("{}: {}", error.path, error.message))
                .collect(),
            None,
        );
    }
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "a", "namespace": "shop"},
        "spec": {"containers": [{"name": "web", "image": "nginx"}, {"name": "log", "image": "fluent"}]},
    });
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
            resource: "pods".to_owned(),
        },
        name: "a",
        namespace: "shop",
        object: Some(&pod),
        ..Request::default()
    };
    let responses = evaluate(&set, &request, &NoSource, &mut Silent);
    let said = responses.iter().flat_map(|response| &response.rules);
    let said = said.map(|rule| format!("{} {}", rule.status.as_str(), rule.message));
    let patched = responses
        .iter()
        .find_map(|response| response.patched.as_deref());
    (said.collect(), patched.cloned())
}

/// Checks what the policy says, and what is at a place of the object that comes out.
fn check(spec: &Value, expected: &[&str], place: &str, value: Option<Value>) {
    let (said, object) = change(spec);
    assert_eq!(said, expected, "{spec}");
    let found = object.and_then(|object| object.pointer(place).cloned());
    assert_eq!(found, value, "{place} after {spec}");
}

fn apply(expression: &str) -> Value {
    json!({"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": expression}})
}

fn patch(expression: &str) -> Value {
    json!({"patchType": "JSONPatch", "jsonPatch": {"expression": expression}})
}

#[test]
fn mutations_see_the_object_as_the_one_before_left_it() {
    check(
        &json!({
            "variables": [{"name": "count", "expression": "size(object.spec.containers)"}],
            "mutations": [
                patch("[JSONPatch{op: 'remove', path: '/spec/containers/1'}]"),
                apply("Object{metadata: Object.metadata{labels: {'count': string(variables.count)}}}"),
            ],
        }),
        &["pass success"],
        "/metadata/labels/count",
        Some(json!("1")),
    );
}

#[test]
fn items_of_lists_merge_by_their_keys() {
    check(
        &json!({"mutations": [apply(
            "Object{spec: Object.spec{containers: object.spec.containers.map(c, \
             Object.spec.containers{name: c.name, imagePullPolicy: 'Always'})}}"
        )]}),
        &["pass success"],
        "/spec/containers/1",
        Some(json!({"name": "log", "image": "fluent", "imagePullPolicy": "Always"})),
    );
}

#[test]
fn a_condition_or_a_test_leaves_the_object_alone() {
    let never = json!([{"name": "never", "expression": "object.metadata.name == 'b'"}]);
    let label = patch("[JSONPatch{op: 'add', path: '/metadata/labels', value: {'a': 'b'}}]");
    check(
        &json!({"matchConditions": never, "mutations": [label]}),
        &["skip skip"],
        "",
        None,
    );
    check(
        &json!({"mutations": [patch(
            "[JSONPatch{op: 'test', path: '/spec/nodeName', value: 'x'}, \
             JSONPatch{op: 'remove', path: '/spec/containers'}]"
        )]}),
        &["pass success"],
        "",
        None,
    );
}

#[test]
fn a_mutation_that_fails_changes_nothing() {
    let label = patch("[JSONPatch{op: 'add', path: '/metadata/labels', value: {'a': 'b'}}]");
    check(
        &json!({"mutations": [label, patch("[JSONPatch{op: 'remove', path: '/spec/nope'}]")]}),
        &["error remove /spec/nope: there is nothing to remove"],
        "",
        None,
    );
    check(
        &json!({"mutations": [apply("Object{spec: Object.spec{nodeSelector: {'a': 'b'}}}")]}),
        &[
            "error may not mutate atomic arrays, maps or structs: .spec.nodeSelector; change them with a JSONPatch",
        ],
        "",
        None,
    );
}

#[test]
fn what_is_not_evaluated_is_an_error() {
    check(
        &json!({"targetMatchConstraints": {"resourceRules": []}, "mutations": []}),
        &["spec.targetMatchConstraints: changing objects that exist is not evaluated"],
        "",
        None,
    );
    let (said, _) = change(&json!({"mutations": [apply("'text'")]}));
    assert!(
        said.concat()
            .starts_with("spec.mutations[0].applyConfiguration.expression: "),
        "{said:?}"
    );
}
