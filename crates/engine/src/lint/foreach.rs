//! `validate.foreach`: a list, and exactly one body for each element.

use portcullis_api::cluster_policy::ForEachValidation;
use serde_json::Value;

use super::conditions;
use super::finding::{Findings, Severity};
use super::labels;
use super::variables::check_syntax;
use crate::context::has_variable;

pub(super) fn check(list: &[ForEachValidation], path: &str, findings: &mut Findings) {
    let mut open = vec![(list, path.to_owned(), true)];
    while let Some((list, path, is_outer)) = open.pop() {
        for (index, foreach) in list.iter().enumerate() {
            let path = format!("{path}/{index}");
            check_one(foreach, &path, is_outer, findings);
            if let Some(inner) = &foreach.foreach {
                open.push((inner, format!("{path}/foreach"), false));
            }
        }
    }
}

/// Kyverno looks at the shape of the outermost ones only.
fn check_one(foreach: &ForEachValidation, path: &str, is_outer: bool, findings: &mut Findings) {
    let mut report = |path: &str, message: &str, remedy: &str| match is_outer {
        true => findings.error(path, message, remedy),
        false => findings.warning(path, message, remedy),
    };
    let query = foreach.list.as_deref().unwrap_or_default();
    if query.is_empty() {
        report(
            path,
            "the foreach has no list",
            "write `list: request.object...`",
        );
    }
    let is_there = |value: &Option<Value>| value.as_ref().is_some_and(|it| !it.is_null());
    let bodies = [
        is_there(&foreach.pattern),
        is_there(&foreach.any_pattern),
        foreach.deny.is_some(),
        foreach.foreach.is_some(),
    ];
    if bodies.iter().filter(|is_there| **is_there).count() != 1 {
        report(
            path,
            "the foreach does not have exactly one body",
            "write one of `pattern`, `anyPattern`, `deny`, `foreach`",
        );
    }
    if !has_variable(query) && !query.is_empty() {
        let path = format!("{path}/list");
        check_syntax(query, &path, Severity::Warning, findings);
    }
    if let Some(pattern) = foreach.pattern.as_ref().filter(|_| is_outer) {
        labels::check(pattern, &format!("{path}/pattern"), findings);
    }
    if let Some(preconditions) = &foreach.preconditions {
        conditions::check_operators(
            preconditions,
            &format!("{path}/preconditions"),
            conditions::Operators::of_loop(is_outer),
            findings,
        );
    }
    let deny = foreach
        .deny
        .as_ref()
        .and_then(|deny| deny.conditions.as_ref());
    let path = format!("{path}/deny/conditions");
    match deny.map(|deny| deny.parse()) {
        Some(Ok(deny)) => {
            conditions::check_operators(&deny, &path, conditions::Operators::All, findings);
        }
        Some(Err(error)) => conditions::unreadable(&error, &path, findings),
        None => {}
    }
}
