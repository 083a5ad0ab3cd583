//! `generate`: objects of data, of clones and of loops, one namespace of triggers for each policy.

use serde_json::{Value, json};

use crate::{
    case::{Case, Command, Family, Size},
    conditions::{rule_conditions, variable},
    dice::Dice,
    families::mutation::of_all_namespaces,
    objects::{config_map, object, scalar},
    policies::policy,
};

/// The family.
pub(crate) const FAMILY: Family = Family {
    name: "generation",
    command: Command::Apply,
    draw,
};

fn draw(dice: &Dice, size: Size) -> Case {
    let mut case = Case::default();
    for index in 0..size.policies {
        let namespace = format!("p{index}");
        let rules = (0..1 + dice.below(2)).map(|number| rule(dice, number));
        let mut policy = policy(dice, index, rules.collect());
        of_all_namespaces(&mut policy, &namespace);
        case.policies
            .push(policy.to_string().replace("NAMESPACE", &namespace));
        case.objects
            .push(config_map(dice, "o0", &namespace).to_string());
        case.objects
            .push(object(dice, "o1", &namespace).to_string());
        case.objects.push(json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "source", "namespace": namespace, "labels": {"app": "a"}}, "type": "Opaque", "data": {"k": "dg=="}}).to_string());
    }
    case
}

/// A rule; `NAMESPACE` stands for the one of the policy.
pub(crate) fn rule(dice: &Dice, number: usize) -> Value {
    let kinds = dice.one(&[
        vec!["ConfigMap"],
        vec!["Pod"],
        vec!["ConfigMap", "Pod"],
        vec!["Deployment", "ConfigMap"],
    ]);
    let mut rule = json!({
        "name": format!("r{number}"),
        "match": {"any": [{"resources": {"kinds": kinds}}]},
        "generate": {"synchronize": dice.percent(50)},
    });
    if dice.percent(15) {
        rule["generate"]["foreach"] = json!(dice.many(1, 2, foreach));
    } else {
        target(dice, number, &mut rule["generate"]);
    }
    if dice.percent(20) {
        rule["preconditions"] = rule_conditions(dice, &variable);
    }
    if dice.percent(15) {
        rule["generate"]["generateExisting"] = json!(true);
    }
    if dice.percent(10) {
        rule["skipBackgroundRequests"] = json!(false);
    }
    if ["v0", "v1"]
        .iter()
        .any(|name| rule.to_string().contains(name))
    {
        rule["context"] = json!([{"name": "v0", "variable": {"value": scalar(dice)}}, {"name": "v1", "variable": {"jmesPath": "request.object.metadata.labels", "default": {}}}]);
    }
    rule
}

fn target(dice: &Dice, number: usize, made: &mut Value) {
    made["apiVersion"] = json!("v1");
    made["kind"] = json!(dice.one(&["Secret", "LimitRange", "ResourceQuota"]));
    let suffix = dice.one(&[
        "{{ request.object.metadata.name }}",
        "{{ request.object.kind }}",
        "a",
        "{{ request.object.metadata.labels.app || 'none' }}",
        "{{ elementIndex }}",
    ]);
    let suffix = if suffix.contains("element") && number < 10 {
        "b"
    } else {
        suffix
    };
    made["name"] = json!(format!("g{number}-{suffix}"));
    made["namespace"] = json!(dice.one(&[
        "NAMESPACE",
        "{{ request.namespace }}",
        "{{ request.object.metadata.namespace }}"
    ]));
    match dice.below(8) {
        0 => {
            made["kind"] = json!("Secret");
            made["clone"] =
                json!({"namespace": "NAMESPACE", "name": dice.one(&["source", "source", "none"])});
        }
        1 => {
            let cloned = json!({"namespace": "NAMESPACE", "kinds": ["v1/Secret"], "selector": {"matchLabels": {"app": dice.one(&["a", "b"])}}});
            *made = json!({"synchronize": false, "namespace": format!("{{{{ request.object.metadata.name }}}}-{number}"), "cloneList": cloned});
        }
        _ => made["data"] = data(dice),
    }
}

fn data(dice: &Dice) -> Value {
    let value = |dice: &Dice| match dice.below(10) {
        0 => json!("{{ request.object.metadata.labels || `{}` }}"),
        1 => json!("{{ request.object.data }}"),
        2 => json!("x-{{ request.object.data.a || 'a' }}"),
        3 => json!("{{ v0 }}"),
        4 => json!("{{ v1.app || '' }}"),
        5 => json!({"{{ request.object.metadata.name }}": scalar(dice)}),
        6 => json!([
            scalar(dice),
            "{{ request.object.spec.containers[].image || `[]` }}"
        ]),
        7 => json!("{{ request.object.absent }}"),
        _ => scalar(dice),
    };
    let metadata = dice.of(&json!([{"labels": {"x": "y-{{ request.object.metadata.name }}"}}, {"annotations": {"n": "{{ request.namespace }}"}}, {"labels": {"app.kubernetes.io/managed-by": "me"}}, {}]));
    let mut data = json!({"spec": {"a": value(dice), "b": value(dice)}});
    if dice.percent(60) {
        data["metadata"] = metadata;
    }
    if dice.percent(30) {
        data["kind"] = json!("Secret");
        data["stringData"] = json!({"k": value(dice)});
    }
    data
}

fn foreach(dice: &Dice) -> Value {
    let mut made = json!({"list": dice.one(&["request.object.spec.containers", "request.object.data.list", "keys(request.object.data)", "parse_json(request.object.data.list || '[]')", "request.object.spec.volumes || `[{\"name\": \"v\"}]`"])});
    let number = 10 + dice.below(10);
    target(dice, number, &mut made);
    if let Some(made) = made.as_object_mut() {
        made.remove("synchronize");
    }
    if made.get("list").is_none() {
        made["list"] = json!("request.object.spec.containers");
    }
    if made.get("data").is_some() && dice.percent(60) {
        made["data"]["spec"]["c"] = json!(dice.one(&[
            "{{ element }}",
            "{{ element.name || 'n' }}",
            "i{{ elementIndex }}"
        ]));
    }
    if dice.percent(25) {
        made["preconditions"] = json!({"all": [{"key": "{{ elementIndex }}", "operator": dice.one(&["GreaterThan", "Equals", "LessThan"]), "value": 1}]});
    }
    made
}
