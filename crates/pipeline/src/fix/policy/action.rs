//! `failureAction` and its older places and spellings.

use serde_json::Value;

use super::{entries, rules_with};
use crate::fix::{
    change::Change,
    form::{Form, elements, has},
};

const ACTION: &str = "/spec/validationFailureAction";
const OVERRIDES: &str = "/spec/validationFailureActionOverrides";

/// `audit` and `enforce` begin with capitals.
pub(in crate::fix) fn spellings(policy: &Value) -> Vec<Form> {
    let mut places = vec![ACTION.to_owned()];
    let of_list = |list: &str| elements(policy, list).map(move |(one, _)| format!("{one}/action"));
    places.extend(of_list(OVERRIDES));
    for (body, _) in rules_with(policy, "validate") {
        places.push(format!("{body}/failureAction"));
        places.extend(of_list(&format!("{body}/failureActionOverrides")));
    }
    places.extend(entries(policy).map(|(entry, _)| format!("{entry}/failureAction")));
    let older = |at: String| {
        let (old, new) = match policy.pointer(&at)?.as_str()? {
            "audit" => ("audit", "Audit"),
            "enforce" => ("enforce", "Enforce"),
            _ => return None,
        };
        let text = new.to_owned();
        Some(Form::new(
            &at.clone(),
            format!("`{old}` becomes `{new}`"),
            vec![Change::Replace { at, text }],
        ))
    };
    places.into_iter().filter_map(older).collect()
}

/// The policy's action and overrides move to its rules.
///
/// The first rule with an action decides for the whole policy, so they move only where no rule has
/// one: else another rule might come to decide.
pub(in crate::fix) fn moves(policy: &Value) -> Vec<Form> {
    let is_there = |place: &str| policy.pointer(place).is_some_and(|value| !value.is_null());
    let mut old = vec![
        (ACTION, "failureAction"),
        (OVERRIDES, "failureActionOverrides"),
    ];
    old.retain(|(place, _)| is_there(place));
    let Some((first, _)) = old.first() else {
        return Vec::new();
    };
    let mut bodies: Vec<_> = rules_with(policy, "validate").collect();
    // What verifies images has no overrides.
    if !is_there(OVERRIDES) {
        bodies.extend(entries(policy));
    }
    let decides = |(_, body): (String, &Value)| {
        has(body, "failureAction") || has(body, "failureActionOverrides")
    };
    let is_decided = rules_with(policy, "validate")
        .chain(entries(policy))
        .any(decides);
    let names: Vec<&str> = old
        .iter()
        .map(|(place, _)| place.trim_start_matches("/spec/"))
        .collect();
    let names = format!("`{}`", names.join("` and `"));
    if is_decided {
        let message = format!(
            "{names} of the policy: rules have actions of their own, the first of which decides for the policy"
        );
        return vec![Form::new(first, message, Vec::new())];
    }
    let has_effect = is_there(OVERRIDES) || policy.pointer(ACTION) != Some(&"Audit".into());
    if bodies.is_empty() && has_effect {
        let message = format!("{names} of a policy without a rule that validates");
        return vec![Form::new(first, message, Vec::new())];
    }
    let message = if bodies.is_empty() {
        "`validationFailureAction: Audit` has no effect without a rule that validates, and goes"
            .to_owned()
    } else {
        format!("{names} of the policy: the place for it is the rules that validate")
    };
    let mut changes = Vec::new();
    for (place, key) in &old {
        changes.extend(bodies.iter().map(|(map, _)| Change::Copy {
            map: map.clone(),
            key,
            from: (*place).to_owned(),
        }));
    }
    let at = |(place, _): &(&str, &str)| Change::Remove {
        at: (*place).to_owned(),
    };
    changes.extend(old.iter().map(at));
    vec![Form::new(first, message, changes)]
}
