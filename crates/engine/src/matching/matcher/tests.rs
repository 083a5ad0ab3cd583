//! Blocks, requests and whether the one is about the other.

use std::collections::BTreeMap;

use portcullis_api::cluster_policy::Rule;
use serde_json::{Value, json};

use super::*;
use crate::request::{
    GroupVersionKind, GroupVersionResource, NumberModel, Operation, Payload, RequestUser,
};

/// What a case may say of the request beside the object.
#[derive(Default)]
struct Given {
    subresource: &'static str,
    operation: Operation,
    user: Option<RequestUser>,
    namespace_labels: Option<BTreeMap<String, String>>,
    policy_namespace: Option<&'static str>,
}

fn with_request<T>(object: &Value, given: &Given, then: impl FnOnce(&Request<'_>) -> T) -> T {
    let api_version = object["apiVersion"].as_str().unwrap_or("v1");
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let request = Request {
        uid: "",
        operation: given.operation,
        kind: GroupVersionKind {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: object["kind"].as_str().unwrap_or("Pod").to_owned(),
        },
        resource: GroupVersionResource::default(),
        subresource: given.subresource,
        names: None,
        name: "",
        namespace: "",
        object: (given.operation != Operation::Delete).then_some(object),
        old_object: (given.operation == Operation::Delete).then_some(object),
        user: given.user.as_ref(),
        namespace_labels: given.namespace_labels.as_ref(),
        namespace_object: None,
        payload: Payload::Resource,
        dry_run: false,
        options: None,
        numbers: NumberModel::Integers,
    };
    then(&request)
}

fn rule(blocks: Value) -> Rule {
    let mut rule = json!({"name": "r", "match": {}});
    for (key, block) in blocks.as_object().expect("blocks are a map") {
        rule[key] = block.clone();
    }
    serde_json::from_value(rule).expect("blocks can be read")
}

#[track_caller]
fn check(blocks: Value, object: Value, given: &Given, expected: bool) {
    let matcher = Matcher::compile(&rule(blocks.clone()), given.policy_namespace);
    with_request(&object, given, |request| {
        assert_eq!(matcher.matches(request), expected, "{blocks} on {object}");
        let reasons = matcher.explain(request);
        assert_eq!(
            reasons.is_empty(),
            expected,
            "{blocks} on {object}: {reasons:?}"
        );
    });
}

#[track_caller]
fn check_match(resources: Value, object: Value, expected: bool) {
    let blocks = json!({"match": {"any": [{"resources": resources}]}});
    check(blocks, object, &Given::default(), expected);
}

fn pod() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": "web-1", "namespace": "shop",
            "labels": {"app": "web"}, "annotations": {"team/owner": "alpha"},
        },
    })
}

fn namespace() -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
}

fn user() -> RequestUser {
    RequestUser {
        username: "mary".to_owned(),
        cluster_roles: vec!["admin".to_owned()],
        ..RequestUser::default()
    }
}

#[test]
fn fields_of_a_resource_description() {
    check_match(json!({"kinds": ["Pod"]}), pod(), true);
    check_match(json!({"kinds": ["Service", "v1/P*"]}), pod(), true);
    check_match(json!({"kinds": ["Service"]}), pod(), false);
    check_match(json!({"name": "web-?"}), pod(), true);
    check_match(json!({"name": "web"}), pod(), false);
    check_match(json!({"names": ["db", "web-*"]}), pod(), true);
    check_match(json!({"names": ["db"]}), pod(), false);
    check_match(json!({"kinds": ["Pod"], "names": ["db"]}), pod(), false);
    check_match(json!({"namespaces": ["s*"]}), pod(), true);
    check_match(json!({"namespaces": ["shops"]}), pod(), false);
    check_match(json!({"annotations": {"team/*": "al?ha"}}), pod(), true);
    check_match(
        json!({"annotations": {"team/*": "*", "x": "*"}}),
        pod(),
        false,
    );
    check_match(
        json!({"selector": {"matchLabels": {"app": "w*"}}}),
        pod(),
        true,
    );
    check_match(
        json!({"selector": {"matchLabels": {"app": "db"}}}),
        pod(),
        false,
    );
    check_match(
        json!({"selector": {"matchLabels": {"a b": "db"}}}),
        pod(),
        false,
    );
    check_match(json!({"selector": {}}), pod(), true);
    check_match(json!({"operations": ["CREATE", "UPDATE"]}), pod(), true);
    check_match(json!({"operations": ["DELETE"]}), pod(), false);
    check_match(json!({"kinds": []}), pod(), false);
    check_match(json!({}), pod(), false);
}

#[test]
fn names_and_namespaces_of_special_objects() {
    check_match(json!({"namespaces": ["shop"]}), namespace(), true);
    check_match(json!({"namespaces": [""]}), namespace(), false);
    let generated = json!({"kind": "Pod", "metadata": {"generateName": "web-"}});
    check_match(json!({"names": ["web-"]}), generated, true);
    let odd = json!({"kind": "Pod", "metadata": {"labels": {"app": "web", "n": 5}}});
    check_match(
        json!({"selector": {"matchLabels": {"app": "web"}}}),
        odd,
        false,
    );
}

#[test]
fn namespace_selectors() {
    let blocks = json!({"match": {"all": [
        {"resources": {"kinds": ["*"], "namespaceSelector": {"matchLabels": {"env": "prod"}}}},
    ]}});
    let labelled = Given {
        namespace_labels: Some([("env".to_owned(), "prod".to_owned())].into()),
        ..Given::default()
    };
    check(blocks.clone(), pod(), &labelled, true);
    check(blocks.clone(), pod(), &Given::default(), false);
    check(blocks, namespace(), &labelled, false);
    let excluding = json!({
        "match": {"any": [{"resources": {"kinds": ["*"]}}]},
        "exclude": {"any": [{"resources": {"namespaceSelector": {}}}]},
    });
    check(excluding.clone(), pod(), &labelled, false);
    check(excluding, namespace(), &labelled, true);
}

#[test]
fn any_all_and_inline() {
    let (pods, services) = (json!({"kinds": ["Pod"]}), json!({"kinds": ["Service"]}));
    let (pods, services) = (json!({"resources": pods}), json!({"resources": services}));
    let named = json!({"resources": {"names": ["web-*"]}});
    let given = Given::default();
    check(
        json!({"match": {"any": [services, pods]}}),
        pod(),
        &given,
        true,
    );
    check(
        json!({"match": {"all": [services, pods]}}),
        pod(),
        &given,
        false,
    );
    check(
        json!({"match": {"all": [named, pods]}}),
        pod(),
        &given,
        true,
    );
    check(json!({"match": pods}), pod(), &given, true);
    check(
        json!({"match": {"any": [], "resources": {"kinds": ["Pod"]}}}),
        pod(),
        &given,
        true,
    );
    check(json!({"match": {}}), pod(), &given, false);
    let exclude = |block: Value| json!({"match": pods, "exclude": block});
    check(
        exclude(json!({"any": [services, named]})),
        pod(),
        &given,
        false,
    );
    check(
        exclude(json!({"all": [services, named]})),
        pod(),
        &given,
        true,
    );
    check(exclude(json!({"all": [pods, named]})), pod(), &given, false);
    check(exclude(named.clone()), pod(), &given, false);
    check(exclude(json!({"any": [{}]})), pod(), &given, true);
    check(exclude(json!({})), pod(), &given, true);
}

#[test]
fn users() {
    let nobody = Given::default();
    let mary = Given {
        user: Some(user()),
        ..Given::default()
    };
    let admins = json!({"resources": {"kinds": ["Pod"]}, "clusterRoles": ["admin"]});
    let viewers = json!({"resources": {"kinds": ["Pod"]}, "clusterRoles": ["view"]});
    let only_user = json!({"subjects": [{"kind": "User", "name": "m*"}]});
    check(json!({"match": {"any": [admins]}}), pod(), &mary, true);
    check(json!({"match": {"any": [viewers]}}), pod(), &mary, false);
    check(json!({"match": {"any": [viewers]}}), pod(), &nobody, true);
    check(json!({"match": {"any": [only_user]}}), pod(), &mary, true);
    check(
        json!({"match": {"any": [only_user]}}),
        pod(),
        &nobody,
        false,
    );
    let pods = json!({"resources": {"kinds": ["Pod"]}});
    let excluded = json!({"match": pods, "exclude": {"any": [only_user]}});
    check(excluded.clone(), pod(), &mary, false);
    check(excluded, pod(), &nobody, true);
}

#[test]
fn scopes_subresources_and_deletion() {
    let pods = json!({"match": {"any": [{"resources": {"kinds": ["Pod"]}}]}});
    let given = |policy_namespace| Given {
        policy_namespace,
        ..Given::default()
    };
    check(pods.clone(), pod(), &given(Some("shop")), true);
    check(pods.clone(), pod(), &given(Some("other")), false);
    check(pods.clone(), pod(), &given(Some("")), true);
    let namespaces = json!({"match": {"resources": {"kinds": ["Namespace"]}}});
    check(namespaces, namespace(), &given(Some("shop")), false);
    let sub = |subresource| Given {
        subresource,
        ..Given::default()
    };
    check(pods.clone(), pod(), &sub("ephemeralcontainers"), true);
    check(pods.clone(), pod(), &sub("status"), false);
    let deletion = Given {
        operation: Operation::Delete,
        ..Given::default()
    };
    check(pods, pod(), &deletion, true);
}

#[test]
fn an_exception_takes_users_literally_and_skips_selectors_of_namespaces() {
    let cases = [
        (
            json!({"any": [{"resources": {"kinds": ["Pod"]}}]}),
            pod(),
            true,
        ),
        (
            json!({"all": [{"resources": {"kinds": ["Pod"]}}]}),
            pod(),
            true,
        ),
        (
            json!({"any": [{"resources": {"kinds": ["Pod"]}, "roles": ["a:b"]}]}),
            pod(),
            false,
        ),
        (
            json!({"any": [{"resources": {"operations": ["CREATE"]}}]}),
            pod(),
            false,
        ),
        (
            json!({"any": [{"resources": {"namespaceSelector": {"matchLabels": {"a": "b"}}}}]}),
            namespace(),
            true,
        ),
        (
            json!({"any": [{"resources": {"namespaceSelector": {"matchLabels": {"a": "b"}}}}]}),
            pod(),
            false,
        ),
        (json!({"any": [{}]}), pod(), false),
        (json!({}), pod(), false),
    ];
    for (block, object, expected) in cases {
        let written = serde_json::from_value(block.clone()).expect("blocks can be read");
        let matcher = ExceptionMatcher::compile(&written);
        with_request(&object, &Given::default(), |request| {
            let subject = Subject::of(request).expect("the request has an object");
            assert_eq!(
                matcher.matches_subject(&subject),
                expected,
                "{block} on {object}"
            );
        });
    }
}

#[test]
fn an_explanation_names_the_field_and_what_it_found() {
    let blocks = json!({"match": {"any": [
        {"resources": {"kinds": ["Service", "Ingress"], "names": ["x"]}},
        {"resources": {"operations": ["DELETE"]}},
    ]}});
    let matcher = Matcher::compile(&rule(blocks), None);
    let reasons = with_request(&pod(), &Given::default(), |request| {
        matcher.explain(request)
    });
    let lines: Vec<_> = reasons
        .iter()
        .map(|why| format!("{}: {}", why.path, why.reason))
        .collect();
    assert_eq!(
        lines,
        [
            "match.any[0].resources.kinds: `Pod` is none of `Service`, `Ingress`",
            "match.any[0].resources.names: the name is `web-1`",
            "match.any[1].resources.operations: `CREATE` is not listed",
        ]
    );
}
