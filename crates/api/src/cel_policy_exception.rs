//! PolicyException of `policies.kyverno.io`: leave to break CEL policies.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cel_expression::MatchCondition;
use crate::cel_policy::CelPolicyVersion;
use crate::metadata::ObjectMeta;
use crate::policy_exception::PolicyExceptionKind;

/// Leave to break CEL policies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CelPolicyException {
    /// API group and version.
    pub api_version: CelPolicyVersion,
    /// `PolicyException`.
    pub kind: PolicyExceptionKind,
    /// Name, labels and annotations.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// The exception itself.
    pub spec: CelPolicyExceptionSpec,
}

/// Which policies may be broken, by what, and until when.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CelPolicyExceptionSpec {
    /// The policies.
    pub policy_refs: Vec<PolicyReference>,
    /// Conditions on requests; without any, it holds for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub match_conditions: Vec<MatchCondition>,
    /// Images that are accepted; expressions read them as `exceptions.allowedImages`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<String>,
    /// Values that are accepted; expressions read them as `exceptions.allowedValues`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_values: Vec<String>,
    /// What reports say of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "skip"))]
    pub report_result: Option<ExceptionResult>,
    /// When it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub expires_at: Option<String>,
    /// Further properties of results.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, String>,
    /// Kind of evaluation that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluation_mode: Option<String>,
}

/// A policy.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PolicyReference {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: String,
}

/// What reports say of an excepted resource.
#[derive(
    Clone, Debug, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum ExceptionResult {
    /// It was skipped.
    Skip,
    /// It passed.
    Pass,
}
