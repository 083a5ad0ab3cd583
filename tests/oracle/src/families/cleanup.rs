//! `ClusterCleanupPolicy` and `CleanupPolicy`: what they would delete.

use serde_json::{Value, json};

use crate::{
    case::{Case, Command, Family, Size},
    conditions::{conditions_of_v2, variable},
    dice::Dice,
    objects::objects,
    policies::matching,
};

/// The family.
pub(crate) const FAMILY: Family = Family {
    name: "cleanup",
    command: Command::Apply,
    draw,
};

fn draw(dice: &Dice, size: Size) -> Case {
    let objects = objects(dice, size.objects);
    let policies = (0..size.policies).map(|index| policy(dice, index, &objects).to_string());
    Case {
        policies: policies.collect(),
        objects: objects.iter().map(Value::to_string).collect(),
        ..Case::default()
    }
}

/// What conditions of rules are about, and what is beside it in a cleanup policy.
const RENAMED: &[(&str, &str)] = &[
    ("request.object", "target"),
    ("request.namespace", "target.metadata.namespace"),
    ("request.operation", "target.kind"),
    ("request.kind.kind", "target.kind"),
    ("images.", "target."),
];

fn policy(dice: &Dice, index: usize, objects: &[Value]) -> Value {
    let selected = || {
        let selected = matching(dice, &dice.one(objects));
        let text = if selected.get("resources").is_some() {
            json!({"any": [selected]})
        } else {
            selected
        };
        let mut selected = text;
        for list in ["any", "all"] {
            for filter in selected[list].as_array_mut().into_iter().flatten() {
                *filter = json!({"resources": filter["resources"].take()});
            }
        }
        if let Some(map) = selected.as_object_mut() {
            map.retain(|_, list| !list.is_null());
        }
        selected
    };
    let mut made = json!({
        "apiVersion": dice.one(&["kyverno.io/v2", "kyverno.io/v2beta1"]), "kind": "ClusterCleanupPolicy", "metadata": {"name": format!("p{index}")},
        "spec": {"schedule": "*/5 * * * *", "match": selected()},
    });
    if dice.percent(20) {
        made["kind"] = json!("CleanupPolicy");
        made["metadata"]["namespace"] = json!(dice.one(&["default", "prod"]));
    }
    if dice.percent(25) {
        made["spec"]["exclude"] = selected();
    }
    if dice.percent(60) {
        let text = conditions_of_v2(dice, &variable).to_string();
        let text = RENAMED
            .iter()
            .fold(text, |text, (from, to)| text.replace(from, to));
        made["spec"]["conditions"] = serde_json::from_str(&text).unwrap_or_default();
    }
    made
}
