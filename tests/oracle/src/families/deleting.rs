//! `DeletingPolicy` and its twin: what they would delete.

use serde_json::{Value, json};

use crate::{
    case::{Case, Command, Family, Size},
    dice::Dice,
    expressions::{case, condition, constraints, named, variables},
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
    case(dice, size, &objects, "DeletingPolicy", |dice, _, about| {
        spec(dice, about)
    })
}

fn spec(dice: &Dice, about: &Value) -> Value {
    let has_variables = dice.percent(40);
    let conditions = named(dice.many(1, 2, |dice| condition(dice, has_variables)));
    let mut spec = json!({"schedule": "*/5 * * * *", "matchConstraints": constraints(dice, about), "conditions": conditions});
    if has_variables {
        spec["variables"] = variables(dice);
    }
    if dice.percent(20) {
        spec["deletionPropagationPolicy"] =
            json!(dice.one(&["Foreground", "Background", "Orphan"]));
    }
    spec
}
