//! MutatingPolicy: what it makes of an object, step by step.

use portcullis_engine::{
    compile,
    compile_options::CompileOptions,
    context::source::{ContextSource, Lookup, NoSource},
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
        &["error failed to evaluate policy: remove /spec/nope: there is nothing to remove"],
        "",
        None,
    );
    // A `test` says no of a value that is another one, not of a place that there is not.
    for (path, value, said) in [
        ("/spec/nope/x", "'a'", "there is nothing at /spec/nope/x"),
        ("/spec/nope/x", "null", "there is nothing at /spec/nope/x"),
        (
            "/spec/containers/9",
            "null",
            "there is nothing at /spec/containers/9",
        ),
        ("/spec/containers/x", "'a'", "`x` is no index of a list"),
    ] {
        let test = format!("[JSONPatch{{op: 'test', path: '{path}', value: {value}}}]");
        check(
            &json!({"mutations": [patch(&test)]}),
            &[&format!(
                "error failed to evaluate policy: test {path}: {said}"
            )],
            "",
            None,
        );
    }
    for (path, value, named) in [
        ("/spec/nope", "null", None),
        ("/spec/priority", "7.0", Some(json!("x"))),
        (
            "/spec/containers/-1",
            "{'name': 'log', 'image': 'fluent'}",
            Some(json!("x")),
        ),
    ] {
        let test = format!(
            "[JSONPatch{{op: 'test', path: '{path}', value: {value}}}, \
             JSONPatch{{op: 'add', path: '/spec/nodeName', value: 'x'}}]"
        );
        check(
            &json!({"mutations": [patch("[JSONPatch{op: 'add', path: '/spec/priority', value: 7}]"), patch(&test)]}),
            &["pass success"],
            "/spec/nodeName",
            named,
        );
    }
    check(
        &json!({"mutations": [apply("Object{spec: Object.spec{nodeSelector: {'a': 'b'}}}")]}),
        &[
            "error failed to evaluate policy: may not mutate atomic arrays, maps or structs: .spec.nodeSelector; change them with a JSONPatch",
        ],
        "",
        None,
    );
}

#[test]
fn an_expression_of_another_type_is_refused() {
    let targets = json!({
        "evaluation": {"mutateExisting": {"enabled": true}},
        "targetMatchConstraints": {"expression": "'text'"},
        "mutations": [],
    });
    let (said, _) = change(&targets);
    assert!(
        said.concat()
            .starts_with("spec.targetMatchConstraints.expression: the expression gives `string`"),
        "{said:?}"
    );
    let (said, _) = change(&json!({"mutations": [apply("'text'")]}));
    assert!(
        said.concat()
            .starts_with("spec.mutations[0].applyConfiguration.expression: "),
        "{said:?}"
    );
}

/// Two ConfigMaps that exist.
struct ConfigMaps;

impl ContextSource for ConfigMaps {
    fn now(&self) -> i128 {
        0
    }

    fn random(&self) -> u64 {
        0
    }

    fn matching_objects(&self, _: &str, kind: &str) -> Lookup {
        let object = |namespace: &str, name: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": namespace, "name": name}});
        match kind {
            "ConfigMap" => Lookup::Found(json!([object("shop", "a"), object("other", "b")])),
            _ => Lookup::NotFound,
        }
    }
}

/// Checks what a policy makes of existing objects: status, message, namespace, name and labels.
fn check_targets(kind: &str, spec: &Value, expected: &[&str]) {
    let mut written = policy(spec);
    if let Some(name) = written.get_mut("kind") {
        *name = kind.into();
    }
    if let Some(namespace) = written.pointer_mut("/metadata/namespace") {
        *namespace = "shop".into();
    }
    let (loaded, errors) = load(&written);
    assert!(errors.is_empty(), "{errors:?}");
    let (set, errors) = compile(&loaded, &[], &CompileOptions::default());
    assert!(errors.is_empty(), "{errors:?}");
    let pod =
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "shop"}});
    let request = Request {
        operation: Operation::Create,
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
    let responses = evaluate(&set, &request, &ConfigMaps, &mut Silent);
    let rules = responses.iter().flat_map(|response| &response.rules);
    let said = rules.map(|rule| {
        let target = rule.detail.as_ref();
        let target = target.and_then(|detail| detail.patched_target.as_ref());
        let metadata = target.and_then(|target| target.get("metadata"));
        let metadata = metadata.map(|metadata| format!(" {metadata}"));
        let (status, metadata) = (rule.status.as_str(), metadata.unwrap_or_default());
        format!("{status} {}{metadata}", rule.message)
    });
    assert_eq!(said.collect::<Vec<_>>(), expected, "{kind} {spec}");
}

#[test]
fn existing_objects_are_changed() {
    let spec = |further: Value| {
        let mut spec = json!({
            "evaluation": {"mutateExisting": {"enabled": true}, "admission": {"enabled": false}},
            "targetMatchConstraints": {"resourceRules": [{
                "apiGroups": [""], "apiVersions": ["v1"], "operations": ["UPDATE"],
                "resources": ["configmaps"],
            }]},
            "mutations": [apply(
                "Object{metadata: Object.metadata{labels: {'by': request.object.metadata.name + object.metadata.name}}}"
            )],
        });
        if let (Some(spec), Some(further)) = (spec.as_object_mut(), further.as_object()) {
            spec.extend(further.clone());
        }
        spec
    };
    let a = r#"pass success {"labels":{"by":"aa"},"name":"a","namespace":"shop"}"#;
    let b = r#"pass success {"labels":{"by":"ab"},"name":"b","namespace":"other"}"#;
    check_targets("MutatingPolicy", &spec(json!({})), &[a, b]);
    check_targets("NamespacedMutatingPolicy", &spec(json!({})), &[a]);
    let condition =
        json!([{"name": "c", "expression": "object.metadata.namespace != request.namespace"}]);
    check_targets(
        "MutatingPolicy",
        &spec(json!({"targetMatchConditions": condition})),
        &[b],
    );
    let unmet = json!([{"name": "c", "expression": "object.metadata.name == 'b'"}]);
    check_targets(
        "MutatingPolicy",
        &spec(json!({"matchConditions": unmet})),
        &[],
    );
    let named = json!({"expression": "{'kind': dyn('Secret'), 'apiVersion': dyn('v1'), 'metadata': dyn({'name': 'z'})}"});
    let found = r#"pass success {"labels":{"by":"az"},"name":"z"}"#;
    check_targets(
        "MutatingPolicy",
        &spec(json!({"targetMatchConstraints": named})),
        &[found],
    );
    let trigger = json!({"evaluation": {"mutateExisting": {"enabled": true}}});
    check_targets("MutatingPolicy", &spec(trigger), &["pass success", a, b]);
}

#[test]
fn what_a_map_lacks_is_replaced_and_copied_as_null() {
    for (operations, said, name) in [
        (
            "[JSONPatch{op: 'replace', path: '/spec/nodeName', value: 'x'}]",
            "pass success",
            Some(json!("x")),
        ),
        (
            "[JSONPatch{op: 'copy', from: '/spec/nope', path: '/spec/nodeName'}]",
            "pass success",
            Some(Value::Null),
        ),
        (
            "[JSONPatch{op: 'replace', path: '/spec/nope/deeper', value: 'x'}]",
            "error failed to evaluate policy: replace /spec/nope/deeper: there is no map or list at /spec/nope/",
            None,
        ),
    ] {
        let spec = json!({"mutations": [patch(operations)]});
        check(&spec, &[said], "/spec/nodeName", name);
    }
}

#[test]
fn what_is_replaced_as_a_whole_takes_a_word() {
    let tolerations = "Object{spec: Object.spec{tolerations: [Object.spec.tolerations{key: 'a'}]}}";
    let spec = |applies: bool| json!({"evaluation": {"useServerSideApply": applies}, "mutations": [apply(tolerations)]});
    let place = "/spec/tolerations";
    let refused = "error failed to evaluate policy: may not mutate atomic arrays, maps or structs: .spec.tolerations; \
                   change them with a JSONPatch";
    check(&spec(false), &[refused], place, None);
    let list = Some(json!([{"key": "a"}]));
    check(&spec(true), &["pass success"], place, list);
}

#[test]
fn conditions_read_variables() {
    for (count, said, label) in [
        (2, "pass success", Some(json!("yes"))),
        (3, "skip skip", None),
    ] {
        let spec = json!({
            "variables": [{"name": "count", "expression": "size(object.spec.containers)"}],
            "matchConditions": [{"name": "many", "expression": format!("variables.count == {count}")}],
            "mutations": [apply("Object{metadata: Object.metadata{labels: {'many': 'yes'}}}")],
        });
        check(&spec, &[said], "/metadata/labels/many", label);
    }
}

#[test]
fn the_type_of_a_patch_is_that_of_its_expression() {
    let (configuration, list) = (
        json!({"expression": "Object{}"}),
        json!({"expression": "[]"}),
    );
    for (mutation, problem) in [
        (
            json!({"patchType": "JSONPatch", "applyConfiguration": configuration}),
            "the patchType is JSONPatch: expected an expression in `jsonPatch`, and nothing else",
        ),
        (
            json!({"patchType": "ApplyConfiguration"}),
            "the patchType is ApplyConfiguration: expected an expression in `applyConfiguration`, and nothing else",
        ),
        (
            json!({"patchType": "JSONPatch", "applyConfiguration": configuration, "jsonPatch": list}),
            "expected applyConfiguration or jsonPatch, and only one of them",
        ),
        (
            json!({"patchType": "Merge", "jsonPatch": list}),
            "`Merge` is no patchType; expected ApplyConfiguration or JSONPatch",
        ),
    ] {
        let (said, _) = change(&json!({"mutations": [mutation]}));
        assert_eq!(said, [format!("spec.mutations[0]: {problem}")]);
    }
}
