//! Responses to the one verdict of a request.
//!
//! A request is denied for a rule that fails in a policy that enforces, and for a rule that could
//! not be evaluated in a policy whose `failurePolicy` is `Fail`. What does not deny becomes a
//! warning where the policy asks for that (`emitWarning`).

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::policy_info::PolicyInfo;
use crate::request::Request;
use crate::response::{EngineResponse, FailureAction, RuleResponse, RuleStatus};

/// The answer to one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the request may go on.
    pub allowed: bool,
    /// Why it may not; empty when it may.
    pub deny_message: String,
    /// Each rule that denies it.
    pub causes: Vec<Cause>,
    /// What the user is told of a request that may go on.
    pub warnings: Vec<String>,
}

/// A rule that denies a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cause {
    /// The policy.
    pub policy: Arc<PolicyInfo>,
    /// The rule.
    pub rule: String,
    /// The binding that puts a policy of the API server into effect; empty for all others.
    pub binding: String,
    /// Whether the rule could not be evaluated; otherwise the object violates it.
    pub is_error: bool,
    /// What it says.
    pub message: String,
    /// Where in the object; empty where there is no such place.
    pub path: String,
}

/// Folds responses into a verdict.
#[must_use]
pub fn verdict(request: &Request<'_>, responses: &[EngineResponse]) -> Verdict {
    let causes: Vec<Cause> = each_rule(responses)
        .flat_map(|(response, rule)| causes(response, rule))
        .collect();
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

/// Why a rule denies the request, if it does.
fn causes(response: &EngineResponse, rule: &RuleResponse) -> Vec<Cause> {
    let cause = |binding: &str, message: &str| Cause {
        policy: Arc::clone(&response.policy),
        rule: rule.rule.to_string(),
        binding: binding.to_owned(),
        is_error: rule.status == RuleStatus::Error,
        message: message.to_owned(),
        path: rule.path().to_owned(),
    };
    match rule.bound() {
        Some(bound) => {
            let denials = bound.denials.iter();
            denials.map(|message| cause(&bound.name, message)).collect()
        }
        None if denies(response, rule) => vec![cause("", &rule.message)],
        None => Vec::new(),
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

impl Cause {
    /// What a user is told of a policy without rules of its own: in the API server's words where it
    /// is one of the API server's kinds, else in Kyverno's.
    #[must_use]
    pub fn told(&self) -> String {
        let message = &self.message;
        match self.policy.is_native() {
            true => {
                let policy = named(&self.policy, &self.binding);
                format!("{policy} denied request: {message}")
            }
            false => said(&self.policy, self.is_error, message),
        }
    }
}

/// What policies with rules say, and then the others, a line each where both do.
fn deny_message(request: &Request<'_>, causes: &[Cause]) -> String {
    let (of_rules, others): (Vec<&Cause>, Vec<&Cause>) =
        causes.iter().partition(|cause| cause.policy.has_rules());
    let others = others.iter().map(|cause| cause.told());
    let others = others.collect::<Vec<_>>().join("; ");
    match of_rules.as_slice() {
        [] => others,
        of_rules => rules_message(request, of_rules) + &others,
    }
}

/// The resource, and below it each policy with its rules and what they say, as YAML.
fn rules_message(request: &Request<'_>, causes: &[&Cause]) -> String {
    let mut policies: BTreeMap<String, BTreeMap<&str, &str>> = BTreeMap::new();
    for cause in causes {
        policies
            .entry(cause.policy.key())
            .or_default()
            .insert(&cause.rule, &cause.message);
    }
    let mut text = format!(
        "\n\nresource {} was blocked due to the following policies \n\n",
        resource(request)
    );
    for (policy, rules) in policies {
        text.push_str(&format!("{}:\n", scalar(&policy)));
        for (rule, message) in rules {
            text.push_str(&format!("  {}: {}\n", scalar(rule), scalar(message)));
        }
    }
    text
}

/// `Kind/namespace/name`; a namespace that is empty keeps its place.
fn resource(request: &Request<'_>) -> String {
    let own = |pointer| {
        request
            .subject()
            .and_then(|object| object.pointer(pointer)?.as_str())
    };
    let kind = own("/kind").unwrap_or(&request.kind.kind);
    let name = own("/metadata/name").unwrap_or(request.name);
    let namespace = own("/metadata/namespace").unwrap_or(request.namespace);
    format!("{kind}/{namespace}/{name}")
}

/// A YAML scalar: plain where that reads back as the same text, else quoted; text of several
/// lines is a block.
fn scalar(text: &str) -> String {
    if text.contains('\n') {
        let lines: Vec<String> = text
            .trim_end_matches('\n')
            .lines()
            .map(|line| format!("    {line}"))
            .collect();
        let keep = if text.ends_with('\n') { "|" } else { "|-" };
        return format!("{keep}\n{}", lines.join("\n"));
    }
    if text.chars().any(char::is_control) {
        return Value::from(text).to_string();
    }
    if is_plain(text) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "''"))
}

fn is_plain(text: &str) -> bool {
    const FIRST: &str = "#,[]{}&*!|>'\"%@`?-:=~<.+0123456789 ";
    let is_word = matches!(
        text.to_ascii_lowercase().as_str(),
        "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n"
    );
    text.starts_with(|first: char| !FIRST.contains(first))
        && !is_word
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.ends_with([' ', ':'])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::response::RuleType;

    struct Policy {
        api_version: &'static str,
        action: FailureAction,
        errors_deny: bool,
        warn: bool,
    }

    fn response(name: &str, policy: &Policy, rules: &[(&str, RuleStatus, &str)]) -> EngineResponse {
        let info = PolicyInfo {
            api_version: policy.api_version.into(),
            name: name.into(),
            errors_deny: policy.errors_deny,
            emit_warning: policy.warn,
            ..PolicyInfo::default()
        };
        let rules = rules.iter().map(|(rule, status, message)| RuleResponse {
            rule: (*rule).into(),
            rule_type: RuleType::Validation,
            status: *status,
            message: (*message).into(),
            detail: None,
        });
        EngineResponse {
            policy: Arc::new(info),
            failure_action: policy.action,
            rules: rules.collect(),
            patched: None,
            is_last_change: false,
            changes_object: false,
        }
    }

    fn check(responses: &[EngineResponse]) -> Verdict {
        let object = json!({"kind": "Pod", "metadata": {"name": "web", "namespace": "shop"}});
        verdict(
            &Request {
                object: Some(&object),
                ..crate::request::tests::empty()
            },
            responses,
        )
    }

    const ENFORCE: Policy = Policy {
        api_version: "kyverno.io/v1",
        action: FailureAction::Enforce,
        errors_deny: true,
        warn: false,
    };
    const AUDIT: Policy = Policy {
        api_version: "kyverno.io/v1",
        action: FailureAction::Audit,
        errors_deny: false,
        warn: false,
    };

    #[test]
    fn an_enforced_failure_denies_and_is_told() {
        let found = check(&[
            response(
                "b",
                &ENFORCE,
                &[
                    ("r2", RuleStatus::Fail, "no: way"),
                    ("r1", RuleStatus::Fail, "plain."),
                    ("r3", RuleStatus::Pass, "ok"),
                ],
            ),
            response("a", &ENFORCE, &[("r", RuleStatus::Fail, "first")]),
        ]);
        assert!(!found.allowed);
        assert_eq!(
            found.deny_message,
            "\n\nresource Pod/shop/web was blocked due to the following policies \n\na:\n  r: first\nb:\n  r1: plain.\n  r2: 'no: way'\n"
        );
        assert_eq!(found.causes.len(), 3);
    }

    #[test]
    fn errors_deny_by_failure_policy_and_audits_never() {
        let fails = &[("r", RuleStatus::Fail, "m")];
        let error = &[("r", RuleStatus::Error, "m")];
        for (response, allowed) in [
            (response("p", &AUDIT, fails), true),
            (response("p", &AUDIT, error), true),
            (response("p", &ENFORCE, error), false),
            (
                response(
                    "p",
                    &Policy {
                        errors_deny: false,
                        ..ENFORCE
                    },
                    error,
                ),
                true,
            ),
            (
                response(
                    "p",
                    &ENFORCE,
                    &[("r", RuleStatus::Skip, "m"), ("s", RuleStatus::Warn, "m")],
                ),
                true,
            ),
        ] {
            assert_eq!(check(&[response]).allowed, allowed);
        }
    }

    #[test]
    fn an_error_of_an_expression_that_is_audited_denies_nothing() {
        let error = &[("", RuleStatus::Error, "m")];
        for (api_version, action, allowed) in [
            ("policies.kyverno.io/v1", FailureAction::Enforce, false),
            ("policies.kyverno.io/v1", FailureAction::Audit, true),
            ("kyverno.io/v1", FailureAction::Audit, false),
        ] {
            let policy = Policy {
                api_version,
                action,
                ..ENFORCE
            };
            let found = check(&[response("p", &policy, error)]);
            assert_eq!(found.allowed, allowed, "{api_version} {action:?}");
        }
    }

    #[test]
    fn what_does_not_deny_may_warn() {
        let warn = Policy {
            warn: true,
            ..AUDIT
        };
        let found = check(&[response(
            "p",
            &warn,
            &[("r", RuleStatus::Fail, "m"), ("s", RuleStatus::Pass, "")],
        )]);
        assert_eq!(found.warnings, ["policy p.r: m"]);
    }

    #[test]
    fn policies_without_rules_are_told_in_words() {
        let by_expressions = |action, warn| Policy {
            api_version: "policies.kyverno.io/v1",
            action,
            warn,
            ..ENFORCE
        };
        let deny = by_expressions(FailureAction::Enforce, false);
        let found = check(&[
            response("c", &deny, &[("", RuleStatus::Fail, "no")]),
            response("d", &deny, &[("", RuleStatus::Error, "how")]),
        ]);
        assert_eq!(
            found.deny_message,
            "Policy c failed: no; Policy d error: how"
        );
        let found = check(&[
            response("c", &deny, &[("", RuleStatus::Fail, "no")]),
            response("a", &ENFORCE, &[("r", RuleStatus::Fail, "first")]),
        ]);
        assert!(
            found
                .deny_message
                .ends_with("policies \n\na:\n  r: first\nPolicy c failed: no"),
            "{}",
            found.deny_message
        );
        let warn = by_expressions(FailureAction::Audit, true);
        let found = check(&[response("c", &warn, &[("", RuleStatus::Fail, "no")])]);
        assert_eq!(found.warnings, ["Policy c failed: no"]);
    }
}
