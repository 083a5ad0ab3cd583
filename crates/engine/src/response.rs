//! What the engine answers: one response per policy and object, one per rule in it.

use std::{collections::BTreeMap, time::Duration};

use serde_json::Value;

/// How one rule ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RuleStatus {
    /// The object is as the rule wants it.
    Pass,
    /// The object violates the rule.
    Fail,
    /// The object violates an unscored rule.
    Warn,
    /// The rule could not be evaluated.
    Error,
    /// The rule does not apply to the object.
    Skip,
}

impl RuleStatus {
    /// The word of reports: `pass`, `fail`, `warn`, `error`, `skip`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            RuleStatus::Pass => "pass",
            RuleStatus::Fail => "fail",
            RuleStatus::Warn => "warn",
            RuleStatus::Error => "error",
            RuleStatus::Skip => "skip",
        }
    }
}

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RuleType {
    /// Says yes or no.
    Validation,
    /// Changes the object.
    Mutation,
    /// Makes other objects.
    Generation,
    /// Verifies images.
    ImageVerify,
}

impl RuleType {
    /// Kyverno's word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            RuleType::Validation => "Validation",
            RuleType::Mutation => "Mutation",
            RuleType::Generation => "Generation",
            RuleType::ImageVerify => "ImageVerify",
        }
    }
}

/// What happens when a rule fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FailureAction {
    /// The request passes and the violation is reported.
    #[default]
    Audit,
    /// The request is denied.
    Enforce,
}

/// One rule on one object.
#[derive(Clone, Debug)]
pub struct RuleResponse {
    /// The rule's name; an autogen rule has its derived name.
    pub rule: String,
    /// What the rule does.
    pub rule_type: RuleType,
    /// How it ended.
    pub status: RuleStatus,
    /// What it says, as Kyverno words it.
    pub message: String,
    /// Where in the object, as `/spec/containers/0/image/`; empty where there is no such place.
    pub path: String,
    /// Further facts for reports.
    pub properties: BTreeMap<String, String>,
    /// The exceptions that applied, as `namespace/name`.
    pub exceptions: Vec<String>,
    /// How long it took; zero where nobody measures.
    pub elapsed: Duration,
}

/// One policy on one object.
#[derive(Clone, Debug)]
pub struct EngineResponse {
    /// Kind of the policy, such as `ClusterPolicy`.
    pub policy_kind: &'static str,
    /// The policy, as `name` or `namespace/name`.
    pub policy: String,
    /// What a failure means for this policy and object.
    pub failure_action: FailureAction,
    /// The rules that answered, in the order of the policy.
    pub rules: Vec<RuleResponse>,
    /// The object after the policy, where the policy changed it.
    pub patched: Option<Value>,
}
