//! ValidatingPolicy and NamespacedValidatingPolicy: CEL expressions that a request must meet.
//!
//! ```yaml
//! apiVersion: policies.kyverno.io/v1
//! kind: ValidatingPolicy
//! metadata: {name: require-app-label}
//! spec:
//!   matchConstraints:
//!     resourceRules: [{apiGroups: [""], apiVersions: [v1], resources: [pods], operations: [CREATE]}]
//!   validations: [{expression: "has(object.metadata.labels) && 'app' in object.metadata.labels"}]
//! ```

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cel_expression::{AuditAnnotation, CelValidation, CelVariable, MatchCondition};
use crate::cel_policy::{
    CelPolicyVersion, DerivedTarget, Evaluation, PodControllers, PolicyReadiness, Switch,
    ValidationAction, WebhookSettings,
};
use crate::cluster_policy::FailurePolicy;
use crate::match_constraints::MatchConstraints;
use crate::metadata::ObjectMeta;

/// A policy that checks requests with CEL.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ValidatingPolicy {
    /// API group and version.
    pub api_version: CelPolicyVersion,
    /// `ValidatingPolicy` or `NamespacedValidatingPolicy`.
    pub kind: ValidatingPolicyKind,
    /// Name, labels and annotations.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// The policy itself.
    pub spec: ValidatingPolicySpec,
    /// What controllers found out about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<ValidatingPolicyStatus>,
}

/// The two kinds, which differ in scope.
#[derive(
    Clone, Debug, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum ValidatingPolicyKind {
    /// For the whole cluster.
    ValidatingPolicy,
    /// For one namespace.
    NamespacedValidatingPolicy,
}

/// Which requests, and what they must meet.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ValidatingPolicySpec {
    /// Which requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub match_constraints: Option<MatchConstraints>,
    /// Further conditions on requests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map"))]
    #[schemars(extend("x-kubernetes-list-map-keys" = ["name"]))]
    pub match_conditions: Vec<MatchCondition>,
    /// Named expressions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map"))]
    #[schemars(extend("x-kubernetes-list-map-keys" = ["name"]))]
    pub variables: Vec<CelVariable>,
    /// Expressions that must be true.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub validations: Vec<CelValidation>,
    /// Annotations for the audit event.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub audit_annotations: Vec<AuditAnnotation>,
    /// What a failure does; `Deny` when absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub validation_actions: Vec<ValidationAction>,
    /// What an error does; `Fail` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_policy: Option<FailurePolicy>,
    /// How the API server calls the webhook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_configuration: Option<WebhookSettings>,
    /// When the policy is evaluated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluation: Option<Evaluation>,
    /// What is derived from the policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autogen: Option<ValidatingAutogen>,
}

/// What is derived from a policy.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ValidatingAutogen {
    /// Policies for the controllers of pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod_controllers: Option<PodControllers>,
    /// A native ValidatingAdmissionPolicy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validating_admission_policy: Option<Switch>,
}

/// What controllers found out about a policy.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ValidatingPolicyStatus {
    /// Whether it is in effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition_status: Option<PolicyReadiness>,
    /// Policies that were derived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autogen: Option<ValidatingAutogenStatus>,
    /// Whether a native policy takes its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generated: Option<bool>,
}

/// Policies that were derived.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ValidatingAutogenStatus {
    /// The policies, by group of controllers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub configs: BTreeMap<String, DerivedValidatingPolicy>,
}

/// A derived policy.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DerivedValidatingPolicy {
    /// Kinds that it is about.
    pub targets: Vec<DerivedTarget>,
    /// The policy.
    pub spec: ValidatingPolicySpec,
}
