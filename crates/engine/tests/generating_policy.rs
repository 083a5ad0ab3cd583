//! GeneratingPolicy: what it makes of a ConfigMap, by expressions and by templates.

use portcullis_cel::host::ResourceRef;
use portcullis_engine::{
    compile,
    compile_options::CompileOptions,
    context::source::{ContextSource, Lookup},
    evaluate,
    load::load,
    record::Silent,
    request::{GroupVersionKind, GroupVersionResource, Operation, Request},
};
use serde_json::{Value, json};

/// A world with one Secret, `shop/source`.
struct OneSecret;

impl ContextSource for OneSecret {
    fn now(&self) -> i128 {
        0
    }

    fn random(&self) -> u64 {
        0
    }

    fn resource(&self, wanted: &ResourceRef<'_>) -> Lookup {
        if (wanted.namespace, wanted.name) != ("shop", "source") {
            return Lookup::NotFound;
        }
        Lookup::Found(json!({
            "apiVersion": "v1", "kind": "Secret", "data": {"a": "Yg=="},
            "metadata": {
                "name": "source", "namespace": "shop", "uid": "1", "resourceVersion": "7",
                "ownerReferences": [{"name": "o"}],
            },
        }))
    }
}

/// What a policy says of the ConfigMap `shop/trigger`, and the objects that it makes, without labels.
fn answers(kind: &str, spec: &Value) -> (String, Value) {
    let mut all = json!({"matchConstraints": {"resourceRules": [{
        "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"],
        "resources": ["configmaps"],
    }]}});
    if let (Some(all), Some(fields)) = (all.as_object_mut(), spec.as_object()) {
        all.extend(fields.clone());
    }
    let (loaded, errors) = load(&json!({
        "apiVersion": "policies.kyverno.io/v1", "kind": kind,
        "metadata": {"name": "p", "namespace": "shop"}, "spec": all,
    }));
    assert!(errors.is_empty(), "{errors:?}");
    let (set, errors) = compile(&loaded, &[], &CompileOptions::default());
    if let Some(error) = errors.first() {
        return (format!("{}: {}", error.path, error.message), Value::Null);
    }
    let trigger = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "trigger", "namespace": "shop", "labels": {"team": "a"}},
        "data": {"names": "x,y", "port": "8080"},
    });
    let request = Request {
        operation: Operation::Create,
        kind: GroupVersionKind {
            group: String::new(),
            version: "v1".to_owned(),
            kind: "ConfigMap".to_owned(),
        },
        resource: GroupVersionResource {
            group: String::new(),
            version: "v1".to_owned(),
            resource: "configmaps".to_owned(),
        },
        name: "trigger",
        namespace: "shop",
        object: Some(&trigger),
        ..Request::default()
    };
    let responses = evaluate(&set, &request, &OneSecret, &mut Silent);
    let Some(rule) = responses.first().and_then(|one| one.rules.first()) else {
        return ("nothing".to_owned(), Value::Null);
    };
    let made = rule.generated().iter().cloned().map(|mut object| {
        let labels = object.pointer_mut("/metadata/labels").map(Value::take);
        let by = labels.and_then(|labels| labels.get("app.kubernetes.io/managed-by").cloned());
        assert_eq!(by, Some(json!("kyverno")), "{object}");
        if let Some(metadata) = object
            .pointer_mut("/metadata")
            .and_then(Value::as_object_mut)
        {
            metadata.remove("labels");
        }
        object
    });
    let said = format!("{} {}", rule.status.as_str(), rule.message);
    (said, made.collect())
}

const DONE: &str = "pass policy evaluated successfully";

fn check(kind: &str, spec: &Value, said: &str, made: &Value) {
    let found = answers(kind, spec);
    assert_eq!((found.0.as_str(), &found.1), (said, made), "{kind} {spec}");
}

fn expression(text: &str) -> Value {
    json!({"generate": [{"expression": text}]})
}

fn template(text: &str) -> Value {
    json!({"generate": [{"template": {"interpolate": "cel", "value": text}}]})
}

fn config_map(namespace: &str, name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}})
}

#[test]
fn expressions_make_objects() {
    let all = "object.data.names.split(',').all(n, generator.apply(n, [\
        {'apiVersion': 'v1', 'kind': 'ConfigMap', 'metadata': {'name': 'made'}}]))";
    check(
        "GeneratingPolicy",
        &expression(all),
        DONE,
        &json!([config_map("x", "made"), config_map("y", "made")]),
    );
    let copy = "generator.apply('other', [resource.get('v1', 'secrets', 'shop', 'source')])";
    check(
        "GeneratingPolicy",
        &expression(copy),
        DONE,
        &json!([{
            "apiVersion": "v1", "kind": "Secret", "data": {"a": "Yg=="},
            "metadata": {"name": "source", "namespace": "other"},
        }]),
    );
    let missing = "generator.apply('other', [resource.get('v1', 'secrets', 'shop', 'gone')])";
    check(
        "GeneratingPolicy",
        &expression(missing),
        "error failed to evaluate policy: there is nothing to generate; the object that is copied does not exist",
        &json!([]),
    );
    check(
        "GeneratingPolicy",
        &expression("object.data.missing == 'a'"),
        "error failed to evaluate policy: no such key: missing",
        &json!([]),
    );
    let unmet = json!({"generate": [{"expression": all}],
        "matchConditions": [{"name": "c", "expression": "false"}]});
    check("GeneratingPolicy", &unmet, "nothing", &Value::Null);
}

#[test]
fn a_cluster_scoped_object_has_no_namespace() {
    let namespace = "[{'apiVersion': 'v1', 'kind': 'Namespace', 'metadata': {'name': 'n'}}]";
    check(
        "GeneratingPolicy",
        &expression(&format!("generator.apply('x', {namespace})")),
        DONE,
        &json!([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}}]),
    );
    check(
        "NamespacedGeneratingPolicy",
        &expression(&format!("generator.apply({namespace})")),
        "error failed to evaluate policy: Namespace has no namespace, and a policy of one namespace cannot generate it",
        &json!([]),
    );
}

#[test]
fn a_policy_of_one_namespace_makes_objects_there() {
    let object = "[{'apiVersion': 'v1', 'kind': 'ConfigMap', 'metadata': {'name': 'made'}}]";
    check(
        "NamespacedGeneratingPolicy",
        &expression(&format!("generator.apply({object})")),
        DONE,
        &json!([config_map("shop", "made")]),
    );
    let of = |namespace: &str| {
        template(&format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: made, namespace: {namespace}}}\n"
        ))
    };
    check(
        "NamespacedGeneratingPolicy",
        &of("shop"),
        DONE,
        &json!([config_map("shop", "made")]),
    );
    check(
        "NamespacedGeneratingPolicy",
        &of("other"),
        "error failed to evaluate policy: a policy of the namespace `shop` cannot generate objects in `other`",
        &json!([]),
    );
}

#[test]
fn templates_hold_expressions() {
    let text = r#"
apiVersion: v1
kind: ConfigMap
metadata:
  name: (( object.metadata.name ))-made
  namespace: (( object.metadata.namespace ))
data: (( object.data ))
count: (( size(object.data) ))
text: port-(( int(object.data.port) )) \((a))
list: [1, '(( [true, object.metadata.name] ))']
choice: "(( has(object.data.none) ? 'a: b' : 'c' ))"
spaced: ' (( size(object.data) )) '
lines: |
  (( object.data.port ))
map: "(( {'a': [1]} ))"
---
apiVersion: v1
kind: ConfigMap
metadata: {name: second, namespace: x}
"#;
    check(
        "GeneratingPolicy",
        &template(text),
        DONE,
        &json!([
            {
                "apiVersion": "v1", "kind": "ConfigMap",
                "metadata": {"name": "trigger-made", "namespace": "shop"},
                "data": {"names": "x,y", "port": "8080"}, "count": 2,
                "text": "port-8080 ((a))", "list": [1, [true, "trigger"]], "choice": "c",
                "spaced": " 2 ", "lines": "8080\n", "map": {"a": [1]},
            },
            config_map("x", "second"),
        ]),
    );
    let plain = json!({"generate": [{"template": {
        "value": "{apiVersion: v1, kind: ConfigMap, metadata: {name: (( a )), namespace: x}}",
    }}]});
    check(
        "GeneratingPolicy",
        &plain,
        DONE,
        &json!([config_map("x", "(( a ))")]),
    );
}

#[test]
fn what_is_wrong_with_a_template_has_its_path() {
    let of = |line: &str| template(&format!("apiVersion: v1\nkind: ConfigMap\n{line}\n"));
    for (line, expected) in [
        (
            "a: (( b",
            "spec.generate[0].template.value: the placeholder `(( b` has no end; expected `))`",
        ),
        (
            "'(( a ))': b",
            "spec.generate[0].template.value: the key `(( a ))` has a placeholder; only values may",
        ),
        (
            "a: x(( object.data ))",
            "error failed to evaluate policy: failed to render generation template: document 1: \
             field \"a\": placeholder \"object.data\" embedded in a string must evaluate to a scalar, got \
             map; use a whole-value placeholder for structured results",
        ),
    ] {
        let (said, _) = answers("GeneratingPolicy", &of(line));
        assert_eq!(said, expected, "{line}");
    }
    for (line, start) in [
        (
            "a: [",
            "spec.generate[0].template.value: the template is no YAML: ",
        ),
        // A template is YAML before it has expressions.
        (
            "a: (( true ? 'x' : 'y' ))",
            "spec.generate[0].template.value: the template is no YAML: line 3, column ",
        ),
        (
            "a: (( {'b': 1} ))",
            "spec.generate[0].template.value: the template is no YAML: line 3, column ",
        ),
        (
            "a: (( nobody ))",
            "spec.generate[0].template.value: ERROR: <input>:1:1: undeclared reference to 'nobody'",
        ),
    ] {
        let (said, _) = answers("GeneratingPolicy", &of(line));
        assert!(said.starts_with(start), "{line}: {said}");
    }
    for empty in ["", " \n"] {
        let (said, _) = answers("GeneratingPolicy", &template(empty));
        let wanted = "spec.generate[0].template.value: expected the objects to generate, as YAML";
        assert_eq!(said, wanted, "{empty:?}");
    }
}
