//! What the engine answers: one response per policy and object, one per rule in it.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value;

use crate::pod_security::PodSecurityFailure;
use crate::policy_info::PolicyInfo;

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
    /// Deletes objects.
    Deletion,
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
            RuleType::Deletion => "Deletion",
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
///
/// Names and constant messages are shared with the compiled policy; what most rules do not have
/// lies behind one pointer.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleResponse {
    /// The rule's name; an autogen rule has its derived name.
    pub rule: Arc<str>,
    /// What the rule does.
    pub rule_type: RuleType,
    /// How it ended.
    pub status: RuleStatus,
    /// What it says, as Kyverno words it.
    pub message: Arc<str>,
    /// What only some responses have.
    pub detail: Option<Box<RuleDetail>>,
}

/// What only some responses have.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RuleDetail {
    /// Where in the object, as `/spec/containers/0/image/`; empty where there is no such place.
    pub path: String,
    /// The patterns of `anyPattern` and `foreach` that the object does not match.
    pub patterns: Vec<FailedPattern>,
    /// `reportProperties` of the rule, with their variables in place.
    pub properties: BTreeMap<String, String>,
    /// The exceptions that applied.
    pub exceptions: Vec<ExceptionName>,
    /// What a `podSecurity` rule found.
    pub pod_security: Option<PodSecurityFailure>,
    /// The objects that a rule generates.
    pub generated: Vec<Value>,
    /// Whether a rule came as far as to generate, and could not.
    pub is_left_ungenerated: bool,
    /// The existing object that a `mutate` rule with `targets` changed, as it is after the change.
    pub patched_target: Option<Value>,
    /// What a binding makes of what a policy of the API server says.
    pub bound: Option<Bound>,
    /// The path in the policy of the expression in CEL that decided or has no value.
    pub expression: Option<Arc<str>>,
}

/// What a binding makes of what a policy of the API server says: one violation may deny, another warn,
/// and each is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bound {
    /// The binding.
    pub name: String,
    /// Why the request is denied.
    pub denials: Vec<String>,
    /// What the user is warned of.
    pub warnings: Vec<String>,
}

/// A pattern that an object, or an element of a loop, does not match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FailedPattern {
    /// The pattern's JSON pointer below `validate`, as `/foreach/0/pattern`.
    pub pattern: String,
    /// Where in what the pattern looks at, as `/spec/containers/0/image/`.
    pub path: String,
}

/// The name of a PolicyException.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExceptionName {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl ExceptionName {
    /// The name behind a key, as [`ExceptionName::key`] gives it.
    #[must_use]
    pub fn of_key(key: &str) -> ExceptionName {
        let (namespace, name) = key.split_once('/').unwrap_or(("", key));
        ExceptionName {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }

    /// `namespace/name`, or `name` where there is no namespace.
    #[must_use]
    pub fn key(&self) -> String {
        match self.namespace.as_str() {
            "" => self.name.clone(),
            namespace => format!("{namespace}/{}", self.name),
        }
    }
}

impl RuleResponse {
    /// Where in the object; empty where there is no such place.
    #[must_use]
    pub fn path(&self) -> &str {
        self.detail.as_ref().map_or("", |detail| &detail.path)
    }

    /// The patterns of `anyPattern` and `foreach` that the object does not match.
    #[must_use]
    pub fn failed_patterns(&self) -> &[FailedPattern] {
        self.detail.as_ref().map_or(&[], |detail| &detail.patterns)
    }

    /// `reportProperties` of the rule.
    pub fn properties(&self) -> impl Iterator<Item = (&str, &str)> {
        self.detail
            .iter()
            .flat_map(|detail| &detail.properties)
            .map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// The path in the policy of the expression in CEL that decided or has no value.
    #[must_use]
    pub fn expression(&self) -> Option<&Arc<str>> {
        self.detail
            .as_ref()
            .and_then(|detail| detail.expression.as_ref())
    }

    /// What a binding makes of it, for a policy of the API server.
    #[must_use]
    pub fn bound(&self) -> Option<&Bound> {
        self.detail
            .as_ref()
            .and_then(|detail| detail.bound.as_ref())
    }

    /// The objects that the rule generates.
    #[must_use]
    pub fn generated(&self) -> &[Value] {
        self.detail
            .as_ref()
            .map_or(&[], |detail| detail.generated.as_slice())
    }

    /// The exceptions that applied.
    #[must_use]
    pub fn exceptions(&self) -> &[ExceptionName] {
        self.detail
            .as_ref()
            .map_or(&[], |detail| detail.exceptions.as_slice())
    }
}

/// One policy on one object.
#[derive(Clone, Debug, PartialEq)]
pub struct EngineResponse {
    /// The policy.
    pub policy: Arc<PolicyInfo>,
    /// What a failure means for this policy and object.
    pub failure_action: FailureAction,
    /// The rules that answered, in the order of the policy.
    pub rules: Vec<RuleResponse>,
    /// Whether the policy changed the object.
    pub changes_object: bool,
    /// The object after the policy, where the policy changed it. Where only the last change is asked
    /// for, it stands in the response that [`EngineResponse::is_last_change`] tells.
    pub patched: Option<Arc<Value>>,
    /// Whether no policy changed the object after this one. Images are verified after all mutations,
    /// so that it need not be the last response with a changed object.
    pub is_last_change: bool,
}
