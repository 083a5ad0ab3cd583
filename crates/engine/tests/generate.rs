//! `generate` rules: what they make of a trigger and a world, or why they make nothing.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use portcullis_engine::context::source::{ContextSource, Lookup};
use portcullis_engine::generate::{ObjectRef, plan::Action, trigger::plans};
use portcullis_engine::load::load;
use portcullis_engine::record::Silent;
use portcullis_engine::request::{GroupVersionKind, Operation, Request};
use portcullis_engine::response::RuleResponse;
use portcullis_engine::{CompileOptions, PolicySet, compile, evaluate};
use serde_json::{Value, json};

/// A cluster of some objects.
struct Cluster(Vec<Value>);

impl ContextSource for Cluster {
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

fn set(rules: &Value, compat: bool) -> PolicySet {
    set_of(&json!({"rules": rules}), compat)
}

fn set_of(spec: &Value, compat: bool) -> PolicySet {
    let policy = json!({"apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": {"name": "p"}, "spec": spec});
    let (loaded, errors) = load(&policy);
    assert!(errors.is_empty(), "{errors:?}");
    let (set, errors) = compile(&loaded, &[], &CompileOptions { compat });
    assert!(errors.is_empty(), "{errors:?}");
    set
}

fn request<'r>(operation: Operation, object: &'r Value, old: Option<&'r Value>) -> Request<'r> {
    let text = |pointer: &str| {
        object
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    Request {
        operation,
        kind: GroupVersionKind {
            version: "v1".to_owned(),
            kind: text("/kind").to_owned(),
            ..GroupVersionKind::default()
        },
        name: text("/metadata/name"),
        namespace: text("/metadata/namespace"),
        object: Some(object),
        old_object: old,
        ..Request::default()
    }
}

fn response(generate: &Value, rule: &Value) -> RuleResponse {
    let mut written = json!({"name": "r", "match": {"any": [{"resources": {"kinds": ["Namespace"]}}]}, "generate": generate});
    for (key, value) in rule.as_object().into_iter().flatten() {
        written[key] = value.clone();
    }
    let set = set(&json!([written]), false);
    let trigger = namespace();
    let request = request(Operation::Create, &trigger, None);
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
            json!({"metadata": {"labels": {"a": "b"}, "name": "other"}, "immutable": "{{ length('abc') == `3` }}", "data": {"t": "{{ request.object.metadata.labels.tier }}"}}),
        ),
        &json!({}),
        &[
            "pass ",
            r#"v1 ConfigMap shop/shop-x {"data":{"t":"front"},"immutable":true,"metadata":{"labels":{"a":"b"}}}"#,
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
        &with(json!({"metadata": "{{ request.object.metadata.name }}"})),
        &json!({}),
        &[
            "error rule `r` generates nothing: `generate.data.metadata`: expected an object, found `\"shop\"`",
        ],
    );
    for (data, expected) in [
        (
            json!({"data": {"n": "{{ length('abc') }}"}}),
            "at /data/n: expected text, found a number `3`",
        ),
        (
            json!({"metadata": {"labels": {"all": "{{ request.object.metadata.labels }}"}}}),
            r#"at /metadata/labels/all: expected text, found a map `{"tier":"front"}`"#,
        ),
    ] {
        let place = "error rule `r` generates nothing: `generate.data`";
        check(&with(data), &json!({}), &[&format!("{place}: {expected}")]);
    }
    check(
        &with(json!({"data": "{{ nobody }}"})),
        &json!({}),
        &[
            "error rule `r` generates nothing: `generate`: failed to resolve nobody at path /data/data: JMESPath query failed: Unknown key \"nobody\" in path",
        ],
    );
}

#[test]
fn a_rule_that_cannot_generate_is_the_one_that_is_applied() {
    let rule = |name: &str, more: Value| {
        let mut rule = json!({
            "name": name, "match": {"any": [{"resources": {"kinds": ["Namespace"]}}]},
            "generate": {"apiVersion": "v1", "kind": "ConfigMap", "name": name, "namespace": "shop", "data": {}},
        });
        for (key, value) in more.as_object().unwrap() {
            rule[key] = value.clone();
        }
        rule
    };
    let gone = json!({"apiVersion": "v1", "kind": "Secret", "name": "x", "namespace": "shop", "clone": {"namespace": "vault", "name": "gone"}});
    let undecided = json!({"all": [{"key": "{{ nobody }}", "operator": "Equals", "value": 1}]});
    for (first, expected) in [
        (json!({"generate": gone}), &["error"][..]),
        (json!({"preconditions": undecided}), &["error", "pass"]),
        (json!({}), &["pass"]),
    ] {
        let rules = json!([rule("a", first.clone()), rule("b", json!({}))]);
        let set = set_of(&json!({"applyRules": "One", "rules": rules}), false);
        let trigger = namespace();
        let request = request(Operation::Create, &trigger, None);
        let responses = evaluate(&set, &request, &cluster(), &mut Silent);
        let rules = responses.iter().flat_map(|response| &response.rules);
        let found: Vec<&str> = rules.map(|rule| rule.status.as_str()).collect();
        assert_eq!(found, expected, "{first}");
    }
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
            "`generate.name`: expected a string, found the number `3`; put it in quotes",
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
    // The same object twice is one; which of two different ones it would be is up to chance.
    let same = json!({"foreach": [
        {"list": "['a', 'b']", "apiVersion": "v1", "kind": "ConfigMap", "namespace": "shop", "name": "n", "data": {}},
        {"list": "['c']", "apiVersion": "v1", "kind": "Secret", "namespace": "shop", "name": "n"},
    ]});
    check(
        &same,
        &json!({}),
        &[
            "pass ",
            &format!("v1 ConfigMap shop/n {EMPTY}"),
            &format!("v1 Secret shop/n {EMPTY}"),
        ],
    );
    check(
        &looped("['a', 'b']", "n"),
        &json!({}),
        &[
            "error rule `r` generates nothing: `generate`: it makes v1 ConfigMap shop/n more than once, and each time another one; give each a name of its own",
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

fn looping(name: &str, namespaces: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "name": name, "namespace": "{{ request.object.metadata.namespace }}", "data": {"metadata": {"labels": namespaces}}})
}

fn of_config_map(generate: &Value, compat: bool) -> Vec<String> {
    let rule = json!({"name": "r", "match": {"any": [{"resources": {"kinds": ["ConfigMap"], "selector": {"matchLabels": {"spread": "yes"}}}}]}, "generate": generate});
    let trigger = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "shop", "labels": {"spread": "yes"}}});
    let set = set(&json!([rule]), compat);
    let responses = evaluate(
        &set,
        &request(Operation::Create, &trigger, None),
        &cluster(),
        &mut Silent,
    );
    let rules = responses.iter().flat_map(|response| &response.rules);
    rules
        .map(|rule| format!("{} {}", rule.status.as_str(), rule.message))
        .collect()
}

#[test]
fn a_rule_that_triggers_itself_without_end_is_an_error() {
    let name = "{{ request.object.metadata.name }}-x";
    let endless = looping(name, json!({"spread": "yes"}));
    assert_eq!(
        of_config_map(&endless, false),
        [
            "error rule `r` generates nothing: `generate`: v1 ConfigMap shop/a-x, which is generated, triggers the rule again to generate v1 ConfigMap shop/a-x-x, and so on without end; keep the rule from matching what it generates"
        ]
    );
    assert_eq!(of_config_map(&endless, true), ["pass "]);
    // It triggers itself, and makes the same object again; or it does not match what it makes.
    let once = looping("copy", json!({"spread": "yes"}));
    assert_eq!(of_config_map(&once, false), ["pass "]);
    let other = looping(name, json!({"spread": "no"}));
    assert_eq!(of_config_map(&other, false), ["pass "]);
}

#[test]
fn preconditions_decide_and_compat_does_not_say_why() {
    let generate = looping("copy", json!({}));
    let with = |key: &str, compat: bool| {
        let rule = json!({"name": "r", "match": {"any": [{"resources": {"kinds": ["Namespace"]}}]}, "generate": generate,
            "preconditions": {"all": [{"key": key, "operator": "Equals", "value": "x"}]}});
        let trigger = namespace();
        let request = request(Operation::Create, &trigger, None);
        let responses = evaluate(
            &set(&json!([rule]), compat),
            &request,
            &cluster(),
            &mut Silent,
        );
        let rules = responses.into_iter().flat_map(|response| response.rules);
        rules
            .map(|rule| format!("{} {}", rule.status.as_str(), rule.message))
            .collect::<Vec<_>>()
    };
    assert_eq!(with("y", false), ["skip preconditions not met"]);
    assert_eq!(with("y", true), ["skip "]);
    for compat in [false, true] {
        assert!(
            with("{{ nobody }}", compat)[0].starts_with("error failed to evaluate conditions: ")
        );
    }
}

/// The plans of a policy's rules after a request, a line a change.
#[track_caller]
fn check_plan(rules: &Value, request: &Request<'_>, existing: &[Value], expected: &[&str]) {
    let plans = plans(&set(rules, false), request, existing, &cluster());
    let lines = plans.iter().flat_map(|plan| match &plan.changes {
        Err(message) => vec![format!("{}: {message}", plan.rule)],
        Ok(changes) => changes
            .iter()
            .map(|change| {
                let action = match &change.action {
                    Action::Create(object) => format!("create {}", ObjectRef::of(object)),
                    Action::Update(object) => format!("update {}", ObjectRef::of(object)),
                    Action::Delete(of) => format!("delete {of}"),
                };
                format!("{}: {action}: {}", plan.rule, change.reason.as_str())
            })
            .collect(),
    });
    assert_eq!(lines.collect::<Vec<_>>(), expected);
}

#[test]
fn plans_follow_the_request() {
    let rule = |name: &str, tier: &str, operations: Value, source: &str| {
        json!({"name": name,
            "match": {"any": [{"resources": {"kinds": ["Namespace"], "operations": operations}}]},
            "preconditions": {"all": [{"key": "{{ request.object.metadata.labels.tier }}", "operator": "Equals", "value": tier}]},
            "generate": {"synchronize": true, "apiVersion": "v1", "kind": "Secret", "name": name, "namespace": "shop", "clone": {"name": source, "namespace": "vault"}}})
    };
    let rules = json!([
        rule("front", "front", json!([]), "one"),
        rule("created", "front", json!(["CREATE"]), "one"),
        rule("lost", "front", json!([]), "gone"),
        rule("deleted", "front", json!(["DELETE"]), "one"),
    ]);
    let front = namespace();
    let mut back = namespace();
    back["metadata"]["labels"]["tier"] = json!("back");
    let lost = "lost: rule `lost` generates nothing: `generate.clone`: the source v1 Secret vault/gone does not exist; create it, or correct the name";

    let created = request(Operation::Create, &front, None);
    let responses = evaluate(&set(&rules, false), &created, &cluster(), &mut Silent);
    let made: Vec<Value> = responses[0]
        .rules
        .iter()
        .flat_map(|rule| rule.generated().to_vec())
        .collect();
    check_plan(
        &rules,
        &created,
        &[],
        &[
            "front: create v1 Secret shop/front: it does not exist",
            "created: create v1 Secret shop/created: it does not exist",
            lost,
        ],
    );
    check_plan(&rules, &created, &made, &[lost]);

    let updated = request(Operation::Update, &back, Some(&front));
    check_plan(
        &rules,
        &updated,
        &made,
        &["front: delete v1 Secret shop/front: the rule does not match the trigger any more"],
    );
    check_plan(
        &rules,
        &request(Operation::Update, &back, Some(&back)),
        &made,
        &[],
    );

    let mut gone = request(Operation::Delete, &front, Some(&front));
    gone.object = None;
    check_plan(
        &rules,
        &gone,
        &made,
        &[
            "front: delete v1 Secret shop/front: the trigger was deleted",
            "created: delete v1 Secret shop/created: the trigger was deleted",
            "deleted: create v1 Secret shop/deleted: it does not exist",
        ],
    );
}
