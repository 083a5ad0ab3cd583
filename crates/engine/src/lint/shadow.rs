//! Rules that never run, because `applyRules: One` stops at an earlier one that always answers, and rules that
//! ask again what an earlier one asks of the same objects.

use portcullis_api::cluster_policy::{ApplyRules, Policy, Rule, Validation};
use serde_json::Value;

use super::finding::Findings;
use super::selection::sees_all_of;
use crate::pattern::anchor;

pub(super) fn check(policy: &Policy, findings: &mut Findings) {
    if policy.spec.apply_rules != Some(ApplyRules::One) {
        return check_repeated(policy, findings);
    }
    let rules = &policy.spec.rules;
    for (index, rule) in rules
        .iter()
        .enumerate()
        .filter(|(_, it)| it.validate.is_some())
    {
        let mut earlier = rules.iter().take(index);
        if let Some(first) = earlier.find(|first| shadows(first, rule)) {
            findings.warning(
                format!("/spec/rules/{index}"),
                format!(
                    "`applyRules: One` stops at the rule `{}`, which sees all that this one does",
                    first.name
                ),
                "remove `applyRules`, or write the narrower rule first",
            );
        }
    }
}

fn check_repeated(policy: &Policy, findings: &mut Findings) {
    let rules = &policy.spec.rules;
    for (index, rule) in rules.iter().enumerate() {
        let mut earlier = rules.iter().take(index);
        if let Some(first) = earlier.find(|first| repeats(first, rule)) {
            findings.warning(
                format!("/spec/rules/{index}"),
                format!(
                    "the rule `{}` asks the same of all that this one sees",
                    first.name
                ),
                "remove one of them",
            );
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
