//! Variables in `{{ }}`: they are JMESPath, read names that exist, and stand where they may.
//!
//! - None in `match`, `exclude` and `imageReferences`.
//! - `element` only inside `foreach`.
//! - In background mode nothing of the user: `request.userInfo`, `request.roles`,
//!   `request.clusterRoles`, `serviceAccountName`, `serviceAccountNamespace`.

use std::ops::Range;

use portcullis_api::cleanup_policy::CleanupPolicy;
use portcullis_api::cluster_policy::{Policy, Rule};
use portcullis_jmespath::Expression;
use portcullis_values::json_pointer;
use serde_json::Value;

use super::finding::{Finding, Findings, Severity};
use super::names::Names;
use super::references;
use crate::context::scan;

const USER: &[&str] = &[
    "serviceAccountName",
    "serviceAccountNamespace",
    "request.userInfo",
    "request.roles",
    "request.clusterRoles",
];

pub(super) fn check(policy: &Policy, rule: &Rule, path: &str, findings: &mut Findings) {
    let Ok(document) = serde_json::to_value(rule) else {
        return;
    };
    references::check(&document, path, findings);
    let background = policy.spec.background != Some(false);
    let names = Names::of(rule, background, has_targets(rule));
    let choice = Names::of_target_choice(rule, background);
    let bans_user = bans_user(policy);
    for (place, text) in texts(&document) {
        let place_in_policy = format!("{path}{place}");
        if is_dynamic(&place) {
            continue;
        }
        if is_forbidden(&place) {
            check_forbidden(text, &place_in_policy, findings);
            continue;
        }
        let names = match chooses_target(&place) {
            true => &choice,
            false => &names,
        };
        check_text(text, &place_in_policy, names, findings);
        if !place.contains("/foreach/") {
            check_element(text, &place_in_policy, findings);
        }
        if bans_user {
            check_user(text, &place_in_policy, findings);
        }
    }
}

/// What is wrong with the variables of a cleanup policy.
pub(crate) fn of_cleanup_policy(policy: &CleanupPolicy) -> Vec<Finding> {
    let mut findings = Findings::default();
    let spec = serde_json::to_value(&policy.spec).unwrap_or_default();
    let names = Names::of_cleanup(&policy.spec.context);
    for (place, text) in texts(&spec) {
        let path = format!("/spec{place}");
        if is_forbidden(&place) {
            check_forbidden(text, &path, &mut findings);
        } else {
            check_text(text, &path, &names, &mut findings);
        }
    }
    findings.into_list()
}

/// The annotations of the policy itself: Kyverno looks there as well, for what names a user.
pub(super) fn check_annotations(policy: &Policy, findings: &mut Findings) {
    if !bans_user(policy) {
        return;
    }
    for (key, text) in &policy.metadata.annotations {
        if key != "kubectl.kubernetes.io/last-applied-configuration" {
            check_user(
                text,
                &format!("/metadata/annotations/{}", json_pointer::escape(key)),
                findings,
            );
        }
    }
}

/// Whether no variable may read the user: a scan has none. Rules with targets run for a request.
fn bans_user(policy: &Policy) -> bool {
    policy.spec.background != Some(false) && !policy.spec.rules.iter().any(has_targets)
}

fn has_targets(rule: &Rule) -> bool {
    let body = rule.mutate.as_ref();
    body.is_some_and(|body| !body.targets.is_empty())
}

/// Every text of a document, keys included, with its JSON pointer.
fn texts(document: &Value) -> Vec<(String, &str)> {
    let mut found = Vec::new();
    let mut open = vec![(String::new(), document)];
    while let Some((path, value)) = open.pop() {
        match value {
            Value::String(text) => found.push((path, text.as_str())),
            Value::Array(items) => {
                let items = items.iter().enumerate().rev();
                open.extend(items.map(|(index, item)| (format!("{path}/{index}"), item)));
            }
            Value::Object(entries) => {
                for (key, value) in entries.iter().rev() {
                    let path = format!("{path}/{}", json_pointer::escape(key));
                    found.push((path.clone(), key.as_str()));
                    open.push((path, value));
                }
            }
            _ => {}
        }
    }
    found.retain(|(_, text)| text.contains("{{"));
    found
}

/// Conditions of attestations read what was attested, which nobody knows before.
fn is_dynamic(place: &str) -> bool {
    place.starts_with("/verifyImages/")
        && place.contains("/attestations/")
        && place.contains("/conditions/")
}

fn chooses_target(place: &str) -> bool {
    let Some(("", field)) = place
        .strip_prefix("/mutate/targets/")
        .and_then(|rest| rest.split_once('/'))
        .map(|(index, field)| {
            (
                index.trim_start_matches(|one: char| one.is_ascii_digit()),
                field,
            )
        })
    else {
        return false;
    };
    ["apiVersion", "kind", "namespace", "name"].contains(&field)
}

fn is_forbidden(place: &str) -> bool {
    place.starts_with("/match/")
        || place.starts_with("/exclude/")
        || (place.starts_with("/verifyImages/") && place.contains("/imageReferences/"))
}

fn check_forbidden(text: &str, path: &str, findings: &mut Findings) {
    if !scan::variables(text).is_empty() {
        findings.error(
            path,
            "a variable stands where none is replaced",
            "write the value itself, or use `preconditions`",
        );
    }
}

/// How often variables inside variables are followed.
const MAX_ROUNDS: usize = 16;

fn check_text(text: &str, path: &str, names: &Names, findings: &mut Findings) {
    let mut text = text.to_owned();
    for round in 0..MAX_ROUNDS {
        let found = scan::variables(&text);
        if found.is_empty() {
            return;
        }
        for range in &found {
            let query = inner(text.get(range.clone()).unwrap_or_default());
            check_query(query, path, names, round == 0, findings);
        }
        text = put(&text, &found, "null");
    }
}

/// The text with a word in place of every variable.
pub(super) fn replaced(text: &str, word: &str) -> String {
    let mut text = text.to_owned();
    for _ in 0..MAX_ROUNDS {
        let found = scan::variables(&text);
        if found.is_empty() {
            break;
        }
        text = put(&text, &found, word);
    }
    text
}

fn put(text: &str, ranges: &[Range<usize>], word: &str) -> String {
    let mut next = String::with_capacity(text.len());
    let mut end = 0;
    for range in ranges {
        next.push_str(text.get(end..range.start).unwrap_or_default());
        next.push_str(word);
        end = range.end;
    }
    next.push_str(text.get(end..).unwrap_or_default());
    next
}

/// A variable without its braces.
fn inner(braced: &str) -> &str {
    let inner = braced.strip_prefix("{{").unwrap_or(braced);
    let inner = inner.strip_suffix("}}").unwrap_or(inner).trim();
    inner.strip_prefix('-').map_or(inner, str::trim)
}

/// The syntax is looked at only where no other variable was inside, since its value decides.
fn check_query(query: &str, path: &str, names: &Names, is_whole: bool, findings: &mut Findings) {
    if query.is_empty() {
        findings.error(
            path,
            "the variable is empty",
            "write an expression between `{{` and `}}`",
        );
        return;
    }
    if is_whole && query != "@" && !check_syntax(query, path, Severity::Error, findings) {
        return;
    }
    if !names.allow(query) {
        findings.error(
            path,
            format!("`{query}` reads a name that does not exist"),
            format!("read one of {}, or add a context entry", names.listed()),
        );
    }
}

/// Whether a text is JMESPath; else a finding of the severity says so. Warns of functions that there are
/// not: Kyverno takes them, and evaluation ends at the call.
pub(super) fn check_syntax(
    query: &str,
    path: &str,
    severity: Severity,
    findings: &mut Findings,
) -> bool {
    let expression = match Expression::compile(query) {
        Ok(expression) => expression,
        Err(error) => {
            let message = format!("`{query}` is not JMESPath: {error}");
            let remedy = "correct the expression";
            match severity {
                Severity::Error => findings.error(path, message, remedy),
                Severity::Warning => findings.warning(path, message, remedy),
            }
            return false;
        }
    };
    for unknown in expression.unknown_functions() {
        findings.warning(
            path,
            format!("`{query}` calls {unknown}"),
            "call one that `portcullis jp function` lists",
        );
    }
    true
}

fn check_element(text: &str, path: &str, findings: &mut Findings) {
    for range in scan::variables(text) {
        let query = inner(text.get(range).unwrap_or_default());
        if query.starts_with("element") {
            findings.error(
                path,
                format!("`{query}` stands outside of `foreach`, where there is no element"),
                "move it into a `foreach`, or read `request.object`",
            );
        }
    }
}

fn check_user(text: &str, path: &str, findings: &mut Findings) {
    for range in scan::variables(text) {
        let variable = text.get(range).unwrap_or_default();
        if let Some(name) = USER.iter().find(|name| names_user(variable, name)) {
            findings.error(
                path,
                format!("a background scan has no user, so `{name}` cannot be known"),
                "set `spec.background: false`",
            );
        }
    }
}

/// Whether the name stands in the variable as a word, not behind a dot.
fn names_user(variable: &str, name: &str) -> bool {
    let is_word = |character: char| character.is_ascii_alphanumeric() || character == '_';
    variable.match_indices(name).any(|(at, _)| {
        let before = variable
            .get(..at)
            .and_then(|before| before.chars().next_back());
        let after = variable
            .get(at + name.len()..)
            .and_then(|after| after.chars().next());
        before.is_some_and(|before| before != '.') && !after.is_some_and(is_word)
    })
}
