//! A MutatingPolicy and the MutatingAdmissionPolicy that it is translated to: both make the same of the same objects.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::unreachable,
    reason = "a place that is not in its object is a mistake of the test"
)]

use portcullis_engine::{
    PolicySet, compile,
    compile_options::CompileOptions,
    context::source::{ContextSource, NoSource},
    evaluate,
    load::{Loaded, load},
    record::Silent,
    request::{GroupVersionKind, GroupVersionResource, Operation, Request},
    response::RuleStatus,
    translate::native::{self, NativeOptions, NativePolicy},
};
use serde_json::{Value, json};

fn apply(expression: &str) -> Value {
    json!({"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": expression}})
}

fn patch(expression: &str) -> Value {
    json!({"patchType": "JSONPatch", "jsonPatch": {"expression": expression}})
}

fn policies() -> Vec<Value> {
    let label = apply("Object{metadata: Object.metadata{labels: {'team': variables.team}}}");
    let pull = "Object{spec: Object.spec{containers: object.spec.containers.map(c, \
                Object.spec.containers{name: c.name, imagePullPolicy: 'Always'})}}";
    let team =
        json!([{"name": "team", "expression": "object.metadata.?labels.?app.orValue('none')"}]);
    let condition = |expression: &str| json!([{"name": "c", "expression": expression}]);
    vec![
        json!({"variables": team, "mutations": [label]}),
        json!({"mutations": [apply(pull)]}),
        json!({"mutations": [apply("Object{spec: Object.spec{hostNetwork: object.spec.hostNetwork ? false : true}}")]}),
        json!({"mutations": [apply("has(object.spec.securityContext) ? Object{} : Object{spec: Object.spec{securityContext: Object.spec.securityContext{runAsNonRoot: true}}}")]}),
        json!({"mutations": [patch("[JSONPatch{op: 'replace', path: '/spec/containers/0/image', value: 'busybox'}]")]}),
        json!({"mutations": [patch("[JSONPatch{op: 'test', path: '/metadata/labels/app', value: 'web'}, JSONPatch{op: 'add', path: '/metadata/labels/of', value: object.metadata.name}]")]}),
        json!({"mutations": [patch("[JSONPatch{op: 'remove', path: '/metadata/labels/app'}]"), label], "variables": team}),
        json!({"mutations": [patch("object.spec.containers.map(c, JSONPatch{op: 'add', path: '/metadata/labels/' + c.name, value: c.image})")]}),
        json!({"matchConditions": condition("object.spec.containers.exists(c, c.image.endsWith('latest'))"), "mutations": [apply(pull)]}),
        json!({"matchConditions": condition("object.metadata.labels.app == 'web'"), "variables": team, "mutations": [label, apply(pull)]}),
        json!({"matchConditions": condition("request.operation == 'CREATE' && object.spec.containers.size() == 2"), "mutations": [patch("[JSONPatch{op: 'move', from: '/spec/containers/0', path: '/spec/containers/1'}]")]}),
    ]
}

/// Pods, and each with one or two of its values taken away or replaced.
fn objects() -> Vec<Value> {
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "a", "namespace": "shop", "labels": {"app": "web", "tier": "x"}},
        "spec": {
            "hostNetwork": true, "securityContext": {"runAsNonRoot": false},
            "containers": [{"name": "web", "image": "nginx:latest"}, {"name": "log", "image": "fluent", "imagePullPolicy": "Never"}],
        },
    });
    let once = varied(&pod);
    let twice = once.iter().step_by(3).flat_map(varied);
    let mut all: Vec<Value> = twice.collect();
    all.extend(once);
    all.push(pod);
    all
}

fn varied(object: &Value) -> Vec<Value> {
    let mut places = Vec::new();
    collect(object, String::new(), &mut places);
    let mut made = Vec::new();
    for place in &places {
        for other in [None, Some(json!("web")), Some(json!(7)), Some(Value::Null)] {
            let mut varied = object.clone();
            let (parent, key) = place.rsplit_once('/').unwrap();
            match (varied.pointer_mut(parent).unwrap(), other) {
                (Value::Object(fields), None) => drop(fields.remove(key)),
                (Value::Object(fields), Some(other)) => drop(fields.insert(key.to_owned(), other)),
                (Value::Array(items), None) => drop(items.remove(key.parse().unwrap())),
                (Value::Array(items), Some(other)) => items[key.parse::<usize>().unwrap()] = other,
                _ => unreachable!("{place} is inside of a map or a list"),
            }
            made.push(varied);
        }
    }
    made
}

/// The pointers of what may be varied: what names an object stays.
fn collect(value: &Value, at: String, places: &mut Vec<String>) {
    let named = [
        "/apiVersion",
        "/kind",
        "/metadata",
        "/metadata/name",
        "/metadata/namespace",
    ];
    if !at.is_empty() && !named.contains(&at.as_str()) {
        places.push(at.clone());
    }
    match value {
        Value::Object(fields) => {
            (fields.iter()).for_each(|(key, value)| collect(value, format!("{at}/{key}"), places));
        }
        Value::Array(items) => {
            (items.iter().enumerate())
                .for_each(|(index, value)| collect(value, format!("{at}/{index}"), places));
        }
        _ => {}
    }
}

/// The object as it comes out, or that the request is refused.
fn answer(set: &PolicySet, object: &Value) -> Result<Value, ()> {
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
        object: Some(object),
        ..Request::default()
    };
    let responses = evaluate(set, &request, &NoSource, &mut Silent);
    let mut rules = responses.iter().flat_map(|response| &response.rules);
    if rules.any(|rule| rule.status == RuleStatus::Error) {
        return Err(());
    }
    let changed = responses
        .iter()
        .find_map(|response| response.patched.as_deref());
    Ok(changed.unwrap_or(object).clone())
}

fn compiled(loaded: &[Loaded]) -> PolicySet {
    let (set, errors) = compile(loaded, &[], &CompileOptions::default());
    assert!(errors.is_empty(), "{errors:?}");
    set
}

#[test]
fn a_translated_mutation_makes_the_same() {
    let objects = objects();
    assert!(objects.len() > 1_000, "{}", objects.len());
    for spec in policies() {
        let mut all = json!({
            "autogen": {"podControllers": {"controllers": []}, "mutatingAdmissionPolicy": {"enabled": true}},
            "matchConstraints": {"resourceRules": [{
                "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"],
            }]},
        });
        all.as_object_mut()
            .unwrap()
            .extend(spec.as_object().unwrap().clone());
        let (loaded, errors) = load(&json!({
            "apiVersion": "policies.kyverno.io/v1", "kind": "MutatingPolicy", "metadata": {"name": "p"}, "spec": all,
        }));
        assert!(errors.is_empty(), "{errors:?}");
        let options = NativeOptions {
            all: false,
            exceptions: &[],
            cel_exceptions: &[],
            catalogue: NoSource.catalogue(),
        };
        let native = native::of(&loaded[0], &options).unwrap().unwrap();
        let NativePolicy::Mutating(policy, binding) = native else {
            panic!("{spec} becomes a policy that validates");
        };
        let documents = [
            serde_json::to_value(policy).unwrap(),
            serde_json::to_value(binding).unwrap(),
        ];
        let native = documents
            .iter()
            .flat_map(|document| load(document).0)
            .collect::<Vec<_>>();
        let (written, native) = (compiled(&loaded), compiled(&native));
        let (mut changes, mut refusals) = (0, 0);
        for object in &objects {
            let (one, other) = (answer(&written, object), answer(&native, object));
            assert_eq!(one, other, "{spec}\n{object}");
            changes += usize::from(one.as_ref().is_ok_and(|after| after != object));
            refusals += usize::from(one.is_err());
        }
        // Otherwise nothing is compared.
        assert!(
            changes > 20,
            "{changes} changes, {refusals} refusals by {spec}"
        );
    }
}
