//! GeneratingPolicy and NamespacedGeneratingPolicy: CEL expressions and templates that make resources.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cel_expression::{AuditAnnotation, CelVariable, MatchCondition};
use crate::cel_policy::{
    CelPolicyVersion, DisabledByDefault, EnabledByDefault, PolicyReadiness, WebhookSettings,
};
use crate::match_constraints::MatchConstraints;
use crate::metadata::ObjectMeta;

/// A policy that makes resources with CEL.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GeneratingPolicy {
    /// API group and version.
    pub api_version: CelPolicyVersion,
    /// `GeneratingPolicy` or `NamespacedGeneratingPolicy`.
    pub kind: GeneratingPolicyKind,
    /// Name, labels and annotations.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// The policy itself.
    pub spec: GeneratingPolicySpec,
    /// What controllers found out about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<GeneratingPolicyStatus>,
}

/// The two kinds, which differ in scope.
#[derive(
    Clone, Debug, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum GeneratingPolicyKind {
    /// For the whole cluster.
    GeneratingPolicy,
    /// For one namespace.
    NamespacedGeneratingPolicy,
}

/// Which requests, and what is made.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GeneratingPolicySpec {
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
    /// What is made.
    #[schemars(length(min = 1))]
    pub generate: Vec<CelGeneration>,
    /// Annotations for the audit event.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audit_annotations: Vec<AuditAnnotation>,
    /// How the API server calls the webhook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_configuration: Option<WebhookSettings>,
    /// When the policy is evaluated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluation: Option<GeneratingEvaluation>,
    /// Whether resources are written with server-side apply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub use_server_side_apply: Option<bool>,
}

/// One thing to make: exactly one of `expression` and `template`.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-kubernetes-validations" = [{"rule": "(has(self.expression) && !has(self.template)) || (!has(self.expression) && has(self.template))"}]))]
pub struct CelGeneration {
    /// An expression that makes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    /// Its text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<GenerationTemplate>,
}

/// The text of resources.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GenerationTemplate {
    /// YAML of one or more resources.
    #[schemars(length(min = 1))]
    pub value: String,
    /// Whether `(( … ))` in it is evaluated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "none"))]
    pub interpolate: Option<Interpolation>,
}

/// Whether placeholders are evaluated.
#[derive(
    Clone, Debug, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Interpolation {
    /// The text is taken as it is.
    None,
    /// `(( … ))` holds CEL.
    Cel,
}

/// When a policy is evaluated.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GeneratingEvaluation {
    /// Evaluation of admission requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admission: Option<EnabledByDefault>,
    /// Whether existing resources trigger the policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generate_existing: Option<DisabledByDefault>,
    /// Whether what was made follows its source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub synchronize: Option<DisabledByDefault>,
    /// Whether what was made stays when the policy goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub orphan_downstream_on_policy_delete: Option<DisabledByDefault>,
    /// Whether requests of Kyverno's own background controller are left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = true))]
    pub skip_background_requests: Option<bool>,
}

/// What controllers found out about a policy.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GeneratingPolicyStatus {
    /// Whether it is in effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition_status: Option<PolicyReadiness>,
}
