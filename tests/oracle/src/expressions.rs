//! Expressions in CEL, drawn from templates, and what is around them in the kinds of `policies.kyverno.io`.

mod templates;

use serde_json::{Value, json};

use self::templates::{TYPES, WRONG};
use crate::{
    case::{Case, Size},
    dice::Dice,
    policies::{selector, values_file},
};

/// An expression of a type of [`TYPES`].
pub(crate) fn expression(dice: &Dice, kind: &str, depth: usize) -> String {
    let all = TYPES.iter().find(|(of, _)| *of == kind);
    let all = all.map_or(&[] as &[&str], |(_, templates)| templates);
    let is_leaf = |template: &&&str| depth > 0 || !template.contains('$');
    let templates: Vec<&str> = all.iter().filter(is_leaf).copied().collect();
    let mut left = dice.one(&templates);
    let mut made = String::new();
    while let Some(at) = left.find('$').filter(|at| left.get(*at..at + 2).is_some()) {
        let (before, rest) = left.split_at(at);
        let (hole, rest) = rest.split_at(2);
        let is_hole = TYPES.iter().any(|(of, _)| *of == hole);
        made.push_str(before);
        if is_hole {
            made.push('(');
            made.push_str(&expression(dice, hole, depth.saturating_sub(1)));
            made.push(')');
        } else {
            made.push_str(hole);
        }
        left = rest;
    }
    made + left
}

/// A condition; of some, one that does not compile.
pub(crate) fn boolean(dice: &Dice) -> String {
    if dice.below(300) == 0 {
        dice.one(WRONG).to_owned()
    } else {
        let depth = 1 + dice.below(2);
        expression(dice, "$B", depth)
    }
}

/// Text; `string` makes it one for the type checker.
pub(crate) fn text(dice: &Dice) -> String {
    let depth = dice.below(3);
    format!("string({})", expression(dice, "$S", depth))
}

/// `matchConditions`.
pub(crate) fn match_conditions(dice: &Dice) -> Value {
    named(dice.many(1, 2, boolean))
}

/// Conditions `c0`, `c1` and so on.
pub(crate) fn named(expressions: Vec<String>) -> Value {
    let conditions = (0..)
        .zip(expressions)
        .map(|(index, expression): (usize, _)| json!({"name": format!("c{index}"), "expression": expression}));
    conditions.collect()
}

/// `variables`: `v0` a boolean, `v1` text, `v2` a number, and `v3` a list; `v4` and `v5` are text that reads those before.
pub(crate) fn variables(dice: &Dice) -> Value {
    let kinds = ["$B", "$S", "$I", "$L"].map(|kind| of_type(dice, kind));
    let chained = [
        dice.one(&[
            "variables.v0 ? variables.v1 : 'none'",
            "variables.v1 + string(variables.v2)",
            "variables.v3.size() > 0 ? variables.v3[0] : variables.v1",
        ]),
        dice.one(&[
            "variables.v4 + '-' + variables.v1",
            "variables.v0 || variables.v2 > 3 ? variables.v4 : ''",
        ]),
    ];
    let chained = chained.map(str::to_owned);
    let made = kinds.into_iter().chain(chained).enumerate();
    let made = made.map(|(index, made)| json!({"name": format!("v{index}"), "expression": made}));
    made.collect()
}

fn of_type(dice: &Dice, kind: &str) -> String {
    let made = expression(dice, kind, 1);
    match kind {
        "$S" => format!("string({made})"),
        _ => made,
    }
}

/// A condition, in which a variable of [`variables`] may stand where there are some.
pub(crate) fn condition(dice: &Dice, has_variables: bool) -> String {
    if !has_variables {
        return boolean(dice);
    }
    match dice.below(7) {
        5 => "variables.v5.startsWith(variables.v4)".to_owned(),
        6 => "variables.v4.contains(variables.v1) || size(variables.v5) > 4".to_owned(),
        0 => format!("variables.v0 && {}", boolean(dice)),
        1 => format!("variables.v1 == {}", text(dice)),
        2 => "variables.v2 > 1 || variables.v0".to_owned(),
        3 => "variables.v3.exists(e, e == variables.v1)".to_owned(),
        _ => boolean(dice),
    }
}

/// A validation, with what it says now and then.
pub(crate) fn validation(dice: &Dice, has_variables: bool) -> Value {
    let mut made = json!({"expression": condition(dice, has_variables)});
    if dice.percent(50) {
        made["message"] = json!("no");
    }
    if dice.percent(35) {
        made["messageExpression"] = json!(text(dice));
    }
    made
}

/// A case of policies of a kind of `policies.kyverno.io`, each about one of the objects: `spec` draws that
/// of a policy by its number.
pub(crate) fn case(
    dice: &Dice,
    size: Size,
    objects: &[Value],
    kind: &str,
    spec: impl Fn(&Dice, usize, &Value) -> Value,
) -> Case {
    let policies = (0..size.policies).map(|index| {
        let spec = spec(dice, index, &dice.one(objects));
        policy(dice, index, kind, spec)
    });
    let policies: Vec<Value> = policies.collect();
    case_of(dice, &policies, objects)
}

/// A case of policies and objects, with a Values file, mostly.
pub(crate) fn case_of(dice: &Dice, policies: &[Value], objects: &[Value]) -> Case {
    let mut case = Case {
        policies: policies.iter().map(Value::to_string).collect(),
        objects: objects.iter().map(Value::to_string).collect(),
        ..Case::default()
    };
    with_values(dice, &mut case);
    case
}

/// Gives a case a Values file, mostly: labels of namespaces, and now and then an operation.
fn with_values(dice: &Dice, case: &mut Case) {
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

/// `matchConstraints` that an object meets, mostly.
pub(crate) fn constraints(dice: &Dice, about: &Value) -> Value {
    let mut made = json!({"resourceRules": [rule(dice, about)]});
    if dice.percent(15) {
        let other = json!({"apiVersion": "v1", "kind": "ConfigMap"});
        made["resourceRules"] = json!([rule(dice, about), rule(dice, &other)]);
    }
    if dice.percent(12) {
        made["namespaceSelector"] = selector_without_wildcards(dice);
    }
    if dice.percent(12) {
        // What wants a label absent holds for every new object in Kyverno.
        made["objectSelector"] = dice.of(&json!([
            {"matchLabels": {"app": "a"}}, {"matchExpressions": [{"key": "app", "operator": "Exists"}]},
            {"matchExpressions": [{"key": "team", "operator": "In", "values": ["a", "dev"]}]},
        ]));
    }
    if dice.percent(12) {
        let mut excluded = rule(dice, about);
        if dice.percent(60) {
            excluded["resourceNames"] = json!(["o1", "o2"]);
        }
        made["excludeResourceRules"] = json!([excluded]);
    }
    if dice.percent(8) {
        made["matchPolicy"] = json!(dice.one(&["Exact", "Equivalent"]));
    }
    made
}

fn selector_without_wildcards(dice: &Dice) -> Value {
    let made = selector(dice);
    if made.to_string().contains(['*', '?']) {
        json!({"matchLabels": {"app": "a"}})
    } else {
        made
    }
}

/// The resources that objects are, with their groups and versions.
const RESOURCES: &[(&str, &str, &str, &str)] = &[
    ("Pod", "", "v1", "pods"),
    ("Deployment", "apps", "v1", "deployments"),
    ("StatefulSet", "apps", "v1", "statefulsets"),
    ("DaemonSet", "apps", "v1", "daemonsets"),
    ("ReplicaSet", "apps", "v1", "replicasets"),
    ("Job", "batch", "v1", "jobs"),
    ("CronJob", "batch", "v1", "cronjobs"),
    ("ConfigMap", "", "v1", "configmaps"),
    ("Namespace", "", "v1", "namespaces"),
    ("Service", "", "v1", "services"),
    ("Thing", "shop.example", "v1", "things"),
];

fn rule(dice: &Dice, about: &Value) -> Value {
    let kind = about["kind"].as_str().unwrap_or("Pod");
    let found = RESOURCES.iter().find(|(of, ..)| *of == kind);
    let (_, group, version, resource) = *found.unwrap_or(&("Pod", "", "v1", "pods"));
    let mut made = json!({"apiGroups": [group], "apiVersions": [version], "resources": [resource], "operations": ["CREATE", "UPDATE"]});
    match dice.below(20) {
        0 => made["apiGroups"] = json!(["*"]),
        1 => made["apiVersions"] = json!(["*"]),
        2 => made["resources"] = json!(["*"]),
        3 => made["resources"] = json!([resource, "deployments"]),
        4 => made["resources"] = json!([format!("{resource}/status")]),
        5 => made["operations"] = json!(["*"]),
        6 => made["operations"] = json!(["DELETE"]),
        7 => made["scope"] = json!(dice.one(&["Namespaced", "Cluster", "*"])),
        8 => made["resourceNames"] = json!(["o0", "o1"]),
        9 => made["resources"] = json!(["*/*"]),
        10 => {
            made["apiGroups"] = json!(["*"]);
            made["resources"] = json!(["*"]);
        }
        _ => {}
    }
    made
}

/// A policy `pN` of a kind, or now and then of its twin in a namespace.
pub(crate) fn policy(dice: &Dice, index: usize, kind: &str, spec: Value) -> Value {
    let mut made = json!({
        "apiVersion": dice.one(&["policies.kyverno.io/v1", "policies.kyverno.io/v1beta1"]), "kind": kind,
        "metadata": {"name": format!("p{index}")}, "spec": spec,
    });
    if dice.percent(8) {
        made["kind"] = json!(format!("Namespaced{kind}"));
        made["metadata"]["namespace"] = json!(dice.one(&["default", "prod"]));
    }
    if dice.percent(6) {
        made["metadata"]["annotations"] = json!({"policies.kyverno.io/scored": "false"});
    }
    made
}
