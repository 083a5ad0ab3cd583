//! `validate.cel` and `celPreconditions` of rules.

use serde_json::{Value, json};

use crate::{
    case::{Case, Command, Family, Size},
    dice::Dice,
    expressions::{boolean, match_conditions, text, variables, with_variables},
    families::validating::with_values,
    objects::objects,
    policies::{matching, policy},
};

/// The family.
pub(crate) const FAMILY: Family = Family {
    name: "cel-rules",
    command: Command::Apply,
    draw,
};

fn draw(dice: &Dice, size: Size) -> Case {
    let objects = objects(dice, size.objects);
    let policies = (0..size.policies).map(|index| {
        let rules = (0..1 + dice.below(2))
            .map(|number| rule(dice, number, &objects))
            .collect();
        policy(dice, index, rules).to_string()
    });
    let mut case = Case {
        policies: policies.collect(),
        objects: objects.iter().map(Value::to_string).collect(),
        ..Case::default()
    };
    with_values(dice, &mut case);
    case
}

fn rule(dice: &Dice, number: usize, objects: &[Value]) -> Value {
    let has_variables = dice.percent(40);
    let expressions = dice.many(1, 3, |dice| {
        let expression = if has_variables {
            with_variables(dice)
        } else {
            boolean(dice)
        };
        let mut made = json!({"expression": expression});
        if dice.percent(50) {
            made["message"] = json!("no");
        }
        if dice.percent(35) {
            made["messageExpression"] = json!(text(dice));
        }
        made
    });
    let mut cel = json!({"expressions": expressions});
    if has_variables {
        cel["variables"] = variables(dice);
    }
    if dice.percent(15) {
        cel["auditAnnotations"] = json!([{"key": "k", "valueExpression": text(dice)}]);
    }
    let about = dice.one(objects);
    let mut rule = json!({"name": format!("r{number}"), "match": matching(dice, &about), "validate": {"cel": cel}});
    if dice.percent(40) {
        rule["validate"]["message"] = json!("of the rule");
    }
    if dice.percent(35) {
        rule["celPreconditions"] = match_conditions(dice);
    }
    rule
}
