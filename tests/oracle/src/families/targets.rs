//! `mutate` with `targets`: existing objects that a trigger changes.
//!
//! Each policy has a namespace of its own, with triggers and targets of its own.

use serde_json::{Value, json};

use crate::{
    case::{Case, Command, Family, Size},
    conditions::conditions,
    dice::Dice,
    families::mutation::{foreach, json_patch, merge, of_all_namespaces, placed},
    objects::{config_map, word},
    policies::policy,
};

/// The family.
pub(crate) const FAMILY: Family = Family {
    name: "targets",
    command: Command::Apply,
    draw,
};

fn draw(dice: &Dice, size: Size) -> Case {
    let mut case = Case::default();
    let mut existing = Vec::new();
    for index in 0..size.policies {
        let namespace = format!("p{index}");
        let targets = placed(dice, "t", 2 + dice.below(2), &namespace);
        if targets.is_empty() {
            continue;
        }
        let rules = (0..1 + dice.below(2))
            .map(|number| rule(dice, number, &targets))
            .collect();
        let mut policy = policy(dice, index, rules);
        of_all_namespaces(&mut policy, &namespace);
        case.policies
            .push(policy.to_string().replace("NAMESPACE", &namespace));
        for trigger in 0..1 + dice.below(2) {
            let trigger = config_map(dice, &format!("o{trigger}"), &namespace);
            case.objects.push(trigger.to_string());
        }
        existing.extend(targets.iter().map(Value::to_string));
    }
    case.files
        .push(("targets.yaml".to_owned(), existing.join("\n---\n")));
    case.arguments = vec!["--target-resource".to_owned(), "targets.yaml".to_owned()];
    case
}

fn rule(dice: &Dice, number: usize, targets: &[Value]) -> Value {
    let about = dice.one(targets);
    let mut mutate = json!({"targets": dice.many(1, 2, |dice| target(dice, &about))});
    let name = dice.one(&[
        "{{ target.metadata.name }}",
        "{{ request.object.metadata.name }}",
        "{{ @ }}",
    ]);
    match dice.below(8) {
        0..5 => {
            mutate["patchStrategicMerge"] = merge(dice, &about);
            if dice.percent(60) {
                mutate["patchStrategicMerge"]["metadata"]["labels"]["from"] = json!(name);
            }
        }
        5..7 => mutate["patchesJson6902"] = json!(json_patch(dice, "/spec")),
        _ => mutate["foreach"] = json!(dice.many(1, 2, |dice| of_target(foreach(dice, 1)))),
    }
    let mut rule = json!({"name": format!("r{number}"), "match": {"any": [{"resources": {"kinds": ["ConfigMap"]}}]}, "mutate": mutate});
    if dice.percent(20) {
        rule["preconditions"] = conditions(dice, &|dice| {
            dice.of(&json!([
                "{{ request.object.data.a || '' }}",
                "{{ request.object.metadata.name }}"
            ]))
        });
    }
    if rule.to_string().contains("v0") {
        rule["context"] = json!([{"name": "v0", "variable": {"value": word(dice)}}]);
    }
    rule
}

/// A loop about the target in place of the trigger, mostly.
fn of_target(foreach: Value) -> Value {
    let text = foreach.to_string();
    let text = text.replace("request.object.spec", "target.spec");
    serde_json::from_str(&text).unwrap_or(foreach)
}

/// Which objects are meant.
fn target(dice: &Dice, about: &Value) -> Value {
    let mut target = json!({"apiVersion": about["apiVersion"], "kind": about["kind"]});
    target["namespace"] = json!(dice.one(&[
        "NAMESPACE",
        "{{ request.namespace }}",
        "{{ request.object.metadata.namespace }}"
    ]));
    match dice.below(10) {
        0 => target["name"] = json!("t1"),
        1 => target["name"] = json!("t?"),
        2 => {
            target["name"] = json!("{{ request.object.metadata.labels.app || 't0' }}");
        }
        3 => target["selector"] = crate::policies::selector(dice),
        4 => target["name"] = json!("none"),
        5 => {
            target["name"] = json!("*");
            target["kind"] = json!(dice.one(&["*", "Pod", "ConfigMap"]));
            if target["kind"] != "*" {
                target["apiVersion"] = json!("v1");
            }
        }
        6 => target["name"] = json!("{{ request.object.absent }}"),
        _ => target["name"] = json!("t*"),
    }
    if dice.percent(35) {
        target["context"] = json!([{"name": "w", "variable": dice.of(&json!([
            {"value": "{{ target.metadata.name }}"},
            {"jmesPath": "target.metadata.labels.app"},
            {"jmesPath": "target.spec.replicas", "default": 1},
            {"value": "{{ request.object.metadata.name }}-{{ target.kind }}"}]))}]);
    }
    if dice.percent(35) {
        let has_own = target.get("context").is_some();
        target["preconditions"] = conditions(dice, &|dice| match dice.below(5) {
            0 if has_own => json!("{{ w }}"),
            1 => json!("{{ request.object.metadata.name }}"),
            2 => json!("{{ target.metadata.labels.team || '' }}"),
            3 => json!("{{ target.metadata.name }}"),
            _ => json!("{{ target.metadata.annotations.app }}"),
        });
    }
    target
}
