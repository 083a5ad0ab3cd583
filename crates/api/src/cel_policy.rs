//! What the CEL kinds of `policies.kyverno.io` share: versions, evaluation settings, autogen, status.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::status::StatusCondition;

/// Served versions of the CEL kinds.
#[derive(
    Clone, Debug, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum CelPolicyVersion {
    /// `policies.kyverno.io/v1`.
    #[serde(rename = "policies.kyverno.io/v1")]
    V1,
    /// `policies.kyverno.io/v1beta1`.
    #[serde(rename = "policies.kyverno.io/v1beta1")]
    V1Beta1,
    /// `policies.kyverno.io/v1alpha1`; cluster-scoped kinds and exceptions only.
    #[serde(rename = "policies.kyverno.io/v1alpha1")]
    V1Alpha1,
}

impl CelPolicyVersion {
    /// The version as it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            CelPolicyVersion::V1 => "policies.kyverno.io/v1",
            CelPolicyVersion::V1Beta1 => "policies.kyverno.io/v1beta1",
            CelPolicyVersion::V1Alpha1 => "policies.kyverno.io/v1alpha1",
        }
    }
}

/// What a failed validation does.
#[derive(
    Clone, Debug, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum ValidationAction {
    /// The request is denied.
    Deny,
    /// A report tells of it.
    Audit,
    /// The user is warned.
    Warn,
}

/// How the API server calls the webhook for a policy.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WebhookSettings {
    /// Seconds that it waits, 1 to 30.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<i32>,
}

/// When and on what a policy is evaluated.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Evaluation {
    /// `Kubernetes` for resources, `JSON` for any document, `Envoy` or `HTTP` for requests of
    /// that kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// Evaluation of admission requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admission: Option<EnabledByDefault>,
    /// Evaluation in background scans.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub background: Option<EnabledByDefault>,
}

/// A switch that is on unless it says otherwise.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EnabledByDefault {
    /// Whether it is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = true))]
    pub enabled: Option<bool>,
}

/// A switch that is off unless it says otherwise.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DisabledByDefault {
    /// Whether it is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = false))]
    pub enabled: Option<bool>,
}

/// A switch.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Switch {
    /// Whether it is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// Pod controllers for which rules are derived.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PodControllers {
    /// Their resources, such as `deployments`; none when empty, all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub controllers: Option<Vec<String>>,
}

/// A kind that a derived policy is about.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DerivedTarget {
    /// API group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// API version.
    pub version: String,
    /// Resource, in plural.
    pub resource: String,
    /// Kind.
    pub kind: String,
}

/// Whether a policy is in effect.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PolicyReadiness {
    /// Whether it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready: Option<bool>,
    /// What that rests on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<StatusCondition>,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}
