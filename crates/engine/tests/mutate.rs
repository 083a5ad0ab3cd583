//! `mutate` rules: what they make of an object, one after the other, and what the others then see.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use portcullis_engine::context::source::{ContextSource, Lookup};
use portcullis_engine::load::load;
use portcullis_engine::patch::{JsonPatch, JsonPatchOptions, diff};
use portcullis_engine::record::Silent;
use portcullis_engine::request::{GroupVersionKind, Request};
use portcullis_engine::response::EngineResponse;
use portcullis_engine::{CompileOptions, compile, evaluate};
use serde_json::{Value, json};

/// A cluster of two Secrets.
struct Cluster;

impl ContextSource for Cluster {
    fn matching_objects(&self, api_version: &str, kind: &str) -> Lookup {
        assert_eq!((api_version, kind), ("v1", "Secret"));
        let secret = |name: &str| {
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {
                "name": name, "namespace": "shop", "labels": {"kind": name},
            }})
        };
        Lookup::Found(json!([secret("one"), secret("two")]))
    }
    fn now(&self) -> i128 {
        0
    }
    fn random(&self) -> u64 {
        0
    }
}

fn pod() -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web"}},
        "spec": {"containers": [
            {"name": "a", "image": "nginx:latest"},
            {"name": "b", "image": "redis:7"},
        ]},
    })
}

/// A policy of rules on Pods; each rule is its own fields.
fn policy(name: &str, spec: &Value, rules: &[Value]) -> Value {
    let rules: Vec<Value> = (1..)
        .zip(rules)
        .map(|(number, rule)| {
            let mut written = json!({
                "name": format!("r{number}"),
                "match": {"any": [{"resources": {"kinds": ["Pod"]}}]},
            });
            for (key, value) in rule.as_object().unwrap() {
                written[key] = value.clone();
            }
            written
        })
        .collect();
    let mut policy = json!({
        "apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": {"name": name},
        "spec": {"rules": rules},
    });
    for (key, value) in spec.as_object().unwrap() {
        policy["spec"][key] = value.clone();
    }
    policy
}

fn responses(policies: &[Value], object: &Value) -> Vec<EngineResponse> {
    let loaded: Vec<_> = policies
        .iter()
        .flat_map(|policy| {
            let (loaded, errors) = load(policy);
            assert!(errors.is_empty(), "{errors:?}");
            loaded
        })
        .collect();
    let (set, errors) = compile(&loaded, &[], &CompileOptions { compat: false });
    assert!(errors.is_empty(), "{errors:?}");
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap();
    let request = Request {
        kind: GroupVersionKind {
            group: String::new(),
            version: text("/apiVersion").to_owned(),
            kind: text("/kind").to_owned(),
        },
        name: text("/metadata/name"),
        namespace: text("/metadata/namespace"),
        object: Some(object),
        ..Request::default()
    };
    evaluate(&set, &request, &Cluster, &mut Silent)
}

/// Each rule's name, status and message.
fn said(responses: &[EngineResponse]) -> Vec<String> {
    let rules = responses.iter().flat_map(|response| &response.rules);
    rules
        .map(|rule| format!("{} {} {}", rule.rule, rule.status.as_str(), rule.message))
        .collect()
}

fn patched(responses: &[EngineResponse]) -> Option<&Value> {
    let mut last_first = responses.iter().rev();
    last_first.find_map(|response| response.patched.as_deref())
}

/// What rules of one policy say, and what the object is after them: the fields that differ, as
/// operations.
fn check(rules: &[Value], expected_said: &[&str], expected_patch: &Value) {
    let object = pod();
    let responses = responses(&[policy("p", &json!({}), rules)], &object);
    assert_eq!(said(&responses), expected_said, "{rules:?}");
    let after = patched(&responses).unwrap_or(&object);
    let patch = diff(&object, after);
    assert_eq!(
        &serde_json::to_value(&patch).unwrap(),
        expected_patch,
        "{rules:?}"
    );
    let applied = JsonPatch::from(patch).apply(object.clone(), JsonPatchOptions::STRICT);
    assert_eq!(&applied.unwrap(), after);
}

fn merge(patch: &Value) -> Value {
    json!({"mutate": {"patchStrategicMerge": patch}})
}

fn label(key: &str, value: &str) -> Value {
    merge(&json!({"metadata": {"labels": {key: value}}}))
}

const PASS: &str = "pass mutated Pod/web in namespace shop";

#[test]
fn a_patch_changes_the_object_or_says_why_not() {
    check(
        &[label("team", "x")],
        &[&format!("r1 {PASS}")],
        &json!([{"op": "add", "path": "/metadata/labels/team", "value": "x"}]),
    );
    check(
        &[label("app", "web")],
        &["r1 skip no patches applied"],
        &json!([]),
    );
    check(
        &[json!({"mutate": {"patchesJson6902": "- {op: replace, path: /spec/nope, value: 1}"}})],
        &["r1 error failed to patch resource: replace /spec/nope: there is nothing to replace"],
        &json!([]),
    );
    check(
        &[
            json!({"mutate": {"patchesJson6902": "- {op: add, path: '/spec/{{ request.object.metadata.name }}', value: 1}"}}),
        ],
        &[&format!("r1 {PASS}")],
        &json!([{"op": "add", "path": "/spec/web", "value": 1}]),
    );
    check(
        &[merge(&json!({"spec": {"containers": "x"}}))],
        &[
            "r1 error failed to patch resource: at /spec/containers: expected a list, as in the resource, but the patch has text `\"x\"`",
        ],
        &json!([]),
    );
    check(
        &[merge(
            &json!({"spec": {"x": "{{ request.object.spec.nope }}"}}),
        )],
        &[
            "r1 error variable substitution failed: failed to resolve request.object.spec.nope at path /mutate/patchStrategicMerge/spec/x: JMESPath query failed: Unknown key \"nope\" in path",
        ],
        &json!([]),
    );
    check(
        &[json!({
            "preconditions": {"all": [{"key": "a", "operator": "Equals", "value": "b"}]},
            "mutate": {"patchStrategicMerge": {"metadata": {"labels": {"x": "y"}}}},
        })],
        &["r1 skip preconditions not met"],
        &json!([]),
    );
}

#[test]
fn each_rule_and_policy_sees_what_those_before_it_left() {
    check(
        &[
            label("one", "1"),
            label("two", "{{ request.object.metadata.labels.one }}2"),
            json!({
                "match": {"any": [{"resources": {"kinds": ["Pod"], "selector": {"matchLabels": {"two": "12"}}}}]},
                "mutate": {"patchStrategicMerge": {"metadata": {"labels": {"three": "3"}}}},
            }),
            json!({"validate": {"message": "all", "pattern": {"metadata": {"labels": {"three": "3"}}}}}),
        ],
        &[
            &format!("r1 {PASS}"),
            &format!("r2 {PASS}"),
            &format!("r3 {PASS}"),
            "r4 pass validation rule 'r4' passed.",
        ],
        &json!([
            {"op": "add", "path": "/metadata/labels/one", "value": "1"},
            {"op": "add", "path": "/metadata/labels/three", "value": "3"},
            {"op": "add", "path": "/metadata/labels/two", "value": "12"},
        ]),
    );
    let validates =
        json!({"validate": {"message": "no", "pattern": {"metadata": {"labels": {"late": "?*"}}}}});
    let policies = [
        policy("validates", &json!({}), &[validates]),
        policy("mutates", &json!({}), &[label("late", "yes")]),
    ];
    let found = responses(&policies, &pod());
    let expected = [
        "r1 pass validation rule 'r1' passed.",
        &format!("r1 {PASS}"),
    ];
    assert_eq!(said(&found), expected);
    let one = json!({"applyRules": "One"});
    let rules = [label("app", "web"), label("x", "1"), label("y", "2")];
    let found = responses(&[policy("p", &one, &rules)], &pod());
    assert_eq!(
        said(&found),
        ["r1 skip no patches applied", &format!("r2 {PASS}")]
    );
}

/// Text stays text where the object has some; elsewhere a variable keeps its type.
#[test]
fn a_variable_of_the_wrong_type_is_an_error_and_nothing_is_changed() {
    let patch = |patch: &str| json!({"mutate": {"patchesJson6902": patch}});
    let each = |change: Value| {
        let mut each = json!({"list": "request.object.spec.containers"});
        each.as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        json!({"mutate": {"foreach": [each]}})
    };
    let labels =
        |value: &str| merge(&json!({"metadata": {"labels": {"first": "yes", "n": value}}}));
    for (rule, expected) in [
        (
            labels("{{ length(request.object.spec.containers) }}"),
            "/metadata/labels/n: expected text, found a number `2`",
        ),
        (
            labels("{{ request.object.spec.containers[*].name }}"),
            r#"/metadata/labels/n: expected text, found a list `["a","b"]`"#,
        ),
        (
            merge(&json!({"metadata": {"annotations": "{{ request.object.spec.containers }}"}})),
            r#"/metadata/annotations: expected a map, found a list `[{"image":"nginx:latest","name":"a"},{"image":"redis:7","name":"b"}]`"#,
        ),
        (
            merge(
                &json!({"spec": {"terminationGracePeriodSeconds": "{{ request.object.metadata.name }}"}}),
            ),
            r#"/spec/terminationGracePeriodSeconds: expected a whole number, found text `"web"`"#,
        ),
        (
            merge(&json!({"spec": {"containers": [
                {"(name)": "b", "resources": {"limits": {"memory": "{{ request.object.metadata.name }}"}}},
            ]}})),
            r#"/spec/containers/0/resources/limits/memory: expected a quantity such as `100m` or `1Gi`, found text `"web"`"#,
        ),
        (
            patch(
                "- {op: add, path: /metadata/labels/n, value: {{ length(request.object.spec.containers) }} }",
            ),
            "/metadata/labels/n: expected text, found a number `2`",
        ),
        (
            each(
                json!({"patchStrategicMerge": {"metadata": {"labels": {"n": "{{ elementIndex }}"}}}}),
            ),
            "/metadata/labels/n: expected text, found a number `0`",
        ),
        (
            each(
                json!({"patchesJson6902": "- {op: add, path: /metadata/labels/n{{ elementIndex }}, value: {{ elementIndex }} }"}),
            ),
            "/metadata/labels/n0: expected text, found a number `0`",
        ),
    ] {
        let expected = format!("r1 error failed to patch resource: at {expected}");
        check(&[rule], &[&expected], &json!([]));
    }
    check(
        &[
            merge(
                &json!({"metadata": {"labels": {"app": "{{ length(request.object.spec.containers) }}"}}}),
            ),
            patch(
                "- {op: add, path: /metadata/labels/n, value: '{{ length(request.object.spec.containers) }}' }",
            ),
        ],
        &[&format!("r1 {PASS}"), &format!("r2 {PASS}")],
        &json!([
            {"op": "replace", "path": "/metadata/labels/app", "value": "2"},
            {"op": "add", "path": "/metadata/labels/n", "value": "2"},
        ]),
    );
}

/// What is wrong before a rule does not keep it from changing something else.
#[test]
fn of_types_only_what_a_rule_changes_is_looked_at() {
    let mut object = pod();
    object["metadata"]["labels"]["wrong"] = json!(1);
    object["spec"]["containers"][1]["image"] = json!({"no": "text"});
    for rule in [
        label("of", "{{ request.object.metadata.name }}"),
        json!({"mutate": {"foreach": [{
            "list": "request.object.spec.containers",
            "patchStrategicMerge": {"spec": {"containers": [{"(name)": "b", "tty": "{{ elementIndex > `-1` }}"}]}},
        }]}}),
    ] {
        let found = responses(&[policy("p", &json!({}), &[rule])], &object);
        assert_eq!(said(&found), [format!("r1 {PASS}")]);
    }
}

/// Of a kind that nobody knows the metadata is known.
#[test]
fn labels_of_every_kind_are_text() {
    let object = json!({"apiVersion": "x.io/v1", "kind": "Thing", "metadata": {"name": "t", "namespace": "n"}, "spec": {"size": 3}});
    let check = |patch: Value, expected: &str| {
        let rule = json!({"match": {"any": [{"resources": {"kinds": ["Thing"]}}]}, "mutate": {"patchStrategicMerge": patch}});
        let found = responses(&[policy("p", &json!({}), &[rule])], &object);
        assert_eq!(said(&found), [expected]);
    };
    check(
        json!({"metadata": {"labels": {"size": "{{ request.object.spec.size }}"}}}),
        "r1 error failed to patch resource: at /metadata/labels/size: expected text, found a number `3`",
    );
    check(
        json!({"spec": {"copy": "{{ request.object.spec.size }}"}}),
        "r1 pass mutated Thing/t in namespace n",
    );
}

#[test]
fn a_condition_that_adds_something_holds_where_its_key_is_there() {
    let added = json!([
        {"op": "add", "path": "/metadata/labels/x", "value": "1"},
        {"op": "add", "path": "/metadata/annotations", "value": {"done": "yes"}},
    ]);
    let nothing = json!([]);
    for (labels, is_met) in [
        (json!({"+(x)": "1"}), true),
        (json!({"+(x)": "1", "(app)": "other"}), true),
        (json!({"x": "1", "(app)": "other"}), false),
        (json!({"x": "1", "(app)": "web"}), false),
    ] {
        let patch = json!({"metadata": {"(labels)": labels, "annotations": {"done": "yes"}}});
        let (said, changes) = match is_met {
            true => (format!("r1 {PASS}"), &added),
            false => (String::from("r1 skip no patches applied"), &nothing),
        };
        check(&[merge(&patch)], &[&said], changes);
    }
}

#[test]
fn a_global_condition_inside_a_condition_is_about_the_element() {
    let patch = |element: Value| {
        merge(&json!({"metadata": {"labels": {"x": "1"}}, "spec": {"containers": [element]}}))
    };
    let labelled = json!([{"op": "add", "path": "/metadata/labels/x", "value": "1"}]);
    for (element, said, changes) in [
        (
            json!({"(name)": "*", "(image)": {"<(a)": "1"}, "tty": true}),
            format!("r1 {PASS}"),
            &labelled,
        ),
        (
            json!({"(name)": "*", "<(image)": "x"}),
            String::from("r1 skip no patches applied"),
            &json!([]),
        ),
    ] {
        check(&[patch(element)], &[&said], changes);
    }
}

#[test]
fn elements_of_a_patch_that_are_the_same_are_merged_in_turn() {
    for (elements, changes) in [
        (
            json!([{"(name)": "*", "tty": true}, {"(name)": "b", "image": "x:1", "tty": false}]),
            json!([
                {"op": "add", "path": "/spec/containers/0/tty", "value": true},
                {"op": "replace", "path": "/spec/containers/1/image", "value": "x:1"},
                {"op": "add", "path": "/spec/containers/1/tty", "value": false},
            ]),
        ),
        (
            json!([{"name": "a", "ports": [{"containerPort": 1}]}, {"name": "a", "ports": [{"containerPort": 1, "name": "p"}]}]),
            json!([{"op": "add", "path": "/spec/containers/0/ports", "value": [{"containerPort": 1, "name": "p"}]}]),
        ),
        (
            json!([{"name": "a", "$patch": "delete"}, {"name": "a", "image": "y"}]),
            json!([{"op": "replace", "path": "/spec/containers/0/image", "value": "y"}]),
        ),
    ] {
        let patch = json!({"spec": {"containers": elements}});
        check(&[merge(&patch)], &[&format!("r1 {PASS}")], &changes);
    }
    let unfit = json!([{"name": "a", "env": [{"name": "A"}]}, {"name": "a", "env": {"name": "A"}}]);
    check(
        &[merge(&json!({"spec": {"containers": unfit}}))],
        &[
            "r1 error failed to patch resource: at /spec/containers/name/env: expected a list, as in the \
             resource, but the patch has a map",
        ],
        &json!([]),
    );
}

#[test]
fn a_list_that_is_replaced_is_made_of_what_its_elements_say() {
    let containers = json!([
        {"$patch": "replace"},
        {"name": "new", "image": null, "tty": true, "x": {"y": {"$patch": "delete"}, "z": 1}},
    ]);
    check(
        &[merge(&json!({"spec": {"containers": containers}}))],
        &[&format!("r1 {PASS}")],
        &json!([
            {"op": "remove", "path": "/spec/containers/1"},
            {"op": "remove", "path": "/spec/containers/0/image"},
            {"op": "replace", "path": "/spec/containers/0/name", "value": "new"},
            {"op": "add", "path": "/spec/containers/0/tty", "value": true},
            {"op": "add", "path": "/spec/containers/0/x", "value": {"z": 1}},
        ]),
    );
}

#[test]
fn a_key_with_an_anchor_and_without_is_an_error_where_both_count() {
    let both = |key: &str| json!({"metadata": {"labels": {format!("+({key})"): "1", key: "2"}}});
    let in_element =
        json!({"spec": {"containers": [{"(name)": "*", "+(tty)": true, "tty": false}]}});
    let in_condition = json!({"spec": {"containers": [{
        "(securityContext)": {"+(a)": 1}, "securityContext": {"b": 2},
    }]}});
    let error = |key: &str| {
        format!(
            "r1 error failed to patch resource: the patch has `{key}` twice in one map, with an \
             anchor and without; keep one of them"
        )
    };
    let skip = String::from("r1 skip no patches applied");
    for (patch, said, changes) in [
        (both("new"), error("new"), json!([])),
        (
            both("app"),
            format!("r1 {PASS}"),
            json!([{"op": "replace", "path": "/metadata/labels/app", "value": "2"}]),
        ),
        (in_element, error("tty"), json!([])),
        (in_condition, skip, json!([])),
    ] {
        check(&[merge(&patch)], &[&said], &changes);
    }
}

#[test]
fn a_rule_that_cannot_be_applied_ends_those_of_its_policy() {
    let missing = merge(&json!({"metadata": {"labels": {"x": "{{ request.object.nope }}"}}}));
    let label = merge(&json!({"metadata": {"labels": {"y": "1"}}}));
    check(
        &[label.clone(), missing, label.clone()],
        &[
            &format!("r1 {PASS}"),
            "r2 error variable substitution failed: failed to resolve request.object.nope at path \
             /mutate/patchStrategicMerge/metadata/labels/x: JMESPath query failed: Unknown key \
             \"nope\" in path",
        ],
        &json!([{"op": "add", "path": "/metadata/labels/y", "value": "1"}]),
    );
    let undecided = json!({
        "preconditions": {"all": [{"key": "{{ request.object.nope }}", "operator": "Equals", "value": 1}]},
        "mutate": {"patchStrategicMerge": {"metadata": {"labels": {"x": "1"}}}},
    });
    check(
        &[undecided, label],
        &[
            "r1 error failed to evaluate preconditions: failed to substitute variables in condition \
             key: failed to resolve request.object.nope at path : JMESPath query failed: Unknown key \
             \"nope\" in path",
            &format!("r2 {PASS}"),
        ],
        &json!([{"op": "add", "path": "/metadata/labels/y", "value": "1"}]),
    );
    check(
        &[merge(&json!({"$patch": "delete"}))],
        &[
            "r1 error failed to patch resource: the patch deletes the whole resource; put \
           `$patch: delete` into a part of it",
        ],
        &json!([]),
    );
    let no_kind = "r1 error failed to patch resource: the patch leaves the resource without a \
                   `kind`; keep it as text";
    let json_patch = json!({"mutate": {"patchesJson6902": "- {op: remove, path: /kind}"}});
    for rule in [
        merge(&json!({"kind": null})),
        merge(&json!({"kind": 1})),
        merge(&json!({"$patch": "replace", "spec": {"containers": []}})),
        json_patch,
    ] {
        check(&[rule], &[no_kind], &json!([]));
    }
}

#[test]
fn loops_patch_element_by_element() {
    let containers = |body: Value| {
        let mut one = json!({"list": "request.object.spec.containers"});
        for (key, value) in body.as_object().unwrap() {
            one[key] = value.clone();
        }
        json!({"mutate": {"foreach": [one]}})
    };
    check(
        &[containers(
            json!({"patchStrategicMerge": {"spec": {"containers": [
                {"(name)": "{{ element.name }}", "image": "mirror/{{ element.image }}"},
            ]}}}),
        )],
        &[&format!("r1 {PASS}")],
        &json!([
            {"op": "replace", "path": "/spec/containers/0/image", "value": "mirror/nginx:latest"},
            {"op": "replace", "path": "/spec/containers/1/image", "value": "mirror/redis:7"},
        ]),
    );
    let remove = "- {op: remove, path: '/spec/containers/{{ elementIndex }}/image'}";
    check(
        &[containers(json!({
            "preconditions": {"all": [{"key": "{{ element.name }}", "operator": "Equals", "value": "b"}]},
            "patchesJson6902": remove,
        }))],
        &[&format!("r1 {PASS}")],
        &json!([{"op": "remove", "path": "/spec/containers/1/image"}]),
    );
    let whole = "- {op: remove, path: '/spec/containers/{{ elementIndex }}'}";
    for (order, left) in [("Ascending", "b"), ("Descending", "")] {
        let rule = containers(json!({"order": order, "patchesJson6902": whole}));
        let found = responses(&[policy("p", &json!({}), &[rule])], &pod());
        let names: Vec<&str> = patched(&found).unwrap()["spec"]["containers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|container| container["name"].as_str().unwrap())
            .collect();
        assert_eq!(names.join(" "), left, "{order}");
    }
    check(
        &[json!({"mutate": {"foreach": [{
            "list": "request.object.spec.containers",
            "foreach": [{
                "list": "['x', 'y']",
                "patchesJson6902": "- {op: add, path: '/metadata/labels/{{ element0.name }}{{ element1 }}', value: '{{ elementIndex0 }}'}",
            }],
        }]}})],
        &[&format!("r1 {PASS}")],
        &json!([
            {"op": "add", "path": "/metadata/labels/ax", "value": "0"},
            {"op": "add", "path": "/metadata/labels/ay", "value": "0"},
            {"op": "add", "path": "/metadata/labels/bx", "value": "1"},
            {"op": "add", "path": "/metadata/labels/by", "value": "1"},
        ]),
    );
    check(
        &[
            json!({"mutate": {"foreach": [{"list": "request.object.spec.nope", "patchesJson6902": remove}]}}),
        ],
        &[
            "r1 error failed to evaluate list request.object.spec.nope: JMESPath query failed: Unknown key \"nope\" in path",
        ],
        &json!([]),
    );
    check(
        &[json!({"mutate": {"foreach": [{"list": "`[]`", "patchesJson6902": remove}]}})],
        &["r1 skip 0 elements processed"],
        &json!([]),
    );
}

/// `@` in a patch stands for the label `x` as an expression reads it, or `-` where there is none.
#[test]
fn a_loop_sees_the_object_as_the_loops_before_left_it() {
    let patch = |list: &str, labels: &str| {
        let read = "{{ request.object.metadata.labels.x || '-' }}";
        let labels: Value = serde_json::from_str(&labels.replace('@', read)).unwrap();
        json!({"list": list, "patchStrategicMerge": {"metadata": {"labels": labels}}})
    };
    let write = |list: &str, patch: &str| json!({"list": list, "patchesJson6902": patch});
    let inside = |loops: Value| json!({"list": "['p', 'q']", "foreach": loops});
    let label = |name: &str, value: &str| {
        let path = format!("/metadata/labels/{name}");
        json!({"op": "add", "path": path, "value": value})
    };
    for (loops, changes) in [
        (
            json!([
                patch("['p']", r#"{"x": "1"}"#),
                patch("['p']", r#"{"y": "@2"}"#)
            ]),
            json!([label("x", "1"), label("y", "12")]),
        ),
        (
            json!([patch("['p', 'q']", r#"{"x": "@{{ element }}"}"#)]),
            json!([label("x", "-p")]),
        ),
        (
            json!([
                write("['p']", "- {op: remove, path: /metadata/labels/app}"),
                patch(
                    "['p']",
                    r#"{"left": "{{ join('', keys(request.object.metadata.labels)) }}."}"#
                ),
            ]),
            json!([
                {"op": "remove", "path": "/metadata/labels/app"},
                label("left", "."),
            ]),
        ),
        (
            json!([
                write("['p']", "- {op: remove, path: /spec/containers/0}"),
                write(
                    "request.object.spec.containers",
                    "- {op: add, path: '/spec/containers/{{ elementIndex }}/tty', value: true}",
                ),
            ]),
            json!([
                {"op": "remove", "path": "/spec/containers/1"},
                {"op": "replace", "path": "/spec/containers/0/image", "value": "redis:7"},
                {"op": "replace", "path": "/spec/containers/0/name", "value": "b"},
                {"op": "add", "path": "/spec/containers/0/tty", "value": true},
            ]),
        ),
        // An element starts with what it finds without the elements before it.
        (
            json!([
                inside(json!([
                    patch("['1']", r#"{"x": "@{{ element0 }}1"}"#),
                    patch("['2']", r#"{"x": "@{{ element0 }}2"}"#),
                ])),
                patch("['p']", r#"{"y": "@"}"#),
            ]),
            json!([label("x", "-q1q2"), label("y", "-q1q2")]),
        ),
    ] {
        let rule = json!({
            "reportProperties": {"before": "{{ request.object.metadata.labels.x || '-' }}"},
            "mutate": {"foreach": loops},
        });
        check(
            std::slice::from_ref(&rule),
            &[&format!("r1 {PASS}")],
            &changes,
        );
        let found = responses(&[policy("p", &json!({}), &[rule])], &pod());
        let properties = &found[0].rules[0].detail.as_ref().unwrap().properties;
        assert_eq!(properties["before"], "-", "{loops}");
    }
    for more in [
        json!({}),
        json!({"patchStrategicMerge": {"metadata": {"labels": {"x": "1"}}}}),
    ] {
        let mut rule = json!({"mutate": {"foreach": []}});
        rule["mutate"]
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        check(&[rule], &["r1 skip 0 elements processed"], &json!([]));
    }
}

#[test]
fn targets_are_changed_each_and_the_trigger_is_not() {
    let rule = |target: Value| {
        json!({"mutate": {
            "targets": [target],
            "patchStrategicMerge": {"metadata": {"labels": {
                "from": "{{ request.object.metadata.name }}", "was": "{{ target.metadata.labels.kind }}",
            }}},
        }})
    };
    for (target, expected) in [
        (
            json!({"apiVersion": "v1", "kind": "Secret", "namespace": "shop", "name": "*"}),
            vec!["one", "two"],
        ),
        (
            json!({"apiVersion": "v1", "kind": "Secret", "namespace": "{{ request.namespace }}", "name": "t*"}),
            vec!["two"],
        ),
        (
            json!({"apiVersion": "v1", "kind": "Secret", "selector": {"matchLabels": {"kind": "one"}}}),
            vec!["one"],
        ),
        (
            json!({"apiVersion": "v1", "kind": "Secret", "namespace": "other"}),
            vec![],
        ),
    ] {
        let object = pod();
        let found = responses(&[policy("p", &json!({}), &[rule(target)])], &object);
        assert_eq!(patched(&found), None);
        let rules = found.iter().flat_map(|response| &response.rules);
        let targets: Vec<Value> = rules
            .map(|rule| {
                rule.detail
                    .as_ref()
                    .unwrap()
                    .patched_target
                    .clone()
                    .unwrap()
            })
            .collect();
        let labels = |name: &str| json!({"kind": name, "from": "web", "was": name});
        let expected: Vec<Value> = expected.into_iter().map(labels).collect();
        let labels: Vec<Value> = targets
            .iter()
            .map(|target| target["metadata"]["labels"].clone())
            .collect();
        assert_eq!(labels, expected);
    }
}

#[test]
fn the_trigger_of_loops_over_targets_stays_the_trigger() {
    let label = |label: &str, value: &str| json!({"list": "['p']", "patchStrategicMerge": {"metadata": {"labels": {label: value}}}});
    let rule = json!({"mutate": {
        "targets": [{"apiVersion": "v1", "kind": "Secret"}],
        "foreach": [label("x", "1"), label("of", "{{ request.object.metadata.name }}")],
    }});
    let found = responses(&[policy("p", &json!({}), &[rule])], &pod());
    let labels = found[0].rules.iter().map(|rule| {
        let target = rule.detail.as_ref().unwrap().patched_target.as_ref();
        &target.unwrap()["metadata"]["labels"]
    });
    let expected = |name: &str| json!({"kind": name, "x": "1", "of": "web"});
    assert_eq!(
        labels.collect::<Vec<_>>(),
        [&expected("one"), &expected("two")]
    );
}

/// What is said of targets that are not there, not meant, or cannot be told; `{}` is a second target.
#[test]
fn targets_that_cannot_be_told_are_errors() {
    let cases = [
        (
            json!({"name": "one", "context": [{"name": "kind", "variable": {"jmesPath": "target.metadata.labels.kind"}}],
                "preconditions": {"all": [{"key": "{{ kind }}", "operator": "NotEquals", "value": "one", "message": "it is {{ kind }}"}]}}),
            vec![
                "r1 skip preconditions not met; it is {{ kind }}",
                "r1 pass mutated Secret/two in namespace shop",
            ],
        ),
        (
            json!({"namespace": "shop", "name": "three"}),
            vec![
                "r1 error failed to get targets: target[0]: there is no Secret shop/three of v1",
                "r1 pass mutated Secret/two in namespace shop",
            ],
        ),
        (
            json!({"namespace": "{{ request.object.metadata.name }}", "name": "one"}),
            vec![
                "r1 error failed to get targets: target[0]: there is no Secret web/one of v1",
                "r1 pass mutated Secret/two in namespace shop",
            ],
        ),
        (
            json!({"namespace": "none", "name": "*"}),
            vec!["r1 pass mutated Secret/two in namespace shop"],
        ),
        (
            json!({"name": "three"}),
            vec!["r1 pass mutated Secret/two in namespace shop"],
        ),
        (
            json!({"namespace": "shop", "name": "one", "selector": {"matchLabels": {"kind": "two"}}}),
            vec!["r1 pass mutated Secret/two in namespace shop"],
        ),
        (
            json!({"selector": {"matchLabels": {"kind": "{{ request.object.metadata.labels.app }}"}}}),
            vec!["r1 pass mutated Secret/two in namespace shop"],
        ),
        (
            json!({"selector": {"matchExpressions": [{"key": "kind", "operator": "In", "values": ["{{ 'one' }}"]}]}}),
            vec![
                "r1 pass mutated Secret/one in namespace shop",
                "r1 pass mutated Secret/two in namespace shop",
            ],
        ),
        (
            json!({"selector": {"matchLabels": {"kind": "o*"}}}),
            vec![
                "r1 error failed to get targets: target[0]: `selector` wants the label `kind: o*`; labels of targets have no wildcards, write `matchExpressions`",
                "r1 pass mutated Secret/two in namespace shop",
            ],
        ),
        (
            json!({"name": "{{ length(request.object.spec.containers) }}"}),
            vec!["r1 error failed to read target[0]: `name` is 2; expected text"],
        ),
        (
            json!({"name": "{{ request.object.absent }}"}),
            vec![
                "r1 error failed to substitute variables in target[0]: failed to resolve request.object.absent at path /name: JMESPath query failed: Unknown key \"absent\" in path",
            ],
        ),
    ];
    for (mut target, expected) in cases {
        target["apiVersion"] = json!("v1");
        target["kind"] = json!("Secret");
        let second =
            json!({"apiVersion": "v1", "kind": "Secret", "namespace": "shop", "name": "two"});
        let rule = json!({"mutate": {
            "targets": [target, second],
            "patchStrategicMerge": {"metadata": {"labels": {"new": "x"}}},
        }});
        let found = responses(&[policy("p", &json!({}), &[rule])], &pod());
        assert_eq!(said(&found), expected, "{target}");
    }
}

#[test]
fn what_would_fill_the_memory_is_refused() {
    check(
        &[
            json!({"mutate": {"patchesJson6902": "- {op: add, path: /spec/l/999999999/x, value: 1}"}}),
        ],
        &[
            "r1 error failed to patch resource: add /spec/l/999999999/x: the index 999999999 is more than 10000 places behind the end of the list",
        ],
        &json!([]),
    );
}

/// An object whose own text is a variable, read by a rule: the object must not decide how deep or how
/// long the rule is evaluated.
#[test]
fn an_object_that_is_a_variable_of_itself_comes_to_an_end() {
    let itself = "{{ request.object.metadata.annotations }}";
    let many = |count: usize| Value::from(vec![itself; count]);
    let annotations = [
        json!({"itself": itself}),
        json!({itself: "x"}),
        json!({"twice": [itself, itself]}),
        json!({"many": many(500), "more": many(500)}),
        json!({"long": vec!["{{ request.object.metadata.name }}"; 1_001]}),
    ];
    let copied = json!({"metadata": {"copied": itself}});
    let policy = policy("p", &json!({}), &[merge(&copied)]);
    for annotations in annotations {
        let mut object = pod();
        object["metadata"]["annotations"] = annotations;
        let responses = responses(std::slice::from_ref(&policy), &object);
        let [said] = &said(&responses)[..] else {
            panic!("one rule answers");
        };
        assert!(said.starts_with("r1 error "), "{said}");
        assert!(said.contains("do not come to an end; write"), "{said}");
        assert_eq!(patched(&responses), None);
    }
    let mut object = pod();
    object["metadata"]["annotations"] =
        json!({"name": vec!["{{ request.object.metadata.name }}"; 1_000]});
    let responses = responses(&[policy], &object);
    let names = patched(&responses)
        .unwrap()
        .pointer("/metadata/copied/name");
    assert_eq!(names, Some(&Value::from(vec!["web"; 1_000])));
}
