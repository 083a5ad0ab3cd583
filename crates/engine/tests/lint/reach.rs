//! Rules that nothing can reach, and rules that autogen makes.

use portcullis_engine::lint::Severity;
use serde_json::{Value, json};

use crate::{fails, found, passes, policy, rule, warns};

fn of(resources: Value) -> Value {
    json!({"match": {"any": [{"resources": resources}]}})
}

#[test]
fn excluded_as_a_whole() {
    let with = |exclude: Value| {
        let mut changes = of(json!({"kinds": ["ConfigMap"], "namespaces": ["team-a"]}));
        changes["exclude"] = json!({"any": [{"resources": exclude}]});
        changes
    };
    passes(with(json!({"namespaces": ["team-b"]})));
    passes(with(json!({"namespaces": ["team-*"], "names": ["a"]})));
    warns(with(json!({"namespaces": ["team-*"]})), "/exclude");
    warns(with(json!({"kinds": ["Secret", "ConfigMap"]})), "/exclude");
}

#[test]
fn filters_that_contradict() {
    let all = |other: Value| {
        let first = json!({"kinds": ["ConfigMap"], "names": ["a", "b*"]});
        json!({"match": {"all": [{"resources": first}, {"resources": other}]}})
    };
    passes(all(json!({"kinds": ["ConfigMap"], "names": ["b"]})));
    warns(all(json!({"kinds": ["Secret"]})), "/match/all");
    warns(
        all(json!({"kinds": ["ConfigMap"], "names": ["c"]})),
        "/match/all",
    );
}

#[test]
fn names_of_kinds() {
    let path = "/match/any/0/resources/kinds/0";
    for kind in ["configmap", "ConfigMaps", "apps/v1/Pod"] {
        warns(of(json!({"kinds": [kind]})), path);
    }
    for kind in ["ConfigMap", "Widget", "example.com/v1/configmap", "*/scale"] {
        passes(of(json!({"kinds": [kind]})));
    }
}

#[test]
fn kinds_without_a_namespace() {
    let path = "/match/any/0/resources/kinds/1";
    let with = |kind: &str, operator: &str| {
        let labelled = json!({"matchExpressions": [{"key": "a", "operator": operator}]});
        of(json!({"kinds": ["ConfigMap", kind], "namespaceSelector": labelled}))
    };
    passes(with("Secret", "Exists"));
    warns(with("Namespace", "Exists"), path);
    warns(with("Namespace", "DoesNotExist"), path);
    warns(with("Node", "Exists"), path);
    passes(with("Node", "DoesNotExist"));
    let inside = |kind: &str, namespace: &str| {
        of(json!({"kinds": ["ConfigMap", kind], "namespaces": [namespace]}))
    };
    passes(inside("Namespace", "team-a"));
    passes(inside("Node", "*"));
    warns(inside("Node", "team-a"), path);
}

#[test]
fn operations_that_do_not_happen() {
    let deny = |kind: &str, operation: &str| {
        let mut changes = of(json!({"kinds": [kind], "operations": [operation]}));
        changes["validate"] = json!({"deny": {}});
        let found = found(&policy(
            "ClusterPolicy",
            json!({"background": false, "rules": [rule(changes)]}),
        ));
        found.into_iter().map(|(_, path)| path).collect::<Vec<_>>()
    };
    for (kind, operation) in [
        ("Pod/exec", "CONNECT"),
        ("PodExecOptions", "CONNECT"),
        ("Widget", "CONNECT"),
        ("ConfigMap", "DELETE"),
        ("Deployment/scale", "UPDATE"),
        ("Pod/eviction", "CREATE"),
    ] {
        assert_eq!(deny(kind, operation), [""; 0], "{operation} {kind}");
    }
    let path = "/spec/rules/0/match/any/0/resources/operations";
    for (kind, operation) in [
        ("Pod/exec", "CREATE"),
        ("PodExecOptions", "UPDATE"),
        ("ConfigMap", "CONNECT"),
        ("Deployment/scale", "CREATE"),
        ("Pod/eviction", "DELETE"),
    ] {
        assert_eq!(deny(kind, operation), [path], "{operation} {kind}");
    }
}

#[test]
fn an_object_that_is_deleted() {
    let path = "/match/any/0/resources/operations";
    let deleted =
        |operations: &[&str]| of(json!({"kinds": ["ConfigMap"], "operations": operations}));
    warns(deleted(&["DELETE"]), path);
    passes(deleted(&["DELETE", "UPDATE"]));
    let with = |field: &str, body: Value| {
        let mut changes = deleted(&["DELETE"]);
        changes["validate"] = Value::Null;
        changes[field] = body;
        changes
    };
    passes(with("validate", json!({"deny": {}})));
    let patch = json!({"metadata": {"labels": {"a": "b"}}});
    warns(with("mutate", json!({"patchStrategicMerge": patch})), path);
    let target = json!({"apiVersion": "v1", "kind": "Secret", "name": "a"});
    let existing = json!({"patchStrategicMerge": patch, "targets": [target]});
    passes(with("mutate", existing));
}

#[test]
fn conditions_that_never_hold() {
    warns(json!({"preconditions": {"any": []}}), "/preconditions/any");
    passes(json!({"preconditions": {"all": []}}));
    let condition =
        |key: Value, value: &str| json!({"key": key, "operator": "Equals", "value": value});
    let read = || condition(json!("{{ request.object.a }}"), "b");
    let (holds, fails) = (condition(json!("a"), "a"), condition(json!("a"), "b"));
    for (conditions, path) in [
        (json!({"all": [read(), fails]}), "/all/1"),
        (json!([fails]), "/0"),
        (json!({"any": [fails, fails]}), "/any"),
    ] {
        let path = format!("/preconditions{path}");
        warns(json!({"preconditions": conditions}), &path);
    }
    for conditions in [
        json!({"all": [holds]}),
        json!({"any": [fails, holds]}),
        json!({"any": [fails, read()]}),
    ] {
        passes(json!({"preconditions": conditions}));
    }
}

#[test]
fn an_exclusion_of_every_name() {
    let with = |names: &[&str]| json!({"exclude": {"any": [{"resources": {"kinds": ["ConfigMap"], "names": names}}]}});
    warns(with(&["*"]), "/exclude");
    passes(with(&["a*"]));
}

#[test]
fn shadowed_rules() {
    let named = |name: &str, mut changes: Value| {
        changes["name"] = json!(name);
        rule(changes)
    };
    let check = |apply: &str, first: Value, second: Value| {
        let rules = [named("first", first), named("second", second)];
        let found = found(&policy(
            "ClusterPolicy",
            json!({"applyRules": apply, "rules": rules}),
        ));
        found == [(Severity::Warning, "/spec/rules/1".to_owned())]
    };
    let team = || of(json!({"kinds": ["ConfigMap"], "namespaces": ["team"]}));
    let body = |body: Value| json!({"validate": body});
    assert!(check("One", json!({}), team()));
    assert!(check("One", json!({}), json!({})));
    assert!(check("One", body(json!({"deny": {}})), json!({})));
    // What is asked in the same words is asked twice.
    assert!(check("All", json!({}), team()));
    assert!(check(
        "All",
        json!({"validate": {"message": "other", "pattern": {"metadata": {"labels": {"app": "?*"}}}}}),
        team()
    ));
    for (apply, first, second) in [
        ("All", team(), json!({})),
        ("All", json!({}), body(json!({"deny": {}}))),
        (
            "All",
            json!({"context": [{"name": "a", "variable": {"value": 1}}]}),
            team(),
        ),
        ("One", team(), json!({})),
        ("One", json!({"preconditions": {"all": []}}), team()),
        ("One", body(json!({"pattern": {"(a)": 1}})), team()),
        ("One", json!({}), body(json!({"deny": {}}))),
    ] {
        assert!(!check(apply, first.clone(), second), "{apply} {first}");
    }
}

#[test]
fn rules_that_autogen_makes() {
    let pods = of(json!({"kinds": ["Pod"]}))["match"].clone();
    let with = |reference: &str| {
        let condition = json!({"key": reference, "operator": "Equals", "value": "b"});
        json!({
            "match": pods, "preconditions": {"all": [condition]},
            "validate": {"pattern": {"spec": {"a": "b"}}},
        })
    };
    passes(with("$(./../../../../name)"));
    fails(
        with("$(./../../../../validate/pattern/spec/a)"),
        "/preconditions/all/0/key",
    );
    // The rule for CronJobs excludes CronJobs in the place of Deployments.
    let exclude = json!({"any": [
        {"resources": {"kinds": ["Deployment"]}},
        {"resources": {"kinds": ["Pod"], "namespaces": ["a"]}},
    ]});
    warns(json!({"match": pods, "exclude": exclude}), "/exclude");
}

/// A deprecated operator is warned of beside.
#[test]
fn conditions_that_read_nothing_and_never_hold() {
    let tell = |preconditions: Value| {
        let spec = json!({"rules": [rule(json!({"preconditions": preconditions}))]});
        let found = found(&policy("ClusterPolicy", spec));
        let found = found.into_iter().map(|(_, path)| path);
        found
            .filter(|path| !path.ends_with("/operator"))
            .collect::<Vec<_>>()
    };
    let one = |key: &str, operator: &str, value: Value| json!({"key": key, "operator": operator, "value": value});
    for (key, operator, value, never) in [
        ("a", "Equals", json!("b"), true),
        ("a", "Equal", json!("b"), true),
        ("a", "Equals", json!("a"), false),
        ("a", "In", json!(["b"]), true),
        ("a", "NotIn", json!(["a"]), true),
        ("a", "NotIn", json!(["b"]), false),
        ("a", "AnyNotIn", json!(["a"]), true),
        ("{{ request.name }}", "Equals", json!("b"), false),
        ("a", "Equals", json!("{{ request.name }}"), false),
        ("a", "EQUALS", json!("b"), false),
    ] {
        let condition = one(key, operator, value);
        let expected = |path: &str| match never {
            true => vec![format!("/spec/rules/0/preconditions/{path}")],
            false => Vec::new(),
        };
        assert_eq!(
            tell(json!({"all": [condition]})),
            expected("all/0"),
            "{condition}"
        );
        assert_eq!(tell(json!([condition])), expected("0"), "{condition}");
        assert_eq!(
            tell(json!({"any": [condition]})),
            expected("any"),
            "{condition}"
        );
    }
    let holds = one("{{ request.name }}", "Equals", json!("b"));
    let never = one("a", "Equals", json!("b"));
    assert_eq!(tell(json!({"any": [never, holds]})), Vec::<String>::new());
}
