//! `ValidatingPolicy` and its twin, with the policies that are derived for the controllers of pods.

use serde_json::{Value, json};

use crate::{
    case::{Case, Command, Family, Size},
    dice::Dice,
    expressions::{case, constraints, match_conditions, text, validation, variables},
    objects::objects,
};

/// The family.
pub(crate) const FAMILY: Family = Family {
    name: "validating",
    command: Command::Apply,
    draw,
};

fn draw(dice: &Dice, size: Size) -> Case {
    let objects = objects(dice, size.objects);
    case(
        dice,
        size,
        &objects,
        "ValidatingPolicy",
        |dice, _, about| spec(dice, about),
    )
}

/// The `spec` of a policy about an object.
pub(crate) fn spec(dice: &Dice, about: &Value) -> Value {
    let has_variables = dice.percent(40);
    let validations = dice.many(1, 3, |dice| {
        let mut made = validation(dice, has_variables);
        if dice.percent(15) {
            made["reason"] = json!(dice.one(&["Unauthorized", "Forbidden", "Invalid"]));
        }
        made
    });
    let mut spec =
        json!({"matchConstraints": constraints(dice, about), "validations": validations});
    if has_variables {
        spec["variables"] = variables(dice);
    }
    if dice.percent(30) {
        spec["matchConditions"] = match_conditions(dice);
    }
    if dice.percent(15) {
        spec["auditAnnotations"] = json!([{"key": "k", "valueExpression": text(dice)}]);
    }
    if dice.percent(30) {
        spec["failurePolicy"] = json!(dice.one(&["Ignore", "Fail"]));
    }
    if dice.percent(40) {
        spec["validationActions"] =
            json!(dice.one(&[vec!["Audit"], vec!["Deny"], vec!["Warn", "Audit"]]));
    }
    if dice.percent(25) {
        let controllers = dice.one(&[vec![], vec!["deployments"], vec!["cronjobs", "jobs"]]);
        spec["autogen"] = json!({"podControllers": {"controllers": controllers}});
    }
    if dice.percent(10) {
        spec["evaluation"] = json!({"admission": {"enabled": dice.percent(50)}, "background": {"enabled": dice.percent(50)}});
    }
    spec
}
