//! Native admission policies (`admissionregistration.k8s.io`) and their bindings.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cel_expression::{AuditAnnotation, CelValidation, CelVariable, MatchCondition};
use crate::cel_policy::ValidationAction;
use crate::cluster_policy::{FailurePolicy, ParamKind, ParamRef};
use crate::constraints::any_value;
use crate::match_constraints::MatchConstraints;
use crate::metadata::ObjectMeta;
use crate::mutating_policy::CelMutation;

/// A policy of the API server that checks requests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ValidatingAdmissionPolicy {
    /// API group and version.
    pub api_version: AdmissionPolicyVersion,
    /// `ValidatingAdmissionPolicy`.
    pub kind: ValidatingAdmissionPolicyKind,
    /// Name, labels and annotations.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// The policy itself.
    #[serde(default)]
    pub spec: ValidatingAdmissionPolicySpec,
    /// What controllers found out about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "any_value")]
    pub status: Option<Value>,
}

/// The kind of a [`ValidatingAdmissionPolicy`].
#[derive(Clone, Debug, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ValidatingAdmissionPolicyKind {
    /// The only one.
    ValidatingAdmissionPolicy,
}

/// Which requests, and what they must meet.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ValidatingAdmissionPolicySpec {
    /// The kind of the objects that expressions read as `params`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub param_kind: Option<ParamKind>,
    /// Which requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub match_constraints: Option<MatchConstraints>,
    /// Expressions that must be true.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub validations: Vec<CelValidation>,
    /// What an error does; `Fail` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_policy: Option<FailurePolicy>,
    /// Annotations for the audit event.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audit_annotations: Vec<AuditAnnotation>,
    /// Further conditions on requests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub match_conditions: Vec<MatchCondition>,
    /// Named expressions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<CelVariable>,
}

/// A policy of the API server that changes objects.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MutatingAdmissionPolicy {
    /// API group and version.
    pub api_version: AdmissionPolicyVersion,
    /// `MutatingAdmissionPolicy`.
    pub kind: MutatingAdmissionPolicyKind,
    /// Name, labels and annotations.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// The policy itself.
    #[serde(default)]
    pub spec: MutatingAdmissionPolicySpec,
    /// What controllers found out about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "any_value")]
    pub status: Option<Value>,
}

/// The kind of a [`MutatingAdmissionPolicy`].
#[derive(Clone, Debug, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum MutatingAdmissionPolicyKind {
    /// The only one.
    MutatingAdmissionPolicy,
}

/// Which requests, and what is changed.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MutatingAdmissionPolicySpec {
    /// The kind of the objects that expressions read as `params`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub param_kind: Option<ParamKind>,
    /// Which requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub match_constraints: Option<MatchConstraints>,
    /// Named expressions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<CelVariable>,
    /// Changes, one after the other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mutations: Vec<CelMutation>,
    /// What an error does; `Fail` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_policy: Option<FailurePolicy>,
    /// Further conditions on requests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub match_conditions: Vec<MatchCondition>,
    /// `Never`, or `IfNeeded` to run again after others changed the object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reinvocation_policy: Option<String>,
}

/// What puts a native policy into effect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AdmissionPolicyBinding {
    /// API group and version.
    pub api_version: AdmissionPolicyVersion,
    /// The kind of policy that is bound.
    pub kind: AdmissionPolicyBindingKind,
    /// Name, labels and annotations.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// The binding itself.
    #[serde(default)]
    pub spec: AdmissionPolicyBindingSpec,
}

/// The two kinds of bindings.
#[derive(
    Clone, Debug, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum AdmissionPolicyBindingKind {
    /// Puts a ValidatingAdmissionPolicy into effect.
    ValidatingAdmissionPolicyBinding,
    /// Puts a MutatingAdmissionPolicy into effect.
    MutatingAdmissionPolicyBinding,
}

/// For which requests and with which parameters a policy is in effect.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AdmissionPolicyBindingSpec {
    /// The policy's name.
    #[serde(default)]
    pub policy_name: String,
    /// The objects that the policy reads as `params`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub param_ref: Option<ParamRef>,
    /// Which of the policy's requests; all of them when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub match_resources: Option<MatchConstraints>,
    /// What a violation does; only for a ValidatingAdmissionPolicy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub validation_actions: Vec<ValidationAction>,
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

impl AdmissionPolicyVersion {
    /// The version as it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            AdmissionPolicyVersion::V1 => "admissionregistration.k8s.io/v1",
            AdmissionPolicyVersion::V1Beta1 => "admissionregistration.k8s.io/v1beta1",
            AdmissionPolicyVersion::V1Alpha1 => "admissionregistration.k8s.io/v1alpha1",
        }
    }
}
