//! Rules that cannot do what they say of an object: each is an error that names the rule, the place
//! and the value, and nothing of what the rule began is kept.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "tests")]

use portcullis_engine::context::source::{ContextSource, Lookup};
use portcullis_engine::generate::ObjectRef;
use portcullis_engine::load::load;
use portcullis_engine::record::Silent;
use portcullis_engine::request::{GroupVersionKind, Operation, Request};
use portcullis_engine::{CompileOptions, compile, evaluate};
use serde_json::{Value, json};

/// A cluster with one Secret.
struct Cluster;

impl ContextSource for Cluster {
    fn object(&self, of: &ObjectRef) -> Lookup {
        match of.name.as_str() {
            "here" => Lookup::Found(json!({
                "apiVersion": "v1", "kind": "Secret",
                "metadata": {"name": "here", "namespace": "vault"},
            })),
            _ => Lookup::NotFound,
        }
    }
    fn now(&self) -> i128 {
        0
    }
    fn random(&self) -> u64 {
        0
    }
}

/// What a rule named `r` on ConfigMaps says, and whether it left everything as it was.
fn answer(body: &Value) -> (String, bool) {
    let mut rule =
        json!({"name": "r", "match": {"any": [{"resources": {"kinds": ["ConfigMap"]}}]}});
    for (key, value) in body.as_object().unwrap() {
        rule.as_object_mut()
            .unwrap()
            .insert(key.clone(), value.clone());
    }
    let policy = json!({
        "apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy",
        "metadata": {"name": "p"}, "spec": {"rules": [rule]},
    });
    let (loaded, errors) = load(&policy);
    assert!(errors.is_empty(), "{errors:?}");
    let (set, errors) = compile(&loaded, &[], &CompileOptions::default());
    assert!(errors.is_empty(), "{errors:?}");
    let object = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "a", "namespace": "shop"},
        "data": {"names": "one", "size": "3"},
    });
    let request = Request {
        operation: Operation::Create,
        kind: GroupVersionKind {
            version: "v1".to_owned(),
            kind: "ConfigMap".to_owned(),
            ..GroupVersionKind::default()
        },
        name: "a",
        namespace: "shop",
        object: Some(&object),
        ..Request::default()
    };
    let responses = evaluate(&set, &request, &Cluster, &mut Silent);
    let [response] = responses.as_slice() else {
        panic!("{responses:?}");
    };
    let is_kept = response
        .patched
        .as_ref()
        .is_none_or(|patched| **patched == object);
    let made = response
        .rules
        .iter()
        .any(|rule| !rule.generated().is_empty());
    let said = response.rules.iter().map(|rule| {
        let (name, status) = (&rule.rule, rule.status.as_str());
        format!("{name}: {status}: {}", rule.message)
    });
    (said.collect::<Vec<_>>().join("\n"), is_kept && !made)
}

fn secret(name: &str, source: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret", "name": name, "namespace": "shop",
        "clone": {"namespace": "vault", "name": source},
    })
}

#[test]
fn unfit_rules() {
    let rows = [
        (
            "a patch whose second step does not apply",
            json!({"mutate": {"patchesJson6902": "[{op: add, path: /data/new, value: x}, {op: replace, path: /data/nope, value: y}]"}}),
            "r: error: failed to patch resource: replace /data/nope: there is nothing to replace",
        ),
        (
            "a patch of another shape than the object",
            json!({"mutate": {"patchStrategicMerge": {"metadata": {"labels": {"a": "b"}}, "data": ["x"]}}}),
            "r: error: failed to patch resource: at /data: expected a map, as in the resource, but the patch has a list",
        ),
        (
            "a loop whose second element does not apply",
            json!({"mutate": {"foreach": [{
                "list": "['new', 'nope']",
                "order": "Ascending",
                "patchesJson6902": "[{op: test, path: /data/size, value: '3'}, {op: replace, path: '/data/size', value: '{{ element }}'}]",
            }]}}),
            "r: error: failed to patch resource: test /data/size: found \"new\", expected \"3\"",
        ),
        (
            "a clone whose source is missing",
            json!({"generate": secret("b", "gone")}),
            "r: error: rule `r` generates nothing: `generate.clone`: the source v1 Secret vault/gone does not exist; create it, or correct the name",
        ),
        (
            "a loop of clones whose second source is missing",
            json!({"generate": {"foreach": [{
                "list": "['here', 'gone']",
                "apiVersion": "v1", "kind": "Secret", "name": "{{ element }}", "namespace": "shop",
                "clone": {"namespace": "vault", "name": "{{ element }}"},
            }]}}),
            "r: error: rule `r` generates nothing: `generate.foreach[0].clone`: the source v1 Secret vault/gone does not exist; create it, or correct the name",
        ),
        (
            "a rule that triggers itself without end",
            json!({"generate": {
                "apiVersion": "v1", "kind": "ConfigMap", "namespace": "shop",
                "name": "{{ request.object.metadata.name }}-x", "data": {"data": {"a": "b"}},
            }}),
            "r: error: rule `r` generates nothing: `generate`: v1 ConfigMap shop/a-x, which is generated, triggers the rule again to generate v1 ConfigMap shop/a-x-x, and so on without end; keep the rule from matching what it generates",
        ),
        (
            "a variable of the wrong type in a text",
            json!({"generate": {
                "apiVersion": "v1", "kind": "Secret", "namespace": "shop",
                "name": "{{ request.object.data }}", "data": {"data": {"a": "b"}},
            }}),
            "r: error: rule `r` generates nothing: `generate.name`: expected a string, found an object",
        ),
        (
            "a variable of the wrong type as a patch",
            json!({"mutate": {"patchStrategicMerge": {"metadata": "{{ request.object.data.names }}"}}}),
            "r: error: failed to patch resource: at /metadata: expected a map, as in the resource, but the patch has text `\"one\"`",
        ),
        (
            "a variable of the wrong type in a function",
            json!({"mutate": {"patchStrategicMerge": {"data": {
                "a": "b", "size": "{{ length(`3`) }}",
            }}}}),
            "r: error: variable substitution failed: failed to resolve length(`3`) at path /mutate/patchStrategicMerge/data/size: JMESPath query failed: `length`: argument 1 must be string or array or object, found number `3` at offset 0",
        ),
    ];
    for (what, body, expected) in rows {
        let (said, is_kept) = answer(&body);
        assert_eq!(said, expected, "{what}");
        assert!(is_kept, "{what}: something is applied");
    }
}
