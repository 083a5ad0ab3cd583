//! The index finds every rule that matches, and little more.

use portcullis_api::cluster_policy::Rule;
use serde_json::{Value, json};

use super::*;
use crate::request::{GroupVersionKind, GroupVersionResource, NumberModel, Payload};

fn matcher(block: Value, namespace: Option<&str>) -> Matcher {
    let rule: Rule = serde_json::from_value(json!({"name": "r", "match": block}))
        .expect("the block can be read");
    Matcher::compile(&rule, namespace)
}

fn candidates(index: &RuleIndex<usize>, object: &Value, operation: Operation) -> Vec<usize> {
    let request = Request {
        uid: "",
        operation,
        kind: GroupVersionKind {
            group: String::new(),
            version: "v1".to_owned(),
            kind: object["kind"].as_str().unwrap_or_default().to_owned(),
        },
        resource: GroupVersionResource::default(),
        subresource: "",
        names: None,
        name: "",
        namespace: "",
        object: Some(object),
        old_object: None,
        user: None,
        namespace_labels: None,
        namespace_object: None,
        payload: Payload::Resource,
        dry_run: false,
        options: None,
        numbers: NumberModel::Integers,
    };
    index.candidates(&request).collect()
}

fn object(kind: &str, namespace: &str, name: &str) -> Value {
    json!({"kind": kind, "metadata": {"name": name, "namespace": namespace}})
}

#[test]
fn finds_rules_by_everything_that_a_filter_fixes() {
    let of = |resources: Value| json!({"any": [{"resources": resources}]});
    let rules = [
        matcher(of(json!({"kinds": ["Pod"]})), None),
        matcher(of(json!({"kinds": ["P*"]})), None),
        matcher(of(json!({"kinds": ["*"], "operations": ["DELETE"]})), None),
        matcher(
            of(json!({"kinds": ["Pod", "Service"], "namespaces": ["shop", "bank"]})),
            None,
        ),
        matcher(
            of(json!({"kinds": ["Pod"], "namespaces": ["team-*"]})),
            None,
        ),
        matcher(of(json!({"kinds": ["Pod"], "names": ["web"]})), None),
        matcher(of(json!({"kinds": ["Pod"]})), Some("shop")),
        matcher(of(json!({"namespaces": ["shop"]})), None),
        matcher(of(json!({"kinds": ["apps/v1/Pod"]})), None),
        matcher(
            json!({"all": [
                {"resources": {"namespaces": ["shop"]}}, {"resources": {"kinds": ["Service"]}},
            ]}),
            None,
        ),
    ];
    let index = RuleIndex::build(rules.iter().enumerate());
    let cases: [(Value, Operation, &[usize]); 6] = [
        (
            object("Pod", "shop", "db"),
            Operation::Create,
            &[0, 1, 3, 6, 7],
        ),
        (
            object("Pod", "team-a", "web"),
            Operation::Create,
            &[0, 1, 4, 5],
        ),
        (object("Pod", "x", "db"), Operation::Delete, &[0, 1, 2]),
        (
            object("Service", "shop", "db"),
            Operation::Update,
            &[3, 7, 9],
        ),
        (object("Namespace", "", "shop"), Operation::Create, &[7]),
        (object("Node", "", "web"), Operation::Create, &[]),
    ];
    for (object, operation, expected) in cases {
        assert_eq!(candidates(&index, &object, operation), expected, "{object}");
    }
}

#[test]
fn visits_only_what_can_match_among_thousands() {
    let block = |kind: &str| json!({"any": [{"resources": {"kinds": [kind]}}]});
    let tenants = (0..3_500).map(|tenant| matcher(block("Pod"), Some(&format!("tenant-{tenant}"))));
    let kinds = (0..3_500).map(|kind| matcher(block(&format!("Kind{kind}")), None));
    let rules: Vec<_> = tenants.chain(kinds).collect();
    let index = RuleIndex::build(rules.iter().enumerate());
    let found = candidates(&index, &object("Pod", "tenant-7", "web"), Operation::Create);
    assert_eq!(found, [7]);
}
