//! `status` of a ClusterPolicy or Policy, which controllers write.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cluster_policy::rule::Rule;
use crate::constraints::integer;
use crate::status::StatusCondition;

/// What controllers found out about a policy.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PolicyStatus {
    /// Older form of the condition `Ready`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready: Option<bool>,
    /// Conditions, `Ready` among them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<StatusCondition>,
    /// Rules that were derived for pod controllers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autogen: Option<AutogenStatus>,
    /// Number of rules by type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rulecount: Option<RuleCount>,
    /// The ValidatingAdmissionPolicy made of the policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validatingadmissionpolicy: Option<GeneratedPolicyStatus>,
}

/// Rules that were derived for pod controllers.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AutogenStatus {
    /// The rules.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Rule>,
}

/// Number of rules by type.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RuleCount {
    /// Validation rules.
    #[schemars(schema_with = "integer")]
    pub validate: i64,
    /// Generation rules.
    #[schemars(schema_with = "integer")]
    pub generate: i64,
    /// Mutation rules.
    #[schemars(schema_with = "integer")]
    pub mutate: i64,
    /// Image verification rules.
    #[schemars(schema_with = "integer")]
    pub verifyimages: i64,
}

/// A ValidatingAdmissionPolicy made of a policy.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GeneratedPolicyStatus {
    /// Whether there is one.
    pub generated: bool,
    /// Why not.
    pub message: String,
}
