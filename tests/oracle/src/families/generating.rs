//! `GeneratingPolicy` and its twin: expressions that call `generator.apply`, and templates.

use serde_json::{Value, json};

use crate::{
    case::{Case, Command, Family, Size},
    dice::Dice,
    expressions::{case, constraints, match_conditions, text, variables},
    objects::objects,
};

/// The family.
pub(crate) const FAMILY: Family = Family {
    name: "generating",
    command: Command::Apply,
    draw,
};

fn draw(dice: &Dice, size: Size) -> Case {
    let objects = objects(dice, size.objects);
    case(dice, size, &objects, "GeneratingPolicy", spec)
}

fn spec(dice: &Dice, index: usize, about: &Value) -> Value {
    let generate = dice.many(1, 2, |dice| {
        if dice.percent(50) {
            json!({"expression": expression(dice, index)})
        } else {
            let mut template = json!({"value": template(dice, index)});
            if dice.percent(75) {
                template["interpolate"] = json!(dice.one(&["cel", "cel", "none"]));
            }
            json!({"template": template})
        }
    });
    let mut spec = json!({"matchConstraints": constraints(dice, about), "generate": generate, "variables": variables(dice)});
    if dice.percent(25) {
        spec["matchConditions"] = match_conditions(dice);
    }
    if dice.percent(20) {
        spec["evaluation"] = json!({"synchronize": {"enabled": dice.percent(50)}});
    }
    spec
}

fn expression(dice: &Dice, index: usize) -> String {
    let name = format!("'made-{index}-' + object.metadata.name");
    let object = match dice.below(4) {
        0 => format!(
            "{{'apiVersion': dyn('v1'), 'kind': dyn('ConfigMap'), 'metadata': dyn({{'name': {name}}}), 'data': dyn({{'a': {}}})}}",
            text(dice)
        ),
        1 => format!(
            "{{'apiVersion': 'v1', 'kind': 'ConfigMap', 'metadata': {{'name': {name}, 'namespace': 'prod'}}, 'data': {{'a': variables.v1}}}}"
        ),
        2 => format!("{{'apiVersion': 'v1', 'kind': 'Namespace', 'metadata': {{'name': {name}}}}}"),
        _ => "resource.get('v1', 'configmaps', 'default', 'o1')".to_owned(),
    };
    let namespace = dice.one(&[
        "'prod'",
        "object.metadata.name",
        "object.metadata.namespace",
        "''",
        "request.namespace",
    ]);
    format!("generator.apply({namespace}, [{object}])")
}

fn template(dice: &Dice, index: usize) -> String {
    let name = format!("made-{index}-(( object.metadata.name ))");
    let value = dice.one(&[
        "(( object.metadata.name ))",
        "(( variables.v1 ))",
        "x-(( variables.v1 ))-y",
        "\\(( not ))",
        "(( object.metadata.labels.app ))",
        "plain",
        "\"(( size(object.metadata.name) ))\"",
    ]);
    let namespace = dice.one(&[
        "\n  namespace: prod",
        "\n  namespace: (( object.metadata.namespace ))",
        "",
    ]);
    let labels = dice.one(&[
        "",
        "\n  labels: (( object.metadata.labels ))",
        "\n  labels:\n    a: b",
    ]);
    let config_map = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}{namespace}{labels}\ndata:\n  a: {value}\n"
    );
    match dice.below(4) {
        0 => format!(
            "{config_map}---\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: ns-{name}\n"
        ),
        1 => format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}{namespace}\nspec:\n  replicas: (( variables.v2 ))\n  template: \"(( {{'a': [1, 2.5, true]}} ))\"\n"
        ),
        _ => config_map,
    }
}
