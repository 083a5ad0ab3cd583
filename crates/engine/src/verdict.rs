//! Responses to the one verdict of a request.
//!
//! A request is denied for a rule that fails in a policy that enforces, and for a rule that could
//! not be evaluated in a policy whose `failurePolicy` is `Fail`. What does not deny becomes a
//! warning where the policy asks for that (`emitWarning`).

use std::fmt::Write;
use std::sync::Arc;

use serde_json::Value;

use crate::policy_info::PolicyInfo;
use crate::request::Request;
use crate::response::{EngineResponse, FailureAction, RuleResponse, RuleStatus};

/// The answer to one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict<'r> {
    /// Whether the request may go on.
    pub allowed: bool,
    /// Why it may not; empty when it may.
    pub deny_message: String,
    /// Each rule that denies it.
    pub causes: Vec<Cause<'r>>,
    /// What the user is told of a request that may go on.
    pub warnings: Vec<String>,
}

/// A rule that denies a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cause<'r> {
    /// The policy.
    pub policy: &'r Arc<PolicyInfo>,
    /// The rule.
    pub rule: &'r str,
    /// The binding that puts a policy of the API server into effect; empty for all others.
    pub binding: &'r str,
    /// Whether the rule could not be evaluated; otherwise the object violates it.
    pub is_error: bool,
    /// What it says.
    pub message: &'r str,
    /// Where in the object; empty where there is no such place.
    pub path: &'r str,
}

/// Folds responses into a verdict.
#[must_use]
pub fn verdict<'r>(request: &Request<'_>, responses: &'r [EngineResponse]) -> Verdict<'r> {
    let mut causes = Vec::new();
    for (response, rule) in each_rule(responses) {
        add_causes(response, rule, &mut causes);
    }
    Verdict {
        allowed: causes.is_empty(),
        deny_message: deny_message(request, &causes),
        warnings: warnings(responses),
        causes,
    }
}

fn each_rule(
    responses: &[EngineResponse],
) -> impl Iterator<Item = (&EngineResponse, &RuleResponse)> {
    responses
        .iter()
        .flat_map(|response| response.rules.iter().map(move |rule| (response, rule)))
}

/// Adds why a rule denies the request, if it does.
fn add_causes<'r>(
    response: &'r EngineResponse,
    rule: &'r RuleResponse,
    causes: &mut Vec<Cause<'r>>,
) {
    let cause = |binding, message| Cause {
        policy: &response.policy,
        rule: &rule.rule,
        binding,
        is_error: rule.status == RuleStatus::Error,
        message,
        path: rule.path(),
    };
    match rule.bound() {
        Some(bound) => {
            let denials = bound.denials.iter();
            causes.extend(denials.map(|message| cause(bound.name.as_str(), message.as_str())));
        }
        None if denies(response, rule) => causes.push(cause("", &rule.message)),
        None => {}
    }
}

fn denies(response: &EngineResponse, rule: &RuleResponse) -> bool {
    let policy = &response.policy;
    let is_enforced = response.failure_action == FailureAction::Enforce;
    match rule.status {
        RuleStatus::Fail => is_enforced,
        // What policies of expressions only audit does not deny, whatever comes of it.
        RuleStatus::Error => policy.errors_deny && (policy.has_rules() || is_enforced),
        RuleStatus::Pass | RuleStatus::Warn | RuleStatus::Skip => false,
    }
}

fn warnings(responses: &[EngineResponse]) -> Vec<String> {
    each_rule(responses)
        .flat_map(|(response, rule)| match rule.bound() {
            Some(bound) => {
                let policy = named(&response.policy, &bound.name);
                let warnings = bound.warnings.iter();
                warnings
                    .map(|message| format!("Validation failed for {policy}: {message}"))
                    .collect()
            }
            None => Vec::from_iter(warning(response, rule)),
        })
        .collect()
}

/// What the user is told of a rule that no binding is about and that does not deny the request.
fn warning(response: &EngineResponse, rule: &RuleResponse) -> Option<String> {
    let is_violation = matches!(rule.status, RuleStatus::Fail | RuleStatus::Error);
    if !response.policy.emit_warning || !is_violation || denies(response, rule) {
        return None;
    }
    let (policy, message) = (&response.policy, &rule.message);
    Some(match policy.has_rules() {
        true => format!("policy {}.{}: {message}", policy.key(), rule.rule),
        false => said(policy, rule.status == RuleStatus::Error, message),
    })
}

/// How Kyverno tells what a policy without rules of its own says.
fn said(policy: &PolicyInfo, is_error: bool, message: &str) -> String {
    let word = if is_error { "error" } else { "failed" };
    format!("Policy {} {word}: {message}", policy.key())
}

/// How the API server names one of its own policies, and the binding that puts it into effect.
fn named(policy: &PolicyInfo, binding: &str) -> String {
    let name = &policy.name;
    let kind = match policy.kind.as_str() {
        "MutatingAdmissionPolicy" => "policy",
        kind => kind,
    };
    match binding {
        "" => format!("{kind} '{name}'"),
        binding => format!("{kind} '{name}' with binding '{binding}'"),
    }
}

impl Cause<'_> {
    /// What a user is told of a policy without rules of its own: in the API server's words where it
    /// is one of the API server's kinds, else in Kyverno's.
    #[must_use]
    pub fn told(&self) -> String {
        let message = &self.message;
        match self.policy.is_native() {
            true => {
                let policy = named(self.policy, self.binding);
                format!("{policy} denied request: {message}")
            }
            false => said(self.policy, self.is_error, message),
        }
    }
}

/// What policies with rules say, and then the others, a line each where both do.
fn deny_message(request: &Request<'_>, causes: &[Cause<'_>]) -> String {
    let (of_rules, others): (Vec<Cause<'_>>, Vec<Cause<'_>>) =
        causes.iter().partition(|cause| cause.policy.has_rules());
    let mut text = match of_rules.is_empty() {
        true => String::new(),
        false => rules_message(request, of_rules),
    };
    for (place, other) in others.iter().enumerate() {
        text.push_str(if place > 0 { "; " } else { "" });
        text.push_str(&other.told());
    }
    text
}

/// The resource, and below it each policy with its rules and what they say, as YAML. Of a rule that
/// says several things the last one is told.
fn rules_message(request: &Request<'_>, mut causes: Vec<Cause<'_>>) -> String {
    causes.sort_by(|one, other| {
        let policies = one.policy.cmp_keys(other.policy);
        policies.then_with(|| one.rule.cmp(other.rule))
    });
    let resource = resource(request);
    let lengths = causes.iter().map(|cause| {
        let names = cause.policy.name.len() + cause.rule.len();
        names + cause.message.len() + 16
    });
    let mut text = String::with_capacity(lengths.sum::<usize>() + resource.len() + 80);
    text.push_str("\n\nresource ");
    text.push_str(&resource);
    text.push_str(" was blocked due to the following policies \n\n");
    let is_same = |one: &Cause<'_>, other: &Cause<'_>| one.policy.cmp_keys(other.policy).is_eq();
    for of_policy in causes.chunk_by(is_same) {
        let key = of_policy.first().map(|cause| cause.policy.key());
        push_scalar(&mut text, &key.unwrap_or_default());
        text.push_str(":\n");
        let rules = of_policy.chunk_by(|one, other| one.rule == other.rule);
        for told in rules.filter_map(<[_]>::last) {
            text.push_str("  ");
            push_scalar(&mut text, told.rule);
            text.push_str(": ");
            push_scalar(&mut text, told.message);
            text.push('\n');
        }
    }
    text
}

/// `Kind/namespace/name`; a namespace that is empty keeps its place.
fn resource<'r>(request: &'r Request<'r>) -> String {
    let object = request.subject();
    let metadata = object.and_then(|object| object.get("metadata"));
    let text = |of: Option<&'r Value>, key: &str| of?.get(key)?.as_str();
    let kind = text(object, "kind").unwrap_or(&request.kind.kind);
    let name = text(metadata, "name").unwrap_or(request.name);
    let namespace = text(metadata, "namespace").unwrap_or(request.namespace);
    format!("{kind}/{namespace}/{name}")
}

/// Writes a YAML scalar: plain where that reads back as the same text, else quoted; text of several
/// lines is a block.
fn push_scalar(to: &mut String, text: &str) {
    if is_plain(text) {
        to.push_str(text);
    } else if text.contains('\n') {
        to.push_str(if text.ends_with('\n') { "|" } else { "|-" });
        for line in text.trim_end_matches('\n').lines() {
            to.push_str("\n    ");
            to.push_str(line);
        }
    } else if has_control(text) {
        // A text is always written.
        write!(to, "{}", Value::from(text)).ok();
    } else {
        to.push('\'');
        to.push_str(&text.replace('\'', "''"));
        to.push('\'');
    }
}

fn is_plain(text: &str) -> bool {
    const FIRST: &[u8] = b"#,[]{}&*!|>'\"%@`?-:=~<.+0123456789 ";
    const WORDS: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let bytes = text.as_bytes();
    let is_first = |first: &u8| !FIRST.contains(first);
    let is_word = || WORDS.iter().any(|word| text.eq_ignore_ascii_case(word));
    bytes.first().is_some_and(is_first)
        && !matches!(bytes.last(), Some(b' ' | b':'))
        && !has_control(text)
        && !text.contains(": ")
        && !text.contains(" #")
        && !is_word()
}

fn has_control(text: &str) -> bool {
    match text.is_ascii() {
        // Without a way out of the loop it takes many bytes at a time.
        true => text
            .bytes()
            .fold(false, |has, byte| has | byte.is_ascii_control()),
        false => text.chars().any(char::is_control),
    }
}

#[cfg(test)]
mod tests;
