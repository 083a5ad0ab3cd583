//! DeletingPolicy and NamespacedDeletingPolicy: resources that are deleted on a schedule.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cel_expression::{CelVariable, MatchCondition};
use crate::cel_policy::{CelPolicyVersion, PolicyReadiness};
use crate::cleanup_policy::DeletionPropagation;
use crate::match_constraints::MatchConstraints;
use crate::metadata::ObjectMeta;

/// A policy that deletes resources on a schedule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeletingPolicy {
    /// API group and version.
    pub api_version: CelPolicyVersion,
    /// `DeletingPolicy` or `NamespacedDeletingPolicy`.
    pub kind: DeletingPolicyKind,
    /// Name, labels and annotations.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// The policy itself.
    pub spec: DeletingPolicySpec,
    /// What controllers found out about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<DeletingPolicyStatus>,
}

/// The two kinds, which differ in scope.
#[derive(
    Clone, Debug, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum DeletingPolicyKind {
    /// For the whole cluster.
    DeletingPolicy,
    /// For one namespace.
    NamespacedDeletingPolicy,
}

/// What is deleted, and when.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeletingPolicySpec {
    /// Which resources.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub match_constraints: Option<MatchConstraints>,
    /// Conditions that a resource must meet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map"))]
    #[schemars(extend("x-kubernetes-list-map-keys" = ["name"]))]
    pub conditions: Vec<MatchCondition>,
    /// Named expressions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map"))]
    #[schemars(extend("x-kubernetes-list-map-keys" = ["name"]))]
    pub variables: Vec<CelVariable>,
    /// When, as a cron expression.
    pub schedule: String,
    /// What happens to what the resource owns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion_propagation_policy: Option<DeletionPropagation>,
}

/// What controllers found out about a policy.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeletingPolicyStatus {
    /// Whether it is in effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition_status: Option<PolicyReadiness>,
    /// When it last ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub last_execution_time: Option<String>,
}
