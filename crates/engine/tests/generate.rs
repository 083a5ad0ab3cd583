//! `generate` rules: what they make of a trigger and a world, or why they make nothing.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use portcullis_engine::context::source::{ApiCall, ContextSource, EntryKind, Lookup};
use portcullis_engine::generate::ObjectRef;
use portcullis_engine::load::load;
use portcullis_engine::record::Silent;
use portcullis_engine::request::{
    GroupVersionKind, GroupVersionResource, NumberModel, Operation, Request,
};
use portcullis_engine::response::RuleResponse;
use portcullis_engine::{CompileOptions, compile, evaluate};
use serde_json::{Value, json};

/// A cluster of some objects.
struct Cluster(Vec<Value>);

impl ContextSource for Cluster {
    fn loads(&self, _: EntryKind) -> bool {
        false
    }
    fn config_map(&self, _: &str, _: &str) -> Lookup {
        Lookup::Unavailable
    }
    fn api_call(&self, _: &ApiCall) -> Lookup {
        Lookup::Unavailable
    }
    fn image(&self, _: &str) -> Lookup {
        Lookup::Unavailable
    }
    fn global(&self, _: &str, _: Option<&str>) -> Lookup {
        Lookup::Unavailable
    }
    fn object(&self, of: &ObjectRef) -> Lookup {
        let found = self.0.iter().find(|object| ObjectRef::of(object) == *of);
        found.cloned().map_or(Lookup::NotFound, Lookup::Found)
    }
    fn objects(&self, api_version: &str, kind: &str, namespace: &str) -> Lookup {
        let of = |object: &&Value| {
            let of = ObjectRef::of(object);
            (
                of.api_version.as_str(),
                of.kind.as_str(),
                of.namespace.as_str(),
            ) == (api_version, kind, namespace)
        };
        Lookup::Found(self.0.iter().filter(of).cloned().collect())
    }
    fn now(&self) -> i128 {
        0
    }
    fn random(&self) -> u64 {
        0
    }
    fn resolve_host(&self, _: &str) -> Lookup {
        Lookup::Unavailable
    }
}

fn cluster() -> Cluster {
    let secret = |name: &str, labels: Value| {
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {
            "name": name, "namespace": "vault", "labels": labels, "uid": format!("uid-{name}"),
            "resourceVersion": "7", "managedFields": [], "creationTimestamp": "2026-01-01T00:00:00Z",
            "ownerReferences": [{"uid": "o"}], "annotations": {"kept": "yes"},
        }, "data": {"key": name}})
    };
    let helm = json!({"app.kubernetes.io/managed-by": "Helm", "generate.kyverno.io/clone-source": "", "sync": "yes"});
    Cluster(vec![
        secret("one", helm),
        secret("two", json!({"sync": "yes"})),
        secret("three", json!({"sync": "no"})),
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one", "namespace": "vault"}}),
    ])
}

fn namespace() -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "uid": "u1", "labels": {"tier": "front"}}})
}

fn response(generate: &Value, rule: &Value) -> RuleResponse {
    let mut written = json!({"name": "r", "match": {"any": [{"resources": {"kinds": ["Namespace"]}}]}, "generate": generate});
    for (key, value) in rule.as_object().into_iter().flatten() {
        written[key] = value.clone();
    }
    let policy = json!({"apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": {"name": "p"}, "spec": {"rules": [written]}});
    let (loaded, errors) = load(&policy);
    assert!(errors.is_empty(), "{errors:?}");
    let (set, errors) = compile(&loaded, &[], &CompileOptions::default());
    assert!(errors.is_empty(), "{errors:?}");
    let trigger = namespace();
    let request = Request {
        uid: "",
        operation: Operation::Create,
        kind: GroupVersionKind {
            version: "v1".to_owned(),
            kind: "Namespace".to_owned(),
            ..GroupVersionKind::default()
        },
        resource: GroupVersionResource::default(),
        subresource: "",
        name: "shop",
        namespace: "",
        object: Some(&trigger),
        old_object: None,
        user: None,
        namespace_labels: None,
        dry_run: false,
        options: None,
        numbers: NumberModel::Integers,
    };
    let mut responses = evaluate(&set, &request, &cluster(), &mut Silent);
    responses.remove(0).rules.remove(0)
}

/// What a rule makes, as `status message` and one line an object, without the labels of generation.
#[track_caller]
fn check(generate: &Value, rule: &Value, expected: &[&str]) {
    let response = response(generate, rule);
    let mut found = vec![format!("{} {}", response.status.as_str(), response.message)];
    found.extend(response.generated().iter().map(|object| {
        let mut rest = object.clone();
        let labels = rest["metadata"]["labels"].as_object_mut().unwrap();
        labels.retain(|key, _| !key.contains("kyverno.io"));
        labels.remove("app.kubernetes.io/managed-by");
        let of = ObjectRef::of(&rest);
        for key in ["apiVersion", "kind"] {
            rest.as_object_mut().unwrap().remove(key);
        }
        for key in ["name", "namespace"] {
            rest["metadata"].as_object_mut().unwrap().remove(key);
        }
        format!("{of} {rest}")
    }));
    assert_eq!(found, expected, "{generate}");
}

const EMPTY: &str = r#"{"metadata":{"labels":{}}}"#;

#[test]
fn data_becomes_an_object_of_the_target() {
    let target = json!({"apiVersion": "v1", "kind": "ConfigMap", "name": "{{ request.object.metadata.name }}-x", "namespace": "{{ request.object.metadata.name }}"});
    let with = |data: Value| {
        let mut generate = target.clone();
        generate["data"] = data;
        generate
    };
    check(
        &target,
        &json!({}),
        &["pass ", &format!("v1 ConfigMap shop/shop-x {EMPTY}")],
    );
    check(
        &with(
            json!({"metadata": {"labels": {"a": "b"}, "name": "other"}, "data": {"n": "{{ length('abc') }}", "t": "{{ request.object.metadata.labels.tier }}"}}),
        ),
        &json!({}),
        &[
            "pass ",
            r#"v1 ConfigMap shop/shop-x {"data":{"n":3,"t":"front"},"metadata":{"labels":{"a":"b"}}}"#,
        ],
    );
    check(
        &with(json!({"kind": "Secret"})),
        &json!({}),
        &["pass ", &format!("v1 Secret shop/shop-x {EMPTY}")],
    );
    check(
        &with(json!("text")),
        &json!({}),
        &[
            "error rule `r` generates nothing: `generate.data`: expected an object, found `\"text\"`",
        ],
    );
    check(
        &with(json!({"data": "{{ nobody }}"})),
        &json!({}),
        &[
            "error rule `r` generates nothing: `generate`: failed to resolve nobody at path /data/data: JMESPath query failed: Unknown key \"nobody\" in path",
        ],
    );
}

#[test]
fn a_target_that_is_no_identity_is_an_error_with_its_place() {
    for (field, value, expected) in [
        (
            "name",
            json!("{{ '' }}"),
            "`generate.name`: it is empty; a generated object needs it",
        ),
        (
            "kind",
            json!(""),
            "`generate.kind`: it is empty; a generated object needs it",
        ),
        (
            "name",
            json!("{{ length('abc') }}"),
            "`generate.name`: expected a string, found the number `3`",
        ),
        (
            "namespace",
            json!("{{ request.object }}"),
            "`generate.namespace`: expected a string, found an object",
        ),
    ] {
        let mut generate =
            json!({"apiVersion": "v1", "kind": "ConfigMap", "name": "n", "namespace": "s"});
        generate[field] = value;
        check(
            &generate,
            &json!({}),
            &[&format!("error rule `r` generates nothing: {expected}")],
        );
    }
}

const COPY_ONE: &str =
    r#"{"data":{"key":"one"},"metadata":{"annotations":{"kept":"yes"},"labels":{"sync":"yes"}}}"#;

#[test]
fn copies_leave_behind_what_the_server_sets() {
    let clone = |name: &str, namespace: &str| json!({"apiVersion": "v1", "kind": "Secret", "name": "one", "namespace": namespace, "clone": {"name": name, "namespace": "vault"}});
    check(
        &clone("one", "shop"),
        &json!({}),
        &["pass ", &format!("v1 Secret shop/one {COPY_ONE}")],
    );
    // In its own namespace a copy keeps its owners; onto itself nothing is copied.
    let near = COPY_ONE
        .replace(
            r#"{"sync":"yes"}"#,
            r#"{"sync":"yes"},"ownerReferences":[{"uid":"o"}]"#,
        )
        .replace(r#""key":"one""#, r#""key":"two""#);
    check(
        &clone("two", "vault"),
        &json!({}),
        &["pass ", &format!("v1 Secret vault/one {near}")],
    );
    check(&clone("one", "vault"), &json!({}), &["pass "]);
    check(
        &clone("gone", "shop"),
        &json!({}),
        &[
            "error rule `r` generates nothing: `generate.clone`: the source v1 Secret vault/gone does not exist; create it, or correct the name",
        ],
    );
}

#[test]
fn a_clone_list_copies_what_its_selector_selects() {
    let list = |kinds: Value, selector: Value, namespace: &str| json!({"namespace": namespace, "cloneList": {"namespace": "vault", "kinds": kinds, "selector": selector}});
    let two = COPY_ONE.replace(r#""key":"one""#, r#""key":"two""#);
    let (one, two) = (
        format!("v1 Secret shop/one {COPY_ONE}"),
        format!("v1 Secret shop/two {two}"),
    );
    let sync = json!({"matchLabels": {"sync": "yes"}});
    check(
        &list(json!(["v1/Secret"]), sync.clone(), "shop"),
        &json!({}),
        &["pass ", &one, &two],
    );
    check(
        &list(json!(["v1/ConfigMap"]), json!(null), "shop"),
        &json!({}),
        &["pass ", &format!("v1 ConfigMap shop/one {EMPTY}")],
    );
    check(
        &list(json!(["v1/Secret"]), sync, "vault"),
        &json!({}),
        &["pass "],
    );
    check(
        &list(json!(["v1/Pod"]), json!(null), "shop"),
        &json!({}),
        &["pass "],
    );
}

#[test]
fn a_loop_generates_for_each_element_that_counts_or_nothing() {
    let looped = |list: &str, name: &str| {
        json!({"foreach": [{
            "list": list,
            "context": [{"name": "upper", "variable": {"jmesPath": "to_upper(element)"}}],
            "preconditions": {"all": [{"key": "{{ element }}", "operator": "NotEquals", "value": "skip"}]},
            "apiVersion": "v1", "kind": "ConfigMap", "namespace": "shop", "name": name, "data": {"data": {"n": "{{ upper }}-{{ elementIndex }}"}},
        }]})
    };
    check(
        &looped("['a', 'skip', 'b']", "{{ element }}"),
        &json!({}),
        &[
            "pass ",
            r#"v1 ConfigMap shop/a {"data":{"n":"A-0"},"metadata":{"labels":{}}}"#,
            r#"v1 ConfigMap shop/b {"data":{"n":"B-2"},"metadata":{"labels":{}}}"#,
        ],
    );
    // The first element could be made, and is not: a rule makes everything or nothing.
    check(
        &looped("['a', '']", "{{ element }}"),
        &json!({}),
        &[
            "error rule `r` generates nothing: `generate.foreach[0].name`: it is empty; a generated object needs it",
        ],
    );
    check(
        &looped("missing", "n"),
        &json!({}),
        &[
            "error rule `r` generates nothing: `generate.foreach[0].list`: JMESPath query failed: Unknown key \"missing\" in path",
        ],
    );
}

#[test]
fn labels_lead_back_to_policy_rule_trigger_and_source() {
    let long = "n".repeat(70);
    let generate = json!({"apiVersion": "v1", "kind": "Secret", "name": long, "namespace": "shop", "clone": {"name": "one", "namespace": "vault"}});
    let response = response(&generate, &json!({"name": "r".repeat(70)}));
    let labels = &response.generated()[0]["metadata"]["labels"];
    let expected = json!({
        "app.kubernetes.io/managed-by": "kyverno",
        "generate.kyverno.io/policy-name": "p",
        "generate.kyverno.io/policy-namespace": "",
        "generate.kyverno.io/rule-name": "r".repeat(63),
        "generate.kyverno.io/trigger-group": "",
        "generate.kyverno.io/trigger-version": "v1",
        "generate.kyverno.io/trigger-kind": "Namespace",
        "generate.kyverno.io/trigger-namespace": "",
        "generate.kyverno.io/trigger-name": "shop",
        "generate.kyverno.io/trigger-uid": "u1",
        "generate.kyverno.io/source-group": "",
        "generate.kyverno.io/source-version": "v1",
        "generate.kyverno.io/source-kind": "Secret",
        "generate.kyverno.io/source-namespace": "vault",
        "generate.kyverno.io/source-name": "one",
        "generate.kyverno.io/source-uid": "uid-one",
        "sync": "yes",
    });
    assert_eq!(*labels, expected);
}
