//! `match` and `exclude`.

use portcullis_engine::lint::Severity;
use serde_json::{Value, json};

use crate::{check_spec, fails, found, passes, policy, rule, warns};

#[test]
fn match_and_exclude() {
    let filter = json!({"resources": {"kinds": ["ConfigMap"]}});
    fails(
        json!({"match": {"any": [filter], "all": [filter]}}),
        "/match",
    );
    fails(
        json!({"match": {"any": [filter], "resources": {"kinds": ["Pod"]}}}),
        "/match/resources",
    );
    fails(json!({"match": {}}), "/match");
    fails(
        json!({"match": {"any": [{"resources": {"names": ["a"]}}]}}),
        "/match/any/0",
    );
    passes(json!({"match": {"resources": {"kinds": ["ConfigMap"]}}}));
    passes(json!({"exclude": {"any": [{"resources": {"names": ["a"]}}]}}));
    fails(json!({"exclude": {"any": [filter]}}), "/exclude");
    let of = |resources: Value| json!({"match": {"any": [{"resources": resources}]}});
    fails(
        of(json!({"kinds": ["A"], "name": "a", "names": ["b"]})),
        "/match/any/0/resources",
    );
    fails(
        of(json!({"kinds": ["A"], "selector": {}})),
        "/match/any/0/resources/selector",
    );
    passes(of(
        json!({"kinds": ["A"], "selector": {"matchLabels": {"*": "*"}}}),
    ));
    let bad = json!({"matchExpressions": [{"key": "a", "operator": "Is"}]});
    fails(
        of(json!({"kinds": ["A"], "selector": bad})),
        "/match/any/0/resources/selector",
    );
    let namespaced = json!({"rules": [rule(of(json!({"kinds": ["A"], "namespaces": ["n"]})))]});
    assert_eq!(found(&policy("ClusterPolicy", namespaced.clone())), []);
    check_spec(
        "Policy",
        namespaced,
        Severity::Error,
        "/spec/rules/0/match/any/0/resources/namespaces",
    );
    let nodes = json!({"rules": [rule(of(json!({"kinds": ["v1/Node"]})))]});
    assert_eq!(found(&policy("ClusterPolicy", nodes.clone())), []);
    check_spec(
        "Policy",
        nodes,
        Severity::Error,
        "/spec/rules/0/match/any/0/resources/kinds/0",
    );
}

#[test]
fn users_are_not_known_in_background() {
    let with = |user: Value| {
        let mut filter = json!({"resources": {"kinds": ["ConfigMap"]}});
        filter
            .as_object_mut()
            .unwrap()
            .extend(user.as_object().unwrap().clone());
        json!({"match": {"any": [filter]}})
    };
    fails(
        with(json!({"clusterRoles": ["admin"]})),
        "/match/any/0/clusterRoles",
    );
    let foreground = |user: Value| json!({"background": false, "rules": [rule(with(user))]});
    for user in [
        json!({"clusterRoles": ["admin"]}),
        json!({"roles": ["default:admin"]}),
        json!({"subjects": [{"kind": "ServiceAccount", "name": "a", "namespace": "n"}]}),
    ] {
        assert_eq!(found(&policy("ClusterPolicy", foreground(user))), []);
    }
    for (user, path) in [
        (json!({"roles": ["admin"]}), "roles/0"),
        (
            json!({"subjects": [{"kind": "Robot", "name": "a"}]}),
            "subjects/0/kind",
        ),
        (
            json!({"subjects": [{"kind": "User", "name": ""}]}),
            "subjects/0",
        ),
        (
            json!({"subjects": [{"kind": "ServiceAccount", "name": "a"}]}),
            "subjects/0",
        ),
    ] {
        let path = format!("/spec/rules/0/match/any/0/{path}");
        check_spec("ClusterPolicy", foreground(user), Severity::Error, &path);
    }
}

#[test]
fn a_background_scan_sees_no_subresource() {
    let of = |kind: &str| json!({"match": {"any": [{"resources": {"kinds": ["Secret", kind]}}]}});
    warns(of("Pod/exec"), "/match/any/0/resources/kinds/1");
    warns(of("v1/Pod/exec"), "/match/any/0/resources/kinds/1");
    passes(of("*/exec"));
    let spec = json!({"background": false, "rules": [rule(of("Pod/exec"))]});
    assert_eq!(found(&policy("ClusterPolicy", spec)), []);
}

#[test]
fn rules_for_every_kind() {
    let every = |kinds: Value, changes: Value| {
        let mut rule = rule(changes);
        rule["match"] = json!({"any": [{"resources": {"kinds": kinds}}]});
        json!({"background": false, "rules": [rule]})
    };
    let path = "/spec/rules/0/match/any/0/resources/kinds";
    assert_eq!(
        found(&policy("ClusterPolicy", every(json!(["*"]), json!({})))),
        []
    );
    check_spec(
        "ClusterPolicy",
        every(json!(["*", "Pod"]), json!({})),
        Severity::Error,
        path,
    );
    let spec = json!({"validate": {"pattern": {"spec": {"a": 1}}}});
    check_spec(
        "ClusterPolicy",
        every(json!(["*"]), spec),
        Severity::Error,
        path,
    );
    let foreach =
        json!({"validate": {"foreach": [{"list": "request.object.a", "pattern": {"a": 1}}]}});
    check_spec(
        "ClusterPolicy",
        every(json!(["*"]), foreach),
        Severity::Error,
        path,
    );
    fails(
        json!({"match": {"any": [{"resources": {"kinds": ["*"]}}]}}),
        "/match/any/0/resources/kinds",
    );
}

#[test]
fn a_rule_for_every_kind_denies_by_metadata() {
    let with = |key: &str| {
        let conditions = json!([{"key": key, "operator": "Equals", "value": "x"}]);
        let fields = json!({
            "match": {"any": [{"resources": {"kinds": ["*"]}}]},
            "validate": {"deny": {"conditions": conditions}},
        });
        found(&policy(
            "ClusterPolicy",
            json!({"background": false, "rules": [rule(fields)]}),
        ))
    };
    assert_eq!(with("{{ request.object.metadata.name }}"), []);
    assert_eq!(with("{{ request.userInfo.username }}"), []);
    let path = "/spec/rules/0/match/any/0/resources/kinds".to_owned();
    assert_eq!(
        with("{{ request.object.spec.x }}"),
        [(Severity::Error, path)]
    );
}
