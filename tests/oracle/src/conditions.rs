//! Conditions of `preconditions`, `deny` and everything else that has them.

use serde_json::{Value, json};

use crate::{dice::Dice, objects::scalar};

const OPERATORS: &[&str] = &[
    "Equals",
    "Equal",
    "NotEquals",
    "NotEqual",
    "AnyIn",
    "AllIn",
    "AnyNotIn",
    "AllNotIn",
    "In",
    "NotIn",
    "GreaterThan",
    "GreaterThanOrEquals",
    "LessThan",
    "LessThanOrEquals",
    "DurationGreaterThan",
    "DurationGreaterThanOrEquals",
    "DurationLessThan",
    "DurationLessThanOrEquals",
];

/// Conditions: `any` and `all`, or one of them.
pub(crate) fn conditions(dice: &Dice, keys: &dyn Fn(&Dice) -> Value) -> Value {
    let list = |dice: &Dice| json!(dice.many(1, 3, |dice| condition(dice, keys)));
    match dice.below(20) {
        0..8 => json!({"any": list(dice)}),
        8..14 => json!({"all": list(dice)}),
        14..17 => json!({"any": list(dice), "all": list(dice)}),
        _ => json!({"any": [], "all": list(dice)}),
    }
}

/// Conditions of a rule, which may have the older form, a list.
pub(crate) fn rule_conditions(dice: &Dice, keys: &dyn Fn(&Dice) -> Value) -> Value {
    match dice.below(8) {
        0 => json!(dice.many(1, 3, |dice| condition(dice, keys))),
        _ => conditions(dice, keys),
    }
}

/// Conditions of the kinds of v2, which do not have the older operators.
pub(crate) fn conditions_of_v2(dice: &Dice, keys: &dyn Fn(&Dice) -> Value) -> Value {
    let text = conditions(dice, keys).to_string();
    let older = [
        ("\"Equal\"", "Equals"),
        ("\"NotEqual\"", "NotEquals"),
        ("\"In\"", "AnyIn"),
        ("\"NotIn\"", "AllNotIn"),
    ];
    let newer = older.iter().fold(text, |text, (old, new)| {
        text.replace(
            &format!("\"operator\":{old}"),
            &format!("\"operator\":\"{new}\""),
        )
    });
    serde_json::from_str(&newer).unwrap_or_default()
}

/// One condition, about one of the keys.
pub(crate) fn condition(dice: &Dice, keys: &dyn Fn(&Dice) -> Value) -> Value {
    let key = keys(dice);
    let key = if key.is_null() { json!("") } else { key };
    let value = match dice.percent(12) {
        true => keys(dice),
        false => value(dice),
    };
    // A value that is left out is refused.
    let value = if value.is_null() { json!("") } else { value };
    let operator = dice.one(OPERATORS);
    // Kyverno dies of items that are no text.
    let value = match value {
        Value::Array(items) if ["In", "NotIn"].contains(&operator) => {
            json!(
                items
                    .iter()
                    .map(|item| item
                        .as_str()
                        .map_or_else(|| item.to_string(), str::to_owned))
                    .collect::<Vec<_>>()
            )
        }
        value => value,
    };
    let mut condition = json!({"key": key, "operator": operator, "value": value});
    if dice.percent(25) {
        condition["message"] = json!(dice.one(&[
            "no",
            "{{ request.object.metadata.name }} is wrong",
            "{{ request.object.spec.absent }}",
            "{{ request.object.metadata.labels.app || 'none' }}"
        ]));
    }
    condition
}

/// A value to compare with.
pub(crate) fn value(dice: &Dice) -> Value {
    match dice.below(10) {
        0..5 => scalar(dice),
        5..8 => json!(dice.many(0, 3, scalar)),
        8 => dice.of(&json!([
            "1-5",
            "1!-5",
            "100m-2",
            "1h-2h",
            "[\"a\", \"b\"]",
            "a*",
            "*",
            "?*",
            "nginx*",
            "[]",
            "",
            ["*"],
            ["a*", "1-5"],
            [1, 2],
            [true]
        ])),
        _ => dice.of(&json!([{"a": 1}, {}, [], [["a"]], [{"a": "b"}], ["a", 1, true, null]])),
    }
}

/// A variable about the object, mostly with a fallback.
pub(crate) fn variable(dice: &Dice) -> Value {
    let path = path(dice);
    let expression = match dice.below(12) {
        0 => path,
        1 => format!("{path} || `null`"),
        2 => format!("{path} || `[]`"),
        3 => format!("length({path} || `[]`)"),
        4 => format!("to_string({path} || '')"),
        5 => format!("type({path} || `null`)"),
        6 => format!("keys({path} || `{{}}`)"),
        7 => format!("{path} || `5`"),
        8 => format!("to_number({path} || '1')"),
        _ => format!("{path} || ''"),
    };
    json!(match dice.below(16) {
        0 => format!("x-{{{{ {expression} }}}}"),
        1 => format!("{{{{- {expression} }}}}"),
        2 => format!("{{{{{expression}}}}}"),
        3 => return scalar(dice),
        4 => return json!([format!("{{{{ {expression} }}}}"), scalar(dice)]),
        _ => format!("{{{{ {expression} }}}}"),
    })
}

/// A path into the request.
pub(crate) fn path(dice: &Dice) -> String {
    let key = |dice: &Dice| dice.one(&["a", "b", "c", "d", "e"]);
    match dice.below(22) {
        0 => "request.object.metadata.labels.app".to_owned(),
        1 => "request.object.metadata.labels".to_owned(),
        2 => "request.object.metadata.annotations".to_owned(),
        3 => "request.object.metadata.name".to_owned(),
        4 => "request.namespace".to_owned(),
        5 => "request.operation".to_owned(),
        6 => "request.object.spec.containers[].image".to_owned(),
        7 => "request.object.spec.containers[*].resources.limits.memory".to_owned(),
        8 => "request.object.spec.containers[0].securityContext.runAsUser".to_owned(),
        9 => "request.object.spec.containers[?name=='web'].image | [0]".to_owned(),
        10 => "request.object.spec.replicas".to_owned(),
        11 => "images.containers.*.registry".to_owned(),
        12 => "images.containers.web.tag".to_owned(),
        13 => "request.object.spec.[containers, initContainers][].name".to_owned(),
        14 => "request.object.data.list".to_owned(),
        15 => "request.object.spec.containers[0].resources.requests.cpu".to_owned(),
        16 => "request.kind.kind".to_owned(),
        17 => format!("request.object.spec.{}.{}", key(dice), key(dice)),
        18 => format!("request.object.spec.{}[]", key(dice)),
        19 => format!("request.object.spec.{}[0]", key(dice)),
        20 => format!("request.object.spec.{}[*].{}", key(dice), key(dice)),
        _ => format!("request.object.spec.{}", key(dice)),
    }
}
