//! Bodies of `generate`.

use portcullis_engine::lint::Severity;
use serde_json::{Value, json};

use crate::{fails, found, passes, policy, rule, warns};

/// A rule that makes a ConfigMap, with some fields in other ways; null takes a field away.
fn making(changes: Value) -> Value {
    let mut body = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "name": "made", "namespace": "{{ request.name }}",
    });
    let fields = body.as_object_mut().unwrap();
    for (field, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => fields.remove(field),
            value => fields.insert(field.clone(), value.clone()),
        };
    }
    let namespaces = json!({"any": [{"resources": {"kinds": ["Namespace"]}}]});
    json!({"validate": null, "match": namespaces, "generate": body})
}

/// A rule that makes what a list of sources holds.
fn cloning(list: Value) -> Value {
    making(json!({"apiVersion": null, "kind": null, "name": null, "cloneList": list}))
}

#[test]
fn what_is_made() {
    let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole"});
    let mut cluster_wide = role.clone();
    cluster_wide["namespace"] = Value::Null;
    for body in [
        json!({}),
        json!({"data": {"data": {"a": "b"}}}),
        json!({"clone": {"name": "source", "namespace": "default"}}),
        cluster_wide,
        json!({"apiVersion": "iam.example.com/v1", "kind": "Role", "namespace": null}),
        json!({"apiVersion": "iam.example.com/v1", "kind": "Role"}),
    ] {
        passes(making(body));
    }
    for (body, path) in [
        (json!({"kind": null}), ""),
        (json!({"apiVersion": null, "namespace": null}), ""),
        (json!({"name": null}), ""),
        (json!({"namespace": null}), ""),
        (role, "/namespace"),
        (
            json!({"data": {"a": 1}, "clone": {"name": "s", "namespace": "n"}}),
            "",
        ),
        (json!({"foreach": [], "data": {"a": 1}}), ""),
        (json!({"data": {"data": {"=(a)": "b"}}}), "/data/data/=(a)"),
        (json!({"clone": {"namespace": "n"}}), "/clone"),
    ] {
        fails(making(body), &format!("/generate{path}"));
    }
    warns(
        making(json!({"clone": {"name": "{{ request.name }}", "namespace": "n"}})),
        "/generate/clone/name",
    );
}

#[test]
fn lists_of_sources() {
    let list = |kinds: &[&str]| json!({"namespace": "default", "kinds": kinds});
    passes(cloning(list(&["v1/Secret", "v1/ConfigMap"])));
    passes(cloning(list(&["v1/Secret", "example.com/v1/Widget"])));
    fails(
        cloning(list(&["v1/Secret", "v1/Node"])),
        "/generate/cloneList/kinds",
    );
    fails(cloning(list(&["v1/Node"])), "/generate/cloneList/namespace");
    fails(
        cloning(json!({"kinds": ["v1/Secret"]})),
        "/generate/cloneList",
    );
    let labelled = |labels: Value| {
        let mut list = list(&["v1/Secret"]);
        list["selector"] = json!({"matchLabels": labels});
        cloning(list)
    };
    passes(labelled(json!({"a": "b"})));
    fails(labelled(json!({"a": "b*"})), "/generate/cloneList/selector");
    fails(labelled(json!({"a?": "b"})), "/generate/cloneList/selector");
    let mut named = cloning(list(&["v1/Secret"]));
    named["generate"]["name"] = json!("made");
    fails(named, "/generate/name");
    let from = json!({"namespace": "{{ request.name }}", "kinds": ["v1/Secret"]});
    warns(cloning(from), "/generate/cloneList/namespace");
}

#[test]
fn each_element() {
    let each = |element: Value| {
        let mut body = making(json!({}));
        body["generate"] = json!({"foreach": [element]});
        body
    };
    let target = |list: Value, name: Value| {
        json!({
            "list": list, "apiVersion": "v1", "kind": "Secret",
            "name": name, "namespace": "default", "data": {},
        })
    };
    let query = "request.object.data";
    passes(each(target(json!(query), json!("{{ element }}"))));
    fails(each(target(json!(query), json!(""))), "/generate/foreach/0");
    warns(each(target(json!(""), json!("a"))), "/generate/foreach/0");
    let mut conditional = target(json!(query), json!("a"));
    conditional["preconditions"] = json!({"all": [{"key": 1, "operator": "Is", "value": 1}]});
    let path = "/generate/foreach/0/preconditions/all/0/operator";
    fails(each(conditional), path);
}

#[test]
fn a_policy_of_one_namespace() {
    let with = |mut changes: Value| {
        changes["match"] = json!({"any": [{"resources": {"kinds": ["Secret"]}}]});
        let mut policy = policy("Policy", json!({"rules": [rule(changes)]}));
        policy.metadata.namespace = Some("team".to_owned());
        let found = found(&policy).into_iter();
        found.map(|(_, path)| path).collect::<Vec<_>>()
    };
    let own = json!({"namespace": "team", "clone": {"name": "s", "namespace": "team"}});
    assert_eq!(with(making(own)), [""; 0]);
    for (body, path) in [
        (json!({"namespace": "other"}), "namespace"),
        (json!({}), "namespace"),
        (
            json!({"namespace": "team", "clone": {"name": "s", "namespace": "other"}}),
            "clone/namespace",
        ),
        (json!({"kind": "Namespace", "namespace": null}), "kind"),
    ] {
        let path = format!("/spec/rules/0/generate/{path}");
        assert_eq!(with(making(body)), [path]);
    }
    let mut list = cloning(json!({"namespace": "other", "kinds": ["v1/Secret"]}));
    list["generate"]["namespace"] = json!("team");
    let path = "/spec/rules/0/generate/cloneList/namespace";
    assert_eq!(with(list), [path]);
}

#[test]
fn a_rule_that_runs_for_what_it_makes() {
    let matching = |block: Value| {
        let mut changes = making(json!({}));
        changes["match"] = block;
        changes
    };
    let maps = json!({"kinds": ["ConfigMap"]});
    fails(matching(json!({"resources": maps})), "/generate/kind");
    warns(
        matching(json!({"any": [{"resources": maps}]})),
        "/generate/kind",
    );
    let named = json!({"kinds": ["ConfigMap"], "names": ["source"]});
    passes(matching(json!({"any": [{"resources": named}]})));
    let mut chosen = matching(json!({"any": [{"resources": maps}]}));
    chosen["preconditions"] = json!({"all": []});
    passes(chosen);
}

#[test]
fn severities() {
    let mut changes = making(json!({"name": null}));
    changes["generate"]["clone"] = json!({"name": "{{ request.name }}", "namespace": "n"});
    let policy = policy("ClusterPolicy", json!({"rules": [rule(changes)]}));
    let severities: Vec<_> = found(&policy).into_iter().map(|(it, _)| it).collect();
    assert_eq!(severities, [Severity::Error, Severity::Warning]);
}
