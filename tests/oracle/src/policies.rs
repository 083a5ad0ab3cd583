//! What is around rules: policies, and what selects requests.

use serde_json::{Value, json};

use crate::dice::Dice;

/// A policy `pN` of some rules.
pub(crate) fn policy(dice: &Dice, index: usize, rules: Vec<Value>) -> Value {
    let mut made = json!({
        "apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": {"name": format!("p{index}")},
        "spec": {"background": false, "rules": rules},
    });
    if dice.percent(12) {
        made["kind"] = json!("Policy");
        // A policy of a namespace must not name any.
        without(&mut made, "namespaces");
        made["metadata"]["namespace"] = json!(dice.one(&["default", "prod"]));
    }
    if dice.percent(30) {
        let value = dice.one(&[
            "none",
            "Deployment",
            "CronJob,Job",
            "DaemonSet,Deployment,Job,StatefulSet",
        ]);
        made["metadata"]["annotations"] =
            json!({"pod-policies.kyverno.io/autogen-controllers": value});
    }
    if dice.percent(8) {
        made["metadata"]["annotations"]["policies.kyverno.io/scored"] = json!("false");
    }
    if dice.percent(15) {
        made["spec"]["applyRules"] = json!(dice.one(&["One", "All"]));
    }
    if dice.percent(20) {
        made["spec"]["validationFailureAction"] = json!(dice.one(&["Audit", "Enforce"]));
    }
    if made["kind"] == "ClusterPolicy" && dice.percent(15) {
        made["spec"]["validationFailureActionOverrides"] = json!([{"action": dice.one(&["Audit", "Enforce"]), "namespaces": [dice.one(&["prod", "team-*", "default"])]}]);
    }
    made
}

/// Takes a field away, wherever it is.
fn without(value: &mut Value, field: &str) {
    match value {
        Value::Object(map) => {
            map.remove(field);
            map.values_mut().for_each(|value| without(value, field));
        }
        Value::Array(list) => list.iter_mut().for_each(|value| without(value, field)),
        _ => {}
    }
}

/// A `match` that an object meets, mostly.
pub(crate) fn matching(dice: &Dice, about: &Value) -> Value {
    let filter = |dice: &Dice| {
        let mut filter = json!({"resources": resources(dice, about)});
        if dice.percent(6) {
            filter["subjects"] = dice.of(&json!([[{"kind": "User", "name": "a*"}], [{"kind": "Group", "name": "dev"}], [{"kind": "ServiceAccount", "name": "sa", "namespace": "prod"}]]));
        }
        if dice.percent(4) {
            filter["clusterRoles"] = json!(["admin"]);
        }
        filter
    };
    match dice.below(10) {
        0..6 => json!({"any": dice.many(1, 2, filter)}),
        6..8 => json!({"all": dice.many(1, 2, filter)}),
        _ => filter(dice),
    }
}

fn resources(dice: &Dice, about: &Value) -> Value {
    let kind = about["kind"].as_str().unwrap_or("Pod").to_owned();
    let version = about["apiVersion"].as_str().unwrap_or("v1").to_owned();
    let kinds = match dice.below(16) {
        0 => json!([format!("{version}/{kind}")]),
        1 => json!([kind, "Service"]),
        2 => json!([format!("*/{kind}")]),
        3 => json!(["Deployment", "StatefulSet"]),
        4 => json!([format!("{}*", kind.get(..2).unwrap_or_default())]),
        5 => json!([format!("*/*/{kind}")]),
        6 => json!(["Pod"]),
        _ => json!([kind]),
    };
    let mut made = json!({"kinds": kinds});
    if dice.percent(10) {
        let name = dice.one(&["o*", "o1", "?1", "x*", "o?"]);
        if dice.percent(50) {
            made["name"] = json!(name)
        } else {
            made["names"] = json!([name, "o2"])
        }
    }
    if dice.percent(12) {
        made["namespaces"] = json!([dice.one(&["prod", "team-*", "default", "*", "?rod", "o*"])]);
    }
    if dice.percent(10) {
        made["selector"] = selector(dice);
    }
    if dice.percent(5) {
        made["namespaceSelector"] = selector(dice);
    }
    if dice.percent(6) {
        made["annotations"] = dice.of(
            &json!([{"app": "*"}, {"app": "a"}, {"*": "prod"}, {"app*": "?*"}, {"team": "dev"}]),
        );
    }
    if dice.percent(10) {
        made["operations"] = json!(dice.one(&[
            vec!["CREATE"],
            vec!["CREATE", "UPDATE"],
            vec!["DELETE"],
            vec!["UPDATE"]
        ]));
    }
    made
}

/// A label selector.
pub(crate) fn selector(dice: &Dice) -> Value {
    dice.of(&json!([
        {"matchLabels": {"app": "a"}}, {"matchLabels": {"app": "*"}}, {"matchLabels": {"*": "prod"}}, {"matchLabels": {"app*": "?*"}},
        {"matchExpressions": [{"key": "app", "operator": "Exists"}]}, {"matchExpressions": [{"key": "env", "operator": "DoesNotExist"}]},
        {"matchExpressions": [{"key": "app", "operator": "In", "values": ["a", "prod", "web"]}]}, {"matchExpressions": [{"key": "team", "operator": "NotIn", "values": ["a", "dev"]}]},
        {"matchLabels": {"team": "dev"}, "matchExpressions": [{"key": "app", "operator": "Exists"}]}]))
}

/// What stands in a file of kind `Values`: operations of requests, and labels of namespaces.
pub(crate) fn values_file(dice: &Dice, policies: usize) -> Value {
    let mut spec = json!({"namespaceSelector": [
        {"name": "prod", "labels": {"app": "a", "env": "prod"}}, {"name": "team-a", "labels": {"team": "dev", "app": "web"}}, {"name": "default", "labels": {}},
    ]});
    if dice.percent(60) {
        spec["globalValues"] =
            json!({"request.operation": dice.one(&["CREATE", "UPDATE", "DELETE"])});
    }
    if dice.percent(40) {
        let policies = dice.many(1, 3, |dice| {
            let index = dice.below(policies);
            let rule = json!({"name": "r0", "values": {"v0": dice.one(&["x", "5", "a"]), "given": "g"}});
            json!({"name": format!("p{index}"), "rules": [rule], "resources": [{"name": "o1", "values": {"request.operation": "UPDATE", "v1": "w"}}]})
        });
        spec["policies"] = json!(policies);
    }
    spec
}
