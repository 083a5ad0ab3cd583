//! `PolicyException` of `policies.kyverno.io`.

use serde_json::{Value, json};

use crate::{
    case::{Case, Command, Family, Size},
    dice::Dice,
    expressions::{case_of, match_conditions, policy},
    families::validating::spec,
    objects::objects,
};

/// The family.
pub(crate) const FAMILY: Family = Family {
    name: "cel-exceptions",
    command: Command::Apply,
    draw,
};

fn draw(dice: &Dice, size: Size) -> Case {
    let objects = objects(dice, size.objects);
    let policies: Vec<Value> = (0..size.policies)
        .map(|index| {
            let mut spec = spec(dice, &dice.one(&objects));
            if dice.percent(60) {
                spec["validations"][0]["expression"] = json!(dice.one(&[
                    "object.spec.containers.all(c, c.image in exceptions.allowedImages)",
                    "object.spec.containers.all(c, !c.image.contains('nginx') || exceptions.allowedImages.exists(i, i == c.image))",
                    "object.metadata.name in exceptions.allowedValues",
                    "size(exceptions.allowedValues) == 0",
                    "size(exceptions.allowedImages) > 0 || object.metadata.name == 'o1'",
                ]));
            }
            policy(dice, index, "ValidatingPolicy", spec)
        })
        .collect();
    let exceptions: Vec<String> = (0..3)
        .map(|index| exception(dice, index, &policies).to_string())
        .collect();
    let mut case = case_of(dice, &policies, &objects);
    case.files
        .push(("exceptions.yaml".to_owned(), exceptions.join("\n---\n")));
    case.arguments
        .extend(["--exception".to_owned(), "exceptions.yaml".to_owned()]);
    case
}

fn exception(dice: &Dice, index: usize, policies: &[Value]) -> Value {
    let refs = dice.many(1, 3, |dice| {
        let policy = dice.one(policies);
        json!({"name": policy["metadata"]["name"], "kind": policy["kind"]})
    });
    let mut spec = json!({"policyRefs": refs});
    if dice.percent(60) {
        spec["matchConditions"] = match_conditions(dice);
    }
    if dice.percent(30) {
        spec["images"] = json!(dice.one(&[vec!["nginx"], vec!["nginx*", "ghcr.io/*"], vec!["*"]]));
    }
    if dice.percent(30) {
        spec["allowedValues"] = json!(dice.one(&[vec!["o1"], vec!["o2", "o3"], vec!["*"]]));
    }
    if dice.percent(40) {
        spec["reportResult"] = json!(dice.one(&["skip", "pass"]));
    }
    let mut made = json!({
        "apiVersion": dice.one(&["policies.kyverno.io/v1", "policies.kyverno.io/v1beta1"]), "kind": "PolicyException",
        "metadata": {"name": format!("e{index}"), "namespace": dice.one(&["default", "prod"])}, "spec": spec,
    });
    if dice.percent(25) {
        made["metadata"]["labels"] =
            json!({"polex.kyverno.io/priority": dice.one(&["1", "10", "x"])});
    }
    made
}
