//! Conditions: key, operator and value are there and nothing else, the operator exists, and what
//! `{{ request.operation }}` is compared with is an operation.

use portcullis_api::cluster_policy::{AnyAllConditions, Condition, Conditions};
use portcullis_api::read::{PathSegment, ReadError};
use portcullis_values::json_pointer;
use serde_json::Value;

use super::finding::Findings;
use crate::conditions::Operator;

const OPERATIONS: &[&str] = &["CREATE", "UPDATE", "DELETE", "CONNECT"];

/// Looks at conditions in either form.
pub(super) fn check(conditions: &Conditions, path: &str, findings: &mut Findings) {
    let parsed = match conditions.parse() {
        Ok(parsed) => parsed,
        Err(error) => return unreadable(&error, path, findings),
    };
    let odd = conditions.odd_fields();
    for field in &odd {
        findings.warning(
            place(path, &field.path),
            field.message.clone(),
            "correct it, or take it out: nothing else reads it",
        );
    }
    if !odd.is_empty() && parsed == AnyAllConditions::default() {
        findings.error(
            path,
            "there is neither `any` nor `all`, and so these conditions always hold",
            CONDITIONS,
        );
    }
    for (path, condition) in all(&parsed, path, conditions.0.is_array()) {
        check_complete(condition, &path, conditions, findings);
        check_operator(condition, &path, Operators::All, findings);
        check_operation(condition, &path, findings);
    }
}

/// Conditions that are none.
pub(super) fn unreadable(error: &ReadError, path: &str, findings: &mut Findings) {
    findings.error(
        place(path, &error.path),
        format!("these are no conditions: {}", error.message),
        CONDITIONS,
    );
}

const CONDITIONS: &str =
    "write lists of conditions under `any` or `all`, each with `key`, `operator` and `value`";

/// Where something below conditions stands.
fn place(conditions: &str, below: &[PathSegment]) -> String {
    let mut path = conditions.to_owned();
    for segment in below {
        match segment {
            PathSegment::Key(key) => path.extend(["/", &json_pointer::escape(key)]),
            PathSegment::Index(index) => path.push_str(&format!("/{index}")),
        }
    }
    path
}

/// Which operators there are; the letters' case counts everywhere.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Operators {
    /// In `preconditions` of a rule, in `deny`, and in a `foreach` inside another one.
    All,
    /// Elsewhere, where the schema of the resource names them: all but `Equal` and `NotEqual`.
    OfSchema,
}

impl Operators {
    /// Of `preconditions` in a `foreach`.
    pub(super) fn of_loop(is_outer: bool) -> Operators {
        match is_outer {
            true => Operators::OfSchema,
            false => Operators::All,
        }
    }
}

/// Looks at the operators only, as in a `foreach`.
pub(super) fn check_operators(
    conditions: &AnyAllConditions,
    path: &str,
    operators: Operators,
    findings: &mut Findings,
) {
    for (path, condition) in all(conditions, path, false) {
        check_operator(condition, &path, operators, findings);
    }
}

fn all<'c>(
    conditions: &'c AnyAllConditions,
    path: &str,
    is_list: bool,
) -> Vec<(String, &'c Condition)> {
    let place = |name: &str, index: usize| match is_list {
        true => format!("{path}/{index}"),
        false => format!("{path}/{name}/{index}"),
    };
    let any = conditions.any.iter().flatten().enumerate();
    let any = any.map(|(index, condition)| (place("any", index), condition));
    let all = conditions.all.iter().flatten().enumerate();
    any.chain(all.map(|(index, condition)| (place("all", index), condition)))
        .collect()
}

fn check_complete(
    condition: &Condition,
    path: &str,
    conditions: &Conditions,
    findings: &mut Findings,
) {
    let is_there = |value: &Option<Value>| value.as_ref().is_some_and(|it| !it.is_null());
    let has_operator = condition.operator.as_ref().is_some_and(|it| !it.is_empty());
    let parts = [
        ("key", is_there(&condition.key)),
        ("operator", has_operator),
        ("value", is_there(&condition.value)),
    ];
    for (part, _) in parts.iter().filter(|(_, is_there)| !is_there) {
        let remedy = match conditions.misspelt(part, path) {
            Some(written) => format!("write `{part}` in place of `{written}`"),
            None => format!("write `{part}`"),
        };
        findings.error(path, format!("the condition has no `{part}`"), remedy);
    }
}

fn check_operator(
    condition: &Condition,
    path: &str,
    operators: Operators,
    findings: &mut Findings,
) {
    let Some(written) = condition.operator.as_deref().filter(|it| !it.is_empty()) else {
        return;
    };
    let path = format!("{path}/operator");
    match Operator::parse(written) {
        Err(_) => findings.error(
            path,
            format!("`{written}` is not an operator"),
            "write one of `Equals`, `NotEquals`, `AnyIn`, `AllIn`, `AnyNotIn`, `AllNotIn`, \
             `GreaterThan`, `GreaterThanOrEquals`, `LessThan`, `LessThanOrEquals`",
        ),
        Ok(operator) if operator.name() != written => findings.error(
            path,
            format!("`{written}` is not an operator"),
            format!("write `{}`", operator.name()),
        ),
        Ok(operator) if operators == Operators::OfSchema && operator.is_short() => findings.error(
            path,
            format!("`{written}` is not an operator here"),
            format!("write `{written}s`"),
        ),
        Ok(operator) if !operator.replacements().is_empty() => findings.warning(
            path,
            format!("`{written}` is deprecated"),
            format!("write `{}`", operator.replacements().join("` or `")),
        ),
        Ok(_) => {}
    }
}

fn check_operation(condition: &Condition, path: &str, findings: &mut Findings) {
    let key = condition
        .key
        .as_ref()
        .and_then(Value::as_str)
        .unwrap_or_default();
    if key.replace(' ', "") != "{{request.operation}}" {
        return;
    }
    let is_known = |value: &Value| {
        value
            .as_str()
            .is_some_and(|text| OPERATIONS.contains(&text))
    };
    let is_template =
        |text: &str| text.len() >= 4 && text.starts_with("{{") && text.ends_with("}}");
    let fits = match &condition.value {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) if is_template(text) => true,
        Some(Value::Array(values)) => values.iter().all(is_known),
        Some(value) => is_known(value),
    };
    if !fits {
        findings.error(
            format!("{path}/value"),
            "an operation is compared with something else",
            "write `CREATE`, `UPDATE`, `DELETE` or `CONNECT`, or a list of them",
        );
    }
}
