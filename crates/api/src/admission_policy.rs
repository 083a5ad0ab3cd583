//! Native admission policies (`admissionregistration.k8s.io`) and their bindings, with an untyped `spec`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::constraints::any_value;
use crate::metadata::ObjectMeta;

/// A ValidatingAdmissionPolicy, a MutatingAdmissionPolicy, or a binding of one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AdmissionPolicy {
    /// API group and version.
    pub api_version: AdmissionPolicyVersion,
    /// One of the four kinds.
    pub kind: AdmissionPolicyKind,
    /// Name, labels and annotations.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// The policy itself.
    #[schemars(schema_with = "any_value")]
    pub spec: Value,
    /// What controllers found out about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "any_value")]
    pub status: Option<Value>,
}

/// Versions of the kinds.
#[derive(
    Clone, Debug, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum AdmissionPolicyVersion {
    /// `admissionregistration.k8s.io/v1`.
    #[serde(rename = "admissionregistration.k8s.io/v1")]
    V1,
    /// `admissionregistration.k8s.io/v1beta1`.
    #[serde(rename = "admissionregistration.k8s.io/v1beta1")]
    V1Beta1,
    /// `admissionregistration.k8s.io/v1alpha1`.
    #[serde(rename = "admissionregistration.k8s.io/v1alpha1")]
    V1Alpha1,
}

/// The four kinds.
#[derive(
    Clone, Debug, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum AdmissionPolicyKind {
    /// Checks requests.
    ValidatingAdmissionPolicy,
    /// Puts a ValidatingAdmissionPolicy into effect.
    ValidatingAdmissionPolicyBinding,
    /// Changes resources.
    MutatingAdmissionPolicy,
    /// Puts a MutatingAdmissionPolicy into effect.
    MutatingAdmissionPolicyBinding,
}
