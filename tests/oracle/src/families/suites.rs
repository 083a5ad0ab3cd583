//! `test`: suites whose rows want all kinds of results, of rules and objects that exist or not.

use serde_json::{Value, json};

use crate::{
    case::{Case, Command, Family, Size},
    dice::Dice,
    families::{mutation, validation},
    objects::objects,
    policies::{policy, values_file},
};

/// The family.
pub(crate) const FAMILY: Family = Family {
    name: "suites",
    command: Command::Test,
    draw,
};

fn draw(dice: &Dice, size: Size) -> Case {
    let objects = objects(dice, size.objects);
    let policies: Vec<Value> = (0..size.policies)
        .map(|index| {
            let about = || dice.one(&objects);
            let rules = (0..1 + dice.below(2)).map(|number| match dice.below(6) {
                0 => mutation::rule(dice, number, &about()),
                _ => validation::rule(dice, number, &objects),
            });
            policy(dice, index, rules.collect())
        })
        .collect();
    let results = policies
        .iter()
        .flat_map(|policy| dice.many(1, 3, |dice| result(dice, policy, &objects)));
    let mut suite = json!({
        "apiVersion": "cli.kyverno.io/v1alpha1", "kind": "Test", "metadata": {"name": "suite"},
        "policies": ["policies"], "resources": ["objects.yaml"], "results": results.collect::<Vec<_>>(),
    });
    if dice.percent(50) {
        suite["values"] = values_file(dice, size.policies);
    }
    Case {
        policies: policies.iter().map(Value::to_string).collect(),
        objects: objects.iter().map(Value::to_string).collect(),
        files: vec![("kyverno-test.yaml".to_owned(), suite.to_string())],
        arguments: Vec::new(),
    }
}

fn result(dice: &Dice, policy: &Value, objects: &[Value]) -> Value {
    let name = policy["metadata"]["name"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let rules = policy["spec"]["rules"].as_array().map_or(1, Vec::len);
    let mut result = json!({"policy": name, "kind": dice.one(&["Pod", "Deployment", "Thing"])});
    if let Some(namespace) = policy["metadata"]["namespace"]
        .as_str()
        .filter(|_| dice.percent(80))
    {
        result["policy"] = json!(format!("{namespace}/{name}"));
    }
    if dice.percent(4) {
        result["policy"] = json!("none");
    }
    result["rule"] = json!(match dice.below(16) {
        0 => "wrong".to_owned(),
        1 => "autogen-r0".to_owned(),
        _ => format!("r{}", dice.below(rules)),
    });
    result["result"] = json!(dice.one(&["pass", "fail", "skip", "warn", "error", "pass", "fail"]));
    let names = dice.many(1, 3, |dice| {
        let object = dice.one(objects);
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        match object["metadata"]["namespace"].as_str() {
            Some(namespace) if dice.percent(40) => format!("{namespace}/{name}"),
            _ if dice.percent(6) => "missing".to_owned(),
            _ => name.to_owned(),
        }
    });
    if dice.percent(90) {
        result["resources"] = json!(names);
    }
    if dice.percent(12) {
        result["operation"] = json!(dice.one(&["CREATE", "UPDATE", "DELETE"]));
    }
    if dice.percent(10) {
        result["failOnMissingResources"] = json!(dice.percent(50));
    }
    if dice.percent(10) {
        let object = dice.one(objects);
        result["resourceSpecs"] =
            json!([{"kind": object["kind"], "name": object["metadata"]["name"]}]);
    }
    result
}
