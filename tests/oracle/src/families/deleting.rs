//! `DeletingPolicy` and its twin: what they would delete.

use serde_json::{Value, json};

use crate::{
    case::{Case, Command, Family, Size},
    dice::Dice,
    expressions::{boolean, constraints, policy, variables, with_variables},
    families::validating::with_values,
    objects::known_objects,
};

/// The family.
pub(crate) const FAMILY: Family = Family {
    name: "deleting",
    command: Command::Apply,
    draw,
};

fn draw(dice: &Dice, size: Size) -> Case {
    let objects = known_objects(dice, size.objects);
    let policies = (0..size.policies).map(|index| {
        let spec = spec(dice, &dice.one(&objects));
        policy(dice, index, "DeletingPolicy", spec).to_string()
    });
    let mut case = Case {
        policies: policies.collect(),
        objects: objects.iter().map(Value::to_string).collect(),
        ..Case::default()
    };
    with_values(dice, &mut case);
    case
}

fn spec(dice: &Dice, about: &Value) -> Value {
    let has_variables = dice.percent(40);
    let conditions = dice.many(1, 2, |dice| {
        if has_variables {
            with_variables(dice)
        } else {
            boolean(dice)
        }
    });
    let conditions = conditions
        .iter()
        .enumerate()
        .map(|(index, expression)| json!({"name": format!("c{index}"), "expression": expression}));
    let mut spec = json!({"schedule": "*/5 * * * *", "matchConstraints": constraints(dice, about), "conditions": conditions.collect::<Vec<_>>()});
    if has_variables {
        spec["variables"] = variables(dice);
    }
    if dice.percent(20) {
        spec["deletionPropagationPolicy"] =
            json!(dice.one(&["Foreground", "Background", "Orphan"]));
    }
    spec
}
