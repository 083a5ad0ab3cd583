//! Policies with their bindings and objects, as chance has them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    dice::Dice,
    expressions::{CONDITIONS, MESSAGES, OF_KINDS, OF_PARAMETERS, written},
    mutations,
    objects::{KINDS, Kind, PAIR, object},
    parameters,
};

/// The version of the policies and bindings.
pub(super) const VERSION: &str = "admissionregistration.k8s.io/v1";

/// One policy, what binds it, and the objects that it is asked about.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) mutates: bool,
    pub(super) policy: Value,
    pub(super) bindings: Vec<Value>,
    pub(super) objects: Vec<Value>,
    /// The libraries and the ways to refer to parameters.
    pub(super) hits: BTreeSet<String>,
}

/// What a policy says, while it is made.
pub(super) struct Draft {
    pub(super) kind: Kind,
    pub(super) has_parameters: bool,
    pub(super) has_variables: bool,
    pub(super) hits: BTreeSet<String>,
}

/// The case of a number; each library has its turn.
pub(super) fn case(seed: u64, number: usize, mutates: bool, objects: usize) -> Case {
    let turn = u64::try_from(number).unwrap();
    let mut dice =
        Dice::new(seed ^ (turn << 1 | u64::from(mutates)).wrapping_mul(0x5851_f42d_4c95_7f2d));
    let kind = dice.one(&KINDS);
    let name = format!("{}-{number}", if mutates { "map" } else { "vap" });
    let mut draft = Draft {
        kind,
        has_parameters: dice.percent(30),
        has_variables: number % CONDITIONS.len() == variables_turn() || dice.percent(20),
        hits: BTreeSet::new(),
    };
    let mut spec = preamble(&mut dice, &mut draft, &name);
    if mutates {
        spec["mutations"] = mutations::mutations(&mut dice, &mut draft, number);
        spec["reinvocationPolicy"] = dice.one(&["Never", "IfNeeded"]).into();
    } else {
        spec["validations"] = validations(&mut dice, &mut draft, number);
        if dice.percent(20) {
            let value = written(dice.one(MESSAGES));
            spec["auditAnnotations"] = json!([{"key": "said", "valueExpression": value}]);
        }
    }
    let parameters = draft.has_parameters.then(|| parameters::kind(&mut dice));
    if let Some(parameters) = parameters {
        spec["paramKind"] = parameters.reference();
    }
    let word = if mutates { "Mutating" } else { "Validating" };
    // The API server takes bindings in no fixed order, and mutations need not commute.
    let bindings = if !mutates && dice.percent(15) { 2 } else { 1 };
    let bindings = (0..bindings)
        .map(|which| {
            let spec = binding(&mut dice, &mut draft, &name, mutates, parameters);
            let kind = format!("{word}AdmissionPolicyBinding");
            json!({"apiVersion": VERSION, "kind": kind, "metadata": {"name": format!("{name}-{which}")}, "spec": spec})
        })
        .collect();
    let objects = (0..objects)
        .map(|which| object(&mut dice, kind, &name, &format!("{name}-{which}")))
        .collect();
    Case {
        kind,
        mutates,
        policy: json!({"apiVersion": VERSION, "kind": format!("{word}AdmissionPolicy"), "metadata": {"name": name}, "spec": spec}),
        bindings,
        objects,
        hits: draft.hits,
        name,
    }
}

fn variables_turn() -> usize {
    let mut libraries = CONDITIONS.iter();
    libraries
        .position(|(library, _)| *library == "variables")
        .unwrap()
}

/// An expression that must be true: of a library, or of what only the object or the parameters have.
pub(super) fn condition(dice: &mut Dice, draft: &mut Draft, library: Option<usize>) -> String {
    if library.is_none() && draft.has_parameters && dice.percent(60) {
        return written(dice.one(OF_PARAMETERS));
    }
    if library.is_none() && dice.percent(40) {
        let mut kinds = OF_KINDS.iter();
        let (_, of_kind) = kinds.find(|(kind, _)| *kind == draft.kind.kind).unwrap();
        return written(dice.one(of_kind));
    }
    loop {
        let which = library.unwrap_or_else(|| dice.below(CONDITIONS.len()));
        let (library, expressions) = &CONDITIONS[which % CONDITIONS.len()];
        if *library != "variables" || draft.has_variables {
            draft.hits.insert((*library).to_owned());
            return written(dice.one(expressions));
        }
    }
}

/// Constraints, conditions, variables and what an error does.
fn preamble(dice: &mut Dice, draft: &mut Draft, name: &str) -> Value {
    let kind = draft.kind;
    let rule = json!({
        "apiGroups": [dice.one(&[kind.group, kind.group, "*"])],
        "apiVersions": [dice.one(&[kind.version, "*"])],
        "operations": [dice.one(&["CREATE", "CREATE", "*"])],
        "resources": [dice.one(&[kind.resource, kind.resource, "*", "*/*"])],
    });
    let mut constraints = json!({
        "resourceRules": [rule],
        "objectSelector": {"matchLabels": {PAIR: name}},
    });
    if dice.percent(10) {
        constraints["namespaceSelector"] = selector(dice, "team", &["one", "two"]);
    }
    if dice.percent(5) {
        constraints["excludeResourceRules"] = json!([{
            "apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"],
            "resources": [dice.one(&["pods", "services"])],
            "resourceNames": [format!("{name}-0")],
        }]);
    }
    let mut spec = json!({
        "matchConstraints": constraints,
        "failurePolicy": dice.one(&["Fail", "Fail", "Fail", "Ignore"]),
    });
    let conditions = dice.below(8).saturating_sub(6);
    if conditions > 0 {
        let (parameters, variables) = (draft.has_parameters, draft.has_variables);
        // Conditions cannot read variables.
        draft.has_variables = false;
        let written: Vec<Value> = (0..conditions)
            .map(|which| {
                let condition = condition(dice, draft, None);
                // Most of what is asked should be answered.
                let condition = match dice.percent(70) {
                    true => format!("{condition} || true"),
                    false => condition,
                };
                json!({"name": format!("c{which}"), "expression": condition})
            })
            .collect();
        spec["matchConditions"] = written.into();
        (draft.has_parameters, draft.has_variables) = (parameters, variables);
    }
    if draft.has_variables {
        let parts = written(dice.one(&["@words.split(',')", "variables.text.split(',')"]));
        spec["variables"] = json!([
            {"name": "text", "expression": written("@words")},
            {"name": "parts", "expression": parts},
            {"name": "number", "expression": written("int(@count)")},
        ]);
    }
    spec
}

fn selector(dice: &mut Dice, key: &str, values: &[&str]) -> Value {
    let value = dice.one(values);
    match dice.below(4) {
        0 => json!({"matchLabels": {key: value}}),
        1 => json!({"matchExpressions": [{"key": key, "operator": "NotIn", "values": [value]}]}),
        2 => json!({"matchExpressions": [{"key": key, "operator": "In", "values": values}]}),
        _ => {
            json!({"matchExpressions": [{"key": key, "operator": dice.one(&["Exists", "DoesNotExist"])}]})
        }
    }
}

fn validations(dice: &mut Dice, draft: &mut Draft, number: usize) -> Value {
    let count = 1 + dice.below(3);
    (0..count)
        .map(|which| {
            let library = (which == 0).then_some(number);
            let mut validation = json!({"expression": condition(dice, draft, library)});
            if dice.percent(30) {
                validation["message"] = dice
                    .one(&["not so", " in blanks ", "it's \"quoted\" \\"])
                    .into();
            }
            if dice.percent(30) {
                validation["messageExpression"] = written(dice.one(MESSAGES)).into();
            }
            if dice.percent(20) {
                let reasons = ["Forbidden", "Invalid", "RequestEntityTooLarge"];
                validation["reason"] = dice.one(&reasons).into();
            }
            validation
        })
        .collect()
}

fn binding(
    dice: &mut Dice,
    draft: &mut Draft,
    policy: &str,
    mutates: bool,
    parameters: Option<parameters::ParameterKind>,
) -> Value {
    let mut spec = json!({"policyName": policy});
    if !mutates {
        let actions: &[&[&str]] = &[
            &["Deny"],
            &["Deny"],
            &["Deny"],
            &["Deny"],
            &["Deny", "Audit"],
            &["Warn"],
            &["Warn", "Audit"],
            &["Audit"],
        ];
        spec["validationActions"] = json!(dice.one(actions));
    }
    if let Some(parameters) = parameters {
        spec["paramRef"] = parameters.referred(dice, mutates, &mut draft.hits);
    }
    if dice.percent(12) {
        spec["matchResources"] = match dice.below(3) {
            0 => json!({"namespaceSelector": selector(dice, "team", &["one", "two"])}),
            1 => json!({"objectSelector": selector(dice, "tier", &["front", "back"])}),
            _ => json!({"resourceRules": [{
                "apiGroups": ["*"], "apiVersions": ["*"], "operations": ["CREATE"],
                "resources": [dice.one(&["pods", "configmaps", "*"])],
            }]}),
        };
    }
    spec
}
