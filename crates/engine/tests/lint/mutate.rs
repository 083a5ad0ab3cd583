//! Bodies of `mutate`.

use portcullis_engine::lint::Severity;
use serde_json::{Value, json};

use crate::{fails, found, passes, policy, rule, warns};

#[test]
fn mutate() {
    let with = |body: Value| json!({"validate": null, "mutate": body});
    let patch = "- {op: add, path: /metadata/labels/a, value: \"{{ request.name }}\"}";
    let labels = json!({"metadata": {"labels": {"+(a)": "b"}}});
    let target = json!({"apiVersion": "v1", "kind": "Secret", "name": "{{ request.name }}"});
    passes(with(json!({"patchesJson6902": patch})));
    passes(with(json!({"patchStrategicMerge": labels})));
    passes(with(
        json!({"mutateExistingOnPolicyUpdate": true, "targets": [target], "patchStrategicMerge": labels}),
    ));
    for (patch, path) in [
        (json!({"spec": {"=(a)": 1}}), "/spec/=(a)"),
        (
            json!({"metadata": {"annotations": {"a": true}}}),
            "/metadata/annotations/a",
        ),
    ] {
        let path = format!("/mutate/patchStrategicMerge{path}");
        fails(with(json!({"patchStrategicMerge": patch})), &path);
    }
    for patch in [
        "op: add",
        "- {op: put, path: /a, value: 1}",
        "- {op: add, path: a, value: 1}",
        "- {op: add, path: /a}",
        "- {op: copy, path: /a}",
        "- {op: remove, path: \"/a/{{ request.name }}\"}",
    ] {
        fails(
            with(json!({"patchesJson6902": patch})),
            "/mutate/patchesJson6902",
        );
    }
    fails(
        with(json!({"mutateExistingOnPolicyUpdate": true, "patchStrategicMerge": labels})),
        "/mutate",
    );
}

#[test]
fn each_element_of_a_mutation() {
    let with = |each: Value| json!({"validate": null, "mutate": {"foreach": [each]}});
    let conditions =
        |operator: &str| json!({"all": [{"key": "a", "operator": operator, "value": 1}]});
    let each = |operator: &str, label: Value| {
        json!({
            "list": "request.object.items", "preconditions": conditions(operator),
            "patchStrategicMerge": {"metadata": {"labels": {"a": label}}},
        })
    };
    passes(with(each("Equals", json!("b"))));
    for operator in ["Is", "equals", "greaterthan", "Equal", "NotEqual"] {
        fails(
            with(each(operator, json!("b"))),
            "/mutate/foreach/0/preconditions/all/0/operator",
        );
    }
    // The definition does not look into a loop inside another one.
    let checks = json!({"list": "element.items", "preconditions": conditions("Equal"), "deny": {}});
    let outer = json!({"list": "request.object.items", "foreach": [checks]});
    passes(with(
        json!({"list": "request.object.items", "foreach": [each("NotEqual", json!("b"))]}),
    ));
    passes(json!({"validate": {"foreach": [outer]}}));
    fails(
        json!({"validate": {"foreach": [checks]}}),
        "/validate/foreach/0/preconditions/all/0/operator",
    );
    let path = "/mutate/foreach/0/patchStrategicMerge/metadata/labels/a";
    fails(with(each("Equals", json!(1))), path);
    warns(
        json!({"validate": {"pattern": {"~(a)": 1}}}),
        "/validate/pattern/~0(a)",
    );
}

#[test]
fn shapes_of_a_foreach() {
    let with = |each: Value| json!({"validate": null, "mutate": {"foreach": [each]}});
    let path = "/mutate/foreach/0";
    let patch = json!({"a": 1});
    let query = "request.object.items";
    let inner = json!({"list": "element.items", "patchStrategicMerge": patch});
    passes(with(json!({"list": query, "foreach": [inner]})));
    fails(with(json!({"list": query})), path);
    let two = json!({"list": query, "patchStrategicMerge": patch, "foreach": [inner]});
    fails(with(two), path);
    let entry = json!({"name": "a", "variable": {"value": 1}});
    fails(
        with(json!({"list": query, "context": [entry], "foreach": [inner]})),
        path,
    );
    let condition = json!({"all": [{"key": "a", "operator": "Equals", "value": "a"}]});
    fails(
        with(json!({"list": query, "preconditions": condition, "foreach": [inner]})),
        path,
    );
    warns(with(json!({"patchStrategicMerge": patch})), path);
    let empty = json!({"list": query, "foreach": [{"list": "element.items"}]});
    warns(with(empty), &format!("{path}/foreach/0"));
    let anchored = json!({"list": query, "patchStrategicMerge": {"=(a)": 1}});
    warns(with(anchored), &format!("{path}/patchStrategicMerge/=(a)"));
    let patched = |patch: &str| with(json!({"list": query, "patchesJson6902": patch}));
    passes(patched(
        "- {op: remove, path: \"/items/{{ elementIndex }}\"}",
    ));
    passes(patched("{{ element.patch }}"));
    for patch in ["- {op: put, path: /a}", "op: add", "- {op: copy, path: /a}"] {
        warns(patched(patch), &format!("{path}/patchesJson6902"));
    }
}

#[test]
fn targets() {
    let target = |fields: Value| {
        let mut target = json!({"apiVersion": "v1", "kind": "Secret", "name": "a"});
        let entries = target.as_object_mut().unwrap();
        entries.extend(fields.as_object().unwrap().clone());
        let body = json!({"targets": [target], "patchStrategicMerge": {"a": 1}});
        json!({"validate": null, "mutate": body})
    };
    passes(target(json!({"namespace": "other"})));
    warns(target(json!({"kind": ""})), "/mutate/targets/0");
    let condition = json!({"all": [{"key": 1, "operator": "Is", "value": 1}]});
    let path = "/mutate/targets/0/preconditions/all/0/operator";
    warns(target(json!({"preconditions": condition})), path);
    let of_team = |namespace: &str| {
        let changes = target(json!({"namespace": namespace}));
        let mut policy = policy("Policy", json!({"rules": [rule(changes)]}));
        policy.metadata.namespace = Some("team".to_owned());
        found(&policy)
    };
    assert_eq!(of_team("team"), []);
    assert_eq!(of_team(""), []);
    let path = "/spec/rules/0/mutate/targets/0/namespace".to_owned();
    assert_eq!(of_team("other"), [(Severity::Error, path)]);
}
