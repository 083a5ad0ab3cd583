//! Rules that never run, because `applyRules: One` stops at an earlier one that always answers, and rules that
//! ask again what an earlier one asks of the same objects.

use portcullis_api::cluster_policy::{ApplyRules, Policy, Rule, Validation};
use serde_json::Value;

use super::finding::Findings;
use super::selection::sees_all_of;
use crate::pattern::anchor;

pub(super) fn check(policy: &Policy, findings: &mut Findings) {
    let stops = policy.spec.apply_rules == Some(ApplyRules::One);
    let makes_needless = if stops { shadows } else { repeats };
    let rules = &policy.spec.rules;
    for (index, rule) in rules
        .iter()
        .enumerate()
        .filter(|(_, it)| it.validate.is_some())
    {
        let mut earlier = rules.iter().take(index);
        if let Some(first) = earlier.find(|first| makes_needless(first, rule)) {
            let name = &first.name;
            let (message, remedy) = match stops {
                true => (
                    format!(
                        "`applyRules: One` stops at the rule `{name}`, which sees all that this one does"
                    ),
                    "remove `applyRules`, or write the narrower rule first",
                ),
                false => (
                    format!("the rule `{name}` asks the same of all that this one sees"),
                    "remove one of them",
                ),
            };
            findings.warning(format!("/spec/rules/{index}"), message, remedy);
        }
    }
}

/// Whether the rules ask the same in the same words, and the first one of every object of the other.
fn repeats(first: &Rule, rule: &Rule) -> bool {
    let (Some(asked), Some(again)) = (&first.validate, &rule.validate) else {
        return false;
    };
    let body = |validation: &Validation| Validation {
        message: None,
        ..validation.clone()
    };
    body(asked) == body(again)
        && first.preconditions == rule.preconditions
        && first.cel_preconditions == rule.cel_preconditions
        && first.context == rule.context
        && sees_all_of(first, rule)
}

fn shadows(first: &Rule, rule: &Rule) -> bool {
    first.preconditions.is_none()
        && first.cel_preconditions.is_empty()
        && always_answers(first, rule)
        && sees_all_of(first, rule)
}

/// Whether the first rule passes, fails or errs on whatever it sees. A pattern with conditions
/// skips, and no pattern answers when an object is deleted.
fn always_answers(first: &Rule, rule: &Rule) -> bool {
    let (Some(first), Some(later)) = (&first.validate, &rule.validate) else {
        return false;
    };
    let pattern = first.pattern.as_ref().filter(|pattern| !pattern.is_null());
    match pattern {
        Some(pattern) => later.pattern.is_some() && !has_conditions(pattern),
        None => first.deny.is_some(),
    }
}

fn has_conditions(pattern: &Value) -> bool {
    let mut open = vec![pattern];
    while let Some(value) = open.pop() {
        match value {
            Value::Array(items) => open.extend(items),
            Value::Object(entries) => {
                if entries.keys().any(|key| anchor::parse(key).is_some()) {
                    return true;
                }
                open.extend(entries.values());
            }
            _ => {}
        }
    }
    false
}
