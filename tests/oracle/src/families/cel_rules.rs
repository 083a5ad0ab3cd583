//! `validate.cel` and `celPreconditions` of rules.

use serde_json::{Value, json};

use crate::{
    case::{Case, Command, Family, Size},
    dice::Dice,
    expressions::{case_of, match_conditions, text, validation, variables},
    objects::objects,
    policies::{matching, policy},
};

/// The family.
pub(crate) const FAMILY: Family = Family {
    name: "cel-rules",
    command: Command::Apply,
    draw,
};

/// What Kyverno's own kinds have, and `validate.cel` has not; its commands do not tell it the resource.
const ABSENT: &[&str] = &[
    "base64.",
    "cel.bind(",
    "hash.",
    "image(",
    "isImage(",
    "json.",
    "math.",
    "request.resource",
    "resource.get(",
    ".reverse()",
    "transform.",
    "yaml.",
];

fn draw(dice: &Dice, size: Size) -> Case {
    let objects = objects(dice, size.objects);
    let policies = (0..size.policies).map(|index| {
        let rules = (0..1 + dice.below(2))
            .map(|number| native(dice, |dice| rule(dice, number, &objects)))
            .collect();
        policy(dice, index, rules)
    });
    let policies: Vec<Value> = policies.collect();
    case_of(dice, &policies, &objects)
}

/// Draws until all of it is what `validate.cel` has.
fn native(dice: &Dice, draw: impl Fn(&Dice) -> Value) -> Value {
    loop {
        let made = draw(dice);
        let text = made.to_string();
        if !ABSENT.iter().any(|word| text.contains(word)) {
            return made;
        }
    }
}

fn rule(dice: &Dice, number: usize, objects: &[Value]) -> Value {
    let has_variables = dice.percent(40);
    let expressions = dice.many(1, 3, |dice| validation(dice, has_variables));
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
