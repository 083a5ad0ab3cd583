//! Responses to report results, as policy reports have them.
//!
//! | field | from |
//! |---|---|
//! | `result` | the rule's status; a failure of a policy with `policies.kyverno.io/scored: "false"` is `warn` |
//! | `message` | the rule's message, or `message`, `passMessage`, `failMessage`, `warnMessage`, `errorMessage`, `skipMessage` of its `reportProperties` |
//! | `scored`, `severity`, `category` | the policy's annotations |
//! | `properties` | `reportProperties`, `exceptions`, what a `podSecurity` rule found, `process` |

mod row;

use std::collections::BTreeMap;

pub use self::row::{outcome, summary};
use crate::policy_info::PolicyInfo;
use crate::response::{EngineResponse, RuleResponse, RuleStatus, RuleType};

/// One result of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportResult {
    /// Who found it, such as `kyverno`.
    pub source: &'static str,
    /// The policy, as `name` or `namespace/name`.
    pub policy: String,
    /// The rule; empty for kinds without rules.
    pub rule: String,
    /// How it ended, in the report's words.
    pub result: RuleStatus,
    /// What it says.
    pub message: String,
    /// Whether a failure counts.
    pub scored: bool,
    /// How bad a failure is.
    pub severity: Option<String>,
    /// What the policy is about.
    pub category: Option<String>,
    /// Further facts.
    pub properties: BTreeMap<String, String>,
}

/// The results of one policy on one object.
#[must_use]
pub fn results(response: &EngineResponse) -> Vec<ReportResult> {
    response
        .rules
        .iter()
        .map(|rule| result(response, rule))
        .collect()
}

/// The result of one rule.
#[must_use]
pub fn result(response: &EngineResponse, rule: &RuleResponse) -> ReportResult {
    result_of(&response.policy, rule)
}

/// The result of one rule of a policy.
#[must_use]
pub fn result_of(policy: &PolicyInfo, rule: &RuleResponse) -> ReportResult {
    let scored = policy.is_scored();
    let result = status(rule.status, scored);
    let mut properties = properties(rule);
    let process = match rule.rule_type {
        RuleType::Deletion => "",
        _ if policy.background => "background scan",
        _ => "admission review",
    };
    properties.insert("process".to_owned(), process.to_owned());
    ReportResult {
        source: source(&policy.kind),
        policy: policy.key(),
        rule: rule.rule.to_string(),
        result,
        message: message(rule, result, &properties),
        scored,
        severity: policy.severity().map(str::to_owned),
        category: policy.category().map(str::to_owned),
        properties,
    }
}

/// The status in the report's words.
#[must_use]
pub fn status(status: RuleStatus, scored: bool) -> RuleStatus {
    match status {
        RuleStatus::Fail if !scored => RuleStatus::Warn,
        status => status,
    }
}

/// Who finds what policies of a kind find, in the word of reports.
#[must_use]
pub fn source(kind: &str) -> &'static str {
    match kind.strip_prefix("Namespaced").unwrap_or(kind) {
        "ValidatingPolicy" => "KyvernoValidatingPolicy",
        "MutatingPolicy" => "KyvernoMutatingPolicy",
        "GeneratingPolicy" => "KyvernoGeneratingPolicy",
        "ImageValidatingPolicy" => "KyvernoImageValidatingPolicy",
        "DeletingPolicy" => "KyvernoDeletingPolicy",
        "ValidatingAdmissionPolicy" => "ValidatingAdmissionPolicy",
        "MutatingAdmissionPolicy" => "MutatingAdmissionPolicy",
        _ => "kyverno",
    }
}

fn properties(rule: &RuleResponse) -> BTreeMap<String, String> {
    let mut properties: BTreeMap<String, String> = rule
        .properties()
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
    let exceptions: Vec<&str> = rule
        .exceptions()
        .iter()
        .map(|exception| exception.name.as_str())
        .collect();
    if !exceptions.is_empty() {
        properties.insert("exceptions".to_owned(), exceptions.join(","));
    }
    let found = rule
        .detail
        .as_ref()
        .and_then(|detail| detail.pod_security.as_ref());
    properties.extend(found.into_iter().flat_map(|found| found.properties()));
    properties
}

fn message(
    rule: &RuleResponse,
    result: RuleStatus,
    properties: &BTreeMap<String, String>,
) -> String {
    let own = match result {
        RuleStatus::Pass => "passMessage",
        RuleStatus::Fail => "failMessage",
        RuleStatus::Warn => "warnMessage",
        RuleStatus::Error => "errorMessage",
        RuleStatus::Skip => "skipMessage",
    };
    let written = [own, "message"]
        .into_iter()
        .find_map(|key| properties.get(key));
    written.cloned().unwrap_or_else(|| rule.message.to_string())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::policy_info::PolicyInfo;
    use crate::response::{ExceptionName, FailureAction, RuleDetail};

    fn check(
        status: RuleStatus,
        annotations: &[(&str, &str)],
        properties: &[(&str, &str)],
        expected: (RuleStatus, &str),
    ) -> ReportResult {
        let owned = |pairs: &[(&str, &str)]| {
            pairs
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect()
        };
        let detail = RuleDetail {
            properties: owned(properties),
            exceptions: vec![ExceptionName {
                namespace: "n".into(),
                name: "e".into(),
            }],
            ..RuleDetail::default()
        };
        let info = PolicyInfo {
            name: "p".into(),
            namespace: "ns".into(),
            annotations: owned(annotations),
            ..PolicyInfo::default()
        };
        let rule = RuleResponse {
            rule: "r".into(),
            rule_type: RuleType::Validation,
            status,
            message: "said".into(),
            detail: Some(Box::new(detail)),
        };
        let response = EngineResponse {
            policy: Arc::new(info),
            failure_action: FailureAction::Audit,
            rules: vec![rule],
            patched: None,
            is_last_change: false,
            changes_object: false,
        };
        let found = results(&response).remove(0);
        assert_eq!((found.result, found.message.as_str()), expected);
        found
    }

    #[test]
    fn results_follow_annotations_and_report_properties() {
        let scored = "policies.kyverno.io/scored";
        check(RuleStatus::Fail, &[], &[], (RuleStatus::Fail, "said"));
        check(
            RuleStatus::Fail,
            &[(scored, "false")],
            &[("warnMessage", "w")],
            (RuleStatus::Warn, "w"),
        );
        check(
            RuleStatus::Pass,
            &[(scored, "false")],
            &[("failMessage", "f")],
            (RuleStatus::Pass, "said"),
        );
        check(
            RuleStatus::Skip,
            &[],
            &[("message", "m"), ("skipMessage", "s")],
            (RuleStatus::Skip, "s"),
        );
        check(
            RuleStatus::Error,
            &[],
            &[("message", "m")],
            (RuleStatus::Error, "m"),
        );
    }

    #[test]
    fn properties_name_exceptions_and_the_process() {
        let found = check(
            RuleStatus::Skip,
            &[("policies.kyverno.io/severity", "odd")],
            &[("team", "a")],
            (RuleStatus::Skip, "said"),
        );
        let properties: Vec<(&str, &str)> = found
            .properties
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect();
        assert_eq!(
            properties,
            [
                ("exceptions", "e"),
                ("process", "admission review"),
                ("team", "a")
            ]
        );
        assert_eq!((found.policy.as_str(), found.severity), ("ns/p", None));
    }
}
