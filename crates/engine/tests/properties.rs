//! What holds for every policy and every object: no panic, the same answer twice, and the same
//! answer whether policies come one by one or as a `List`.
#![allow(clippy::unwrap_used, reason = "tests")]

use portcullis_engine::context::source::NoSource;
use portcullis_engine::load::{Loaded, load};
use portcullis_engine::record::Silent;
use portcullis_engine::request::{
    GroupVersionKind, GroupVersionResource, NumberModel, Operation, Payload, Request,
};
use portcullis_engine::response::EngineResponse;
use portcullis_engine::{CompileOptions, compile, evaluate};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const TEXTS: &[&str] = &[
    "",
    "*",
    "?*",
    "web",
    ">1Gi",
    "1-5",
    "!x | y & z",
    "{{ request.object.metadata.name }}",
    "{{ element.name }}",
    "{{ entry }}",
    "{{ {{ entry }} }}",
    "a {{ request.object.spec }} b",
    "{{ missing || 'x' }}",
    "{{ bad( }}",
    "\\{{ x }}",
    "{{",
    "}}é{{",
    "{{@}}",
    "{{- entry }}",
    "$(./../name)",
    "$(<=/a)",
    "$(é)",
    "request.object.spec.containers",
    "request.object.[]",
    "Equals",
    "AnyIn",
    "In",
    "GreaterThan",
];
const KEYS: &[&str] = &[
    "metadata",
    "labels",
    "name",
    "spec",
    "containers",
    "image",
    "(image)",
    "=(x)",
    "X(y)",
    "^(containers)",
    "<(name)",
    "+(z)",
    "key",
    "operator",
    "value",
    "any",
    "all",
    "{{ entry }}",
];

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(TEXTS).prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((prop::sample::select(KEYS), inner), 0..5).prop_map(|entries| {
                let entries = entries
                    .into_iter()
                    .map(|(key, value)| (key.to_owned(), value));
                Value::Object(entries.collect::<Map<_, _>>())
            }),
        ]
    })
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(TEXTS).prop_map(str::to_owned),
        ".{0,16}"
    ]
}

prop_compose! {
    fn rule()(body in 0..4_usize, one in value(), other in value(), message in text(), list in text()) -> Value {
        let conditions = json!({"any": [{"key": one, "operator": "AnyIn", "value": other}]});
        let check = match body {
            0 => json!({"message": message, "pattern": one}),
            1 => json!({"message": message, "anyPattern": [one, other]}),
            2 => json!({"message": message, "deny": {"conditions": conditions}}),
            _ => json!({"message": message, "foreach": [{"list": list, "pattern": one}, {"list": "request.object.spec", "deny": {"conditions": conditions}}]}),
        };
        json!({
            "name": "r",
            "match": {"any": [{"resources": {"kinds": ["*"]}}]},
            "context": [{"name": "entry", "variable": {"value": other, "default": "d"}}],
            "preconditions": {"all": [{"key": message, "operator": "NotEquals", "value": list}]},
            "reportProperties": {"p": message},
            "validate": check,
        })
    }
}

fn policy(name: &str, rule: &Value) -> Value {
    json!({"apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": {"name": name}, "spec": {"rules": [rule]}})
}

fn answers(documents: &[Value], object: &Value, operation: Operation) -> Vec<EngineResponse> {
    let loaded: Vec<Loaded> = documents
        .iter()
        .flat_map(|document| load(document).0)
        .collect();
    let (set, _) = compile(&loaded, &[], &CompileOptions::default());
    let request = Request {
        uid: "",
        operation,
        kind: GroupVersionKind {
            version: "v1".into(),
            kind: "Pod".into(),
            ..GroupVersionKind::default()
        },
        resource: GroupVersionResource::default(),
        subresource: "",
        names: None,
        name: "",
        namespace: "",
        object: (operation != Operation::Delete).then_some(object),
        old_object: (operation != Operation::Create).then_some(object),
        user: None,
        namespace_labels: None,
        namespace_object: None,
        payload: Payload::Resource,
        dry_run: false,
        options: None,
        numbers: NumberModel::KyvernoOffline,
    };
    evaluate(&set, &request, &NoSource, &mut Silent)
}

proptest! {
    #[test]
    fn answers_are_the_same_twice_and_in_a_list(
        first in rule(),
        second in rule(),
        object in value(),
        operation in prop::sample::select(&[Operation::Create, Operation::Update, Operation::Delete][..]),
    ) {
        let apart = [policy("a", &first), policy("b", &second)];
        let list = [json!({"apiVersion": "v1", "kind": "List", "items": apart})];
        let found = answers(&apart, &object, operation);
        prop_assert_eq!(&found, &answers(&apart, &object, operation));
        prop_assert_eq!(&found, &answers(&list, &object, operation));
    }

    #[test]
    fn any_document_loads_or_is_refused(document in value()) {
        let (loaded, errors) = load(&document);
        prop_assert!(loaded.is_empty() != errors.is_empty());
    }
}
