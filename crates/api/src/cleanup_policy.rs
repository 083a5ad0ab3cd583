//! CleanupPolicy and ClusterCleanupPolicy (`kyverno.io/v2`, `v2beta1`): resources that are deleted on a schedule.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cluster_policy::conditions::conditions_without_in;
use crate::cluster_policy::{AnyAllConditions, ContextEntry};
use crate::metadata::ObjectMeta;
use crate::policy_exception::{AnyAllFilters, PolicyExceptionApiVersion};
use crate::status::StatusCondition;

/// A policy that deletes resources on a schedule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CleanupPolicy {
    /// API group and version.
    pub api_version: PolicyExceptionApiVersion,
    /// `CleanupPolicy` or `ClusterCleanupPolicy`.
    pub kind: CleanupPolicyKind,
    /// Name, labels and annotations.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// The policy itself.
    pub spec: CleanupPolicySpec,
    /// What controllers found out about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<CleanupPolicyStatus>,
}

/// The two kinds, which differ in scope.
#[derive(
    Clone, Debug, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum CleanupPolicyKind {
    /// For one namespace.
    CleanupPolicy,
    /// For the whole cluster.
    ClusterCleanupPolicy,
}

/// What is deleted, and when.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CleanupPolicySpec {
    /// Named values for expressions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub context: Vec<ContextEntry>,
    /// Which resources.
    pub r#match: AnyAllFilters,
    /// Which are left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclude: Option<AnyAllFilters>,
    /// When, as a cron expression.
    pub schedule: String,
    /// Conditions that a resource must meet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "conditions_without_in")]
    pub conditions: Option<AnyAllConditions>,
    /// What happens to what the resource owns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion_propagation_policy: Option<DeletionPropagation>,
}

/// What happens to what a deleted resource owns.
#[derive(
    Clone, Debug, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum DeletionPropagation {
    /// It is deleted first.
    Foreground,
    /// It is deleted afterwards.
    Background,
    /// It stays.
    Orphan,
}

/// What controllers found out about a policy.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CleanupPolicyStatus {
    /// Conditions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<StatusCondition>,
    /// When it last ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub last_execution_time: Option<String>,
}
