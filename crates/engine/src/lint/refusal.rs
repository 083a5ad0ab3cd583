//! A mutation that writes what a validation refuses.

use portcullis_api::cluster_policy::Validation;
use portcullis_values::Val;
use serde_json::Value;

use super::finding::{Finding, Severity};
use super::rule_of_set::{RuleOfSet, SetFinding};
use super::selection::overlap;
use super::writes::{Write, Writes};
use crate::context::has_variable;
use crate::pattern::anchor::{self, AnchorKind};
use crate::pattern::{Pattern, PatternOutcome};
use crate::request::NumberModel;

pub(super) fn check(
    mutating: &[(&RuleOfSet<'_>, Writes)],
    rules: &[RuleOfSet<'_>],
    found: &mut Vec<SetFinding>,
) {
    let mut told = Vec::new();
    for (mutation, writes) in mutating {
        for rule in rules {
            let pair = (mutation.policy, mutation.origin, rule.policy, rule.origin);
            let Some(body) = rule
                .rule
                .validate
                .as_ref()
                .filter(|_| !told.contains(&pair))
            else {
                continue;
            };
            if let Some(write) = refused(body, writes)
                && rule.rule.preconditions.is_none()
                && overlap(&mutation.rule, &rule.rule)
            {
                told.push(pair);
                found.push(finding(mutation, write, rule));
            }
        }
    }
}

fn finding(mutation: &RuleOfSet<'_>, write: &Write, rule: &RuleOfSet<'_>) -> SetFinding {
    let value = write.value.as_ref().map(Value::to_string);
    SetFinding {
        policy: mutation.policy,
        finding: Finding {
            severity: Severity::Warning,
            path: mutation.place(write),
            message: format!(
                "{} refuses `{}` at `{}`",
                rule.shown(),
                value.unwrap_or_default(),
                write.shown()
            ),
            remedy: "write what the pattern allows, or let the rules match different objects"
                .to_owned(),
        },
    }
}

/// What is written and fits none of the patterns.
fn refused<'w>(body: &Validation, writes: &'w Writes) -> Option<&'w Write> {
    let one = body.pattern.iter();
    let any = body
        .any_pattern
        .iter()
        .filter_map(Value::as_array)
        .flatten();
    let mut refused = None;
    for pattern in one.chain(any) {
        let mut list = writes.list.iter();
        refused = Some(list.find(|write| refuses(pattern, write))?);
    }
    refused
}

/// Whether the pattern certainly refuses what is written.
fn refuses(pattern: &Value, write: &Write) -> bool {
    let Some(value) = &write.value else {
        return false;
    };
    if has_conditions(pattern) {
        return false;
    }
    let mut node = pattern;
    for key in &write.path {
        match step(node, key) {
            Step::To(next) => node = next,
            Step::Refused => return true,
            Step::Unknown => return false,
        }
    }
    let text = node.to_string();
    if has_variable(&text) || text.contains("$(") {
        return false;
    }
    let outcome = Pattern::compile(node).evaluate(&Val::from(value), NumberModel::Integers);
    matches!(outcome, PatternOutcome::Fail { .. })
}

/// Where a key leads to in a pattern.
enum Step<'p> {
    To(&'p Value),
    Refused,
    Unknown,
}

fn step<'p>(node: &'p Value, key: &str) -> Step<'p> {
    let entries = match node {
        Value::Object(entries) => entries,
        Value::Array(items) => {
            return match items.as_slice() {
                [element @ Value::Object(_)] => Step::To(element),
                _ => Step::Unknown,
            };
        }
        _ => return Step::Unknown,
    };
    if let Some(next) = entries
        .get(key)
        .or_else(|| entries.get(&format!("=({key})")))
    {
        return Step::To(next);
    }
    match entries.contains_key(&format!("X({key})")) {
        true => Step::Refused,
        false => Step::Unknown,
    }
}

/// A condition may make the whole pattern not apply.
fn has_conditions(pattern: &Value) -> bool {
    let is_condition = |key: &String| {
        let anchor = anchor::parse(key);
        anchor.is_some_and(|it| matches!(it.kind, AnchorKind::Condition | AnchorKind::Global))
    };
    match pattern {
        Value::Array(items) => items.iter().any(has_conditions),
        Value::Object(entries) => {
            entries.keys().any(is_condition) || entries.values().any(has_conditions)
        }
        _ => false,
    }
}
