//! `ValidatingPolicy` and its twin, with the policies that are derived for the controllers of pods.

use serde_json::{Value, json};

use crate::{
    case::{Case, Command, Family, Size},
    dice::Dice,
    expressions::{
        boolean, constraints, match_conditions, policy, text, variables, with_variables,
    },
    objects::objects,
    policies::values_file,
};

/// The family.
pub(crate) const FAMILY: Family = Family {
    name: "validating",
    command: Command::Apply,
    draw,
};

fn draw(dice: &Dice, size: Size) -> Case {
    let objects = objects(dice, size.objects);
    let policies = (0..size.policies).map(|index| {
        let spec = spec(dice, &dice.one(&objects));
        policy(dice, index, "ValidatingPolicy", spec).to_string()
    });
    let mut case = Case {
        policies: policies.collect(),
        objects: objects.iter().map(Value::to_string).collect(),
        ..Case::default()
    };
    with_values(dice, &mut case);
    case
}

/// Gives a case a Values file, mostly: labels of namespaces, and now and then an operation.
pub(crate) fn with_values(dice: &Dice, case: &mut Case) {
    if dice.percent(70) {
        let mut values = values_file(dice, 0);
        if let Some(spec) = values.as_object_mut() {
            spec.remove("policies");
            // Of a deletion, Kyverno asks none of these kinds.
            if spec
                .get("globalValues")
                .is_some_and(|values| values["request.operation"] == "DELETE")
            {
                spec.remove("globalValues");
            }
        }
        values["apiVersion"] = json!("cli.kyverno.io/v1alpha1");
        values["kind"] = json!("Values");
        values["metadata"] = json!({"name": "values"});
        case.files
            .push(("values.yaml".to_owned(), values.to_string()));
        case.arguments
            .extend(["-f".to_owned(), "values.yaml".to_owned()]);
    }
}

/// The `spec` of a policy about an object.
pub(crate) fn spec(dice: &Dice, about: &Value) -> Value {
    let has_variables = dice.percent(40);
    let validations = dice.many(1, 3, |dice| {
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
