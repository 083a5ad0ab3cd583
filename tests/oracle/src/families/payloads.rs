//! Policies of `evaluation.mode: JSON`, which are about JSON as it stands.

use serde_json::{Value, json};

use crate::{
    case::{Case, Command, Family, Size},
    dice::Dice,
    expressions::{condition, match_conditions, policy, text, variables},
    objects::{free, object},
};

/// The family.
pub(crate) const FAMILY: Family = Family {
    name: "payloads",
    command: Command::ApplyJson,
    draw,
};

fn draw(dice: &Dice, size: Size) -> Case {
    let payload = match dice.below(3) {
        0 => object(dice, "o1", "prod"),
        1 => {
            json!({"metadata": {"name": "o1", "labels": {"app": "a"}}, "kind": "Thing", "spec": free(dice, 2)})
        }
        _ => free(dice, 2),
    };
    let policies = (0..size.policies).map(|index| {
        let spec = spec(dice);
        let mut made = policy(dice, index, "ValidatingPolicy", spec);
        made["kind"] = json!("ValidatingPolicy");
        if let Some(metadata) = made["metadata"].as_object_mut() {
            metadata.remove("namespace");
        }
        made.to_string()
    });
    Case {
        policies: policies.collect(),
        objects: vec![payload.to_string()],
        ..Case::default()
    }
}

fn spec(dice: &Dice) -> Value {
    let has_variables = dice.percent(40);
    let validations = dice.many(1, 2, |dice| {
        let expression = match dice.below(4) {
            0 => dice
                .one(&[
                    "object.a == 1",
                    "has(object.b)",
                    "object.?c.orValue([]).size() > 0",
                    "object.d.all(e, has(e.a))",
                    "type(object.a) == int",
                    "object.a % 2 == 0",
                    "request == null",
                    "namespaceObject == null && oldObject == null",
                ])
                .to_owned(),
            _ => condition(dice, has_variables),
        };
        let mut made = json!({"expression": expression, "message": "no"});
        if dice.percent(35) {
            made["messageExpression"] = json!(text(dice));
        }
        made
    });
    let mut spec = json!({"evaluation": {"mode": "JSON"}, "validations": validations});
    if has_variables {
        spec["variables"] = variables(dice);
    }
    if dice.percent(30) {
        spec["matchConditions"] = match_conditions(dice);
    }
    if dice.percent(30) {
        spec["failurePolicy"] = json!(dice.one(&["Ignore", "Fail"]));
    }
    if dice.percent(30) {
        spec["matchConstraints"] = json!({"resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["services"], "operations": ["CREATE"]}]});
    }
    spec
}
