//! An explanation as text for people, and as a value (`schemas/output/explain.json`).

use portcullis_engine::record::{ConditionNote, Decision, Leaf};
use portcullis_pipeline::explain::{Explanation, Expression, Known, RuleExplanation, Step};
use serde_json::{Value, json};

use crate::output::answer::{Answer, Case};

/// The explanations in each form that an answer has.
#[must_use]
pub fn answer(explanations: &[Explanation]) -> Answer {
    let texts: Vec<String> = explanations.iter().map(text).collect();
    let head = ["Policy", "Rule", "Resource", "Result", "Message"].map(str::to_owned);
    let rules = explanations
        .iter()
        .flat_map(|one| one.rules.iter().map(move |rule| (one, rule)));
    let rows = rules.clone().map(|(one, rule)| {
        let message = rule.end.as_ref().map(|(_, message)| message.clone());
        let cells = [&one.policy, &rule.rule, &one.resource].map(String::clone);
        let told = [ended(rule).to_owned(), message.unwrap_or_default()];
        cells.into_iter().chain(told).collect()
    });
    let cases = rules.map(|(one, rule)| Case {
        name: format!("{} {} {}", one.policy, rule.rule, one.resource),
        place: None,
        outcome: Ok(rule_text(rule).trim().to_owned()),
    });
    Answer {
        command: "explain",
        text: texts.join("\n"),
        value: explanations.iter().map(value).collect(),
        table: std::iter::once(head.to_vec()).chain(rows).collect(),
        cases: cases.collect(),
        ..Answer::default()
    }
}

fn text(explanation: &Explanation) -> String {
    let mut text = format!(
        "policy {} on {}\n",
        explanation.policy, explanation.resource
    );
    for rule in &explanation.rules {
        text.push('\n');
        text.push_str(&rule_text(rule));
    }
    text
}

/// How a rule ended, in a few words.
fn ended(rule: &RuleExplanation) -> &'static str {
    match &rule.end {
        Some((status, _)) => status.as_str(),
        None if rule.mismatches.is_empty() => "says nothing",
        None => "is not about this resource",
    }
}

fn rule_text(rule: &RuleExplanation) -> String {
    // A policy in CEL has no rules.
    let mut text = match rule.rule.as_str() {
        "" => format!("  the policy: {}\n", ended(rule)),
        name => format!("  rule {name}: {}\n", ended(rule)),
    };
    for mismatch in &rule.mismatches {
        let path = match mismatch.path.as_str() {
            "" => "request",
            path => path,
        };
        text.push_str(&format!("    {path}: {}\n", mismatch.reason));
    }
    for step in &rule.steps {
        text.push_str(&format!("    {}\n", step_text(step)));
    }
    let message = rule
        .end
        .as_ref()
        .map_or("", |(_, message)| message.as_str());
    for line in message.lines() {
        text.push_str(&format!("    | {line}\n"));
    }
    text
}

fn step_text(step: &Step) -> String {
    match step {
        Step::Preconditions(true) => "preconditions hold".to_owned(),
        Step::Preconditions(false) => "preconditions do not hold".to_owned(),
        Step::Checked(place, status) => format!("{place}: {}", status.as_str()),
        Step::Expression(expression) => expression_text(expression),
        Step::Generated(object) => format!("generates {object}"),
        Step::Exception(name, true) => format!("exception {name}: holds"),
        Step::Exception(name, false) => format!("exception {name}: does not hold"),
        Step::Leaf(place, leaf) => leaf_text(place, leaf),
        Step::Condition(note) => condition_text(note),
    }
}

/// Such as `spec.validations[0].expression gives false`, and a line for each thing that it read.
fn expression_text(expression: &Expression) -> String {
    let mut text = match &expression.gave {
        Ok(value) => format!("{} gives {}", expression.place, short(value)),
        Err(error) => format!("{}: {error}", expression.place),
    };
    if expression.before > 0 {
        text.push_str(&format!("\n      {} more were read", expression.before));
    }
    for (path, value) in &expression.read {
        let value = value.as_ref().map_or_else(String::clone, short);
        text.push_str(&format!("\n      {path}: {value}"));
    }
    text
}

fn condition_text(note: &ConditionNote) -> String {
    let place = &note.place;
    match &note.decision {
        Decision::Error(error) => format!("{place}: {error}"),
        Decision::Holds {
            key,
            operator,
            value,
            holds,
        } => {
            let answer = if *holds { "holds" } else { "does not hold" };
            let (key, value) = (short(key), short(value));
            format!("{place}: {key} {operator} {value} {answer}")
        }
    }
}

/// Such as `pattern at /spec/hostNetwork/: true does not match =(hostNetwork): false`.
fn leaf_text(place: &str, leaf: &Leaf) -> String {
    let found = leaf.found.as_ref();
    let found = found.map_or_else(|| "absent,".to_owned(), short);
    let answer = if leaf.matches {
        "matches"
    } else {
        "does not match"
    };
    let separator = if leaf.key.is_empty() { "" } else { ": " };
    let wanted = format!("{}{separator}{}", leaf.key, short(&leaf.wanted));
    format!("{place} at {}: {found} {answer} {wanted}", leaf.path)
}

/// JSON on one line, cut where it is long.
fn short(value: &Value) -> String {
    const LONGEST: usize = 120;
    let whole = value
        .as_f64()
        .filter(|number| number.fract() == 0.0 && number.abs() < 1e15);
    let text = match whole {
        Some(number) => format!("{number:.0}"),
        None => value.to_string(),
    };
    if text.chars().count() <= LONGEST {
        return text;
    }
    let start: String = text.chars().take(LONGEST).collect();
    format!("{start}…")
}

fn value(explanation: &Explanation) -> Value {
    json!({
        "policy": explanation.policy,
        "resource": explanation.resource,
        "rules": explanation.rules.iter().map(rule_value).collect::<Vec<_>>(),
    })
}

fn rule_value(rule: &RuleExplanation) -> Value {
    let mismatches = rule.mismatches.iter();
    let mismatches = mismatches.map(|one| json!({"path": one.path, "reason": one.reason}));
    json!({
        "rule": rule.rule,
        "result": rule.end.as_ref().map(|(status, _)| status.as_str()),
        "message": rule.end.as_ref().map(|(_, message)| message),
        "mismatches": mismatches.collect::<Vec<_>>(),
        "steps": rule.steps.iter().map(step_value).collect::<Vec<_>>(),
    })
}

fn step_value(step: &Step) -> Value {
    match step {
        Step::Preconditions(hold) => json!({"step": "preconditions", "holds": hold}),
        Step::Checked(place, status) => {
            json!({"step": "check", "place": place, "result": status.as_str()})
        }
        Step::Expression(expression) => {
            let read = expression.read.iter();
            let read = read.map(|(path, value)| known_value(value, [("path", json!(path))]));
            let more = [
                ("step", json!("expression")),
                ("place", json!(expression.place)),
                ("read", read.collect()),
                ("before", json!(expression.before)),
            ];
            known_value(&expression.gave, more)
        }
        Step::Generated(object) => json!({"step": "generated", "object": object}),
        Step::Exception(name, holds) => {
            json!({"step": "exception", "exception": name, "holds": holds})
        }
        Step::Leaf(place, leaf) => json!({
            "step": "leaf",
            "place": place,
            "path": leaf.path,
            "key": leaf.key,
            "wanted": leaf.wanted,
            "found": leaf.found,
            "matches": leaf.matches,
        }),
        Step::Condition(note) => match &note.decision {
            Decision::Error(error) => {
                json!({"step": "condition", "place": note.place, "error": error})
            }
            Decision::Holds {
                key,
                operator,
                value,
                holds,
            } => json!({
                "step": "condition",
                "place": note.place,
                "key": key,
                "operator": operator,
                "value": value,
                "holds": holds,
            }),
        },
    }
}

/// A value, or the error that stands in for it, beside what else is told.
fn known_value<const N: usize>(known: &Known, more: [(&str, Value); N]) -> Value {
    let own = match known {
        Ok(value) => ("value", value.clone()),
        Err(error) => ("error", json!(error)),
    };
    let fields = more.into_iter().chain([own]);
    fields
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}
