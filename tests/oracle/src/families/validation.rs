//! `validate`: patterns, conditions, loops, and everything that selects and feeds them.

use serde_json::{Value, json};

use crate::{
    case::{Case, Command, Family, Size},
    conditions::{condition, conditions, path, rule_conditions, variable},
    dice::Dice,
    objects::{objects, scalar},
    patterns::pattern,
    policies::{matching, policy, values_file},
};

/// The family.
pub(crate) const FAMILY: Family = Family {
    name: "validation",
    command: Command::Apply,
    draw,
};

fn draw(dice: &Dice, size: Size) -> Case {
    let objects = objects(dice, size.objects);
    let policies = (0..size.policies).map(|index| {
        let rules = (0..1 + dice.below(3))
            .map(|number| rule(dice, number, &objects))
            .collect();
        policy(dice, index, rules).to_string()
    });
    let policies: Vec<String> = policies.collect();
    let mut case = Case {
        policies,
        objects: objects.iter().map(Value::to_string).collect(),
        ..Case::default()
    };
    if dice.percent(50) {
        let mut values = values_file(dice, size.policies);
        values["apiVersion"] = json!("cli.kyverno.io/v1alpha1");
        values["kind"] = json!("Values");
        values["metadata"] = json!({"name": "values"});
        case.files
            .push(("values.yaml".to_owned(), values.to_string()));
        case.arguments
            .extend(["-f".to_owned(), "values.yaml".to_owned()]);
    }
    case
}

/// A rule about one of the objects.
pub(crate) fn rule(dice: &Dice, number: usize, objects: &[Value]) -> Value {
    let about = dice.one(objects);
    let mut rule = json!({"name": format!("r{number}"), "match": matching(dice, &about), "validate": validate(dice, &about)});
    if dice.percent(15) {
        rule["exclude"] = {
            let other = dice.one(objects);
            matching(dice, &other)
        };
    }
    if dice.percent(25) {
        rule["preconditions"] = rule_conditions(dice, &variable);
    }
    if rule.to_string().contains("v0") || rule.to_string().contains("v1") {
        rule["context"] = context(dice);
    }
    rule
}

/// Context entries `v0` and `v1`, which conditions and messages read.
pub(crate) fn context(dice: &Dice) -> Value {
    let entries = (0..2).map(|index| {
        let mut variable = json!({});
        let from = dice.below(3);
        if from != 1 {
            variable["value"] = match dice.below(3) {
                0 => scalar(dice),
                1 => json!({"a": scalar(dice), "b": [scalar(dice), "{{ request.object.metadata.name }}"]}),
                _ => json!(format!("{{{{ {} }}}}", path(dice))),
            };
        }
        if from != 0 {
            variable["jmesPath"] = json!(if from == 1 { path(dice) } else { dice.one(&["a", "@", "b[0]", "length(@)", "to_string(@)"]).to_owned() });
        }
        if from != 0 && dice.percent(50) {
            variable["default"] = scalar(dice);
        }
        json!({"name": format!("v{index}"), "variable": variable})
    });
    json!(entries.collect::<Vec<_>>())
}

fn validate(dice: &Dice, about: &Value) -> Value {
    let mut validate = body(dice, about, 2);
    if dice.percent(70) {
        let text = dice.one(&[
            "no",
            "ends with a stop.",
            "{{ request.object.metadata.name }} in {{ request.namespace }}",
            "{{ request.object.absent.path }}",
            "labels: {{ request.object.metadata.labels }}",
            "{{ v0 }} and {{ v1 || 'none' }}",
            "{{ request.object.spec.replicas || `0` }}",
            "\\{{ escaped }}",
        ]);
        validate["message"] = json!(text);
    }
    if dice.percent(30) {
        validate["failureAction"] = json!(dice.one(&["Audit", "Enforce"]));
    }
    validate
}

fn body(dice: &Dice, about: &Value, depth: usize) -> Value {
    match dice.below(10) {
        0..4 => json!({"pattern": pattern(dice, about)}),
        4 => json!({"anyPattern": dice.many(1, 3, |dice| pattern(dice, about))}),
        5..8 => json!({"deny": {"conditions": rule_conditions(dice, &known)}}),
        _ => json!({"foreach": dice.many(1, 2, |dice| foreach(dice, about, depth))}),
    }
}

/// A variable about the object, or a context entry.
fn known(dice: &Dice) -> Value {
    if dice.percent(15) {
        json!(dice.one(&[
            "{{ v0 }}",
            "{{ v0 || '' }}",
            "{{ v0.a }}",
            "{{ v1 || v0 || '' }}",
            "{{ to_string(v0) }}"
        ]))
    } else {
        variable(dice)
    }
}

fn element(dice: &Dice) -> Value {
    match dice.below(12) {
        0 => json!("{{ elementIndex }}"),
        1 => json!("{{ element.name || '' }}"),
        2 => json!("{{ element.image || '' }}"),
        3 => json!("{{ element.a || element0.a || '' }}"),
        4 => json!("{{ element.ports[].containerPort || `[]` }}"),
        5 => json!("{{ elementIndex0 }}-{{ elementIndex }}"),
        6 => json!("{{ element }}"),
        7 => json!("{{ element.b || '' }}"),
        8 => json!("{{ to_string(element) }}"),
        9 => json!("{{ element.containerPort || `0` }}"),
        _ => known(dice),
    }
}

fn foreach(dice: &Dice, about: &Value, depth: usize) -> Value {
    let list = match depth {
        2 => dice.one(&[
            "request.object.spec.containers",
            "request.object.spec.[containers, initContainers][]",
            "request.object.spec.a",
            "request.object.spec.b",
            "request.object.spec.c[]",
            "request.object.metadata.labels",
            "request.object.spec.volumes",
            "request.object.spec.containers[].image",
            "request.object.spec.e || `[]`",
            "keys(request.object.metadata.labels)",
            "items(request.object.metadata.labels, 'name', 'a')",
        ]),
        _ => dice.one(&[
            "element.ports",
            "element.a",
            "element.env",
            "element0.b",
            "request.object.spec.containers",
            "element.args || `[\"x\"]`",
        ]),
    };
    let mut made = json!({"list": list});
    if dice.percent(20) {
        made["elementScope"] = json!(dice.percent(50));
    }
    if dice.percent(25) {
        made["preconditions"] = conditions(dice, &element);
    }
    let lists: Vec<Value> = ["/spec/containers", "/spec/a", "/spec/b", "/spec/volumes"]
        .iter()
        .filter_map(|pointer| {
            about
                .pointer(pointer)
                .and_then(Value::as_array)
                .and_then(|list| list.first())
        })
        .cloned()
        .collect();
    let sample = if lists.is_empty() {
        json!({"name": "a", "a": 1})
    } else {
        dice.one(&lists)
    };
    match dice.below(8) {
        0..3 => made["pattern"] = pattern(dice, &sample),
        3 => made["anyPattern"] = json!(dice.many(1, 2, |dice| pattern(dice, &sample))),
        4 if depth > 0 => made["foreach"] = json!([foreach(dice, about, depth - 1)]),
        5 => {
            made["deny"] = json!({"conditions": {"any": [condition(dice, &element), condition(dice, &|_| json!("{{ w || '' }}"))]}})
        }
        _ => made["deny"] = json!({"conditions": conditions(dice, &element)}),
    }
    if made.to_string().contains("w ||") {
        made["context"] = json!([{"name": "w", "variable": {"value": element(dice)}}]);
    }
    made
}
