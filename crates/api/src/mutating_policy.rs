//! MutatingPolicy and NamespacedMutatingPolicy: CEL expressions that change a resource.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cel_expression::{AuditAnnotation, CelVariable, MatchCondition};
use crate::cel_policy::{
    CelPolicyVersion, DerivedTarget, DisabledByDefault, EnabledByDefault, PodControllers,
    PolicyReadiness, Switch, WebhookSettings,
};
use crate::cluster_policy::FailurePolicy;
use crate::label_selector::LabelSelector;
use crate::match_constraints::{MatchConstraints, NamedRule};
use crate::metadata::ObjectMeta;

/// A policy that changes resources with CEL.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MutatingPolicy {
    /// API group and version.
    pub api_version: CelPolicyVersion,
    /// `MutatingPolicy` or `NamespacedMutatingPolicy`.
    pub kind: MutatingPolicyKind,
    /// Name, labels and annotations.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// The policy itself.
    pub spec: MutatingPolicySpec,
    /// What controllers found out about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<MutatingPolicyStatus>,
}

/// The two kinds, which differ in scope.
#[derive(
    Clone, Debug, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum MutatingPolicyKind {
    /// For the whole cluster.
    MutatingPolicy,
    /// For one namespace.
    NamespacedMutatingPolicy,
}

/// Which requests, and what is changed.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MutatingPolicySpec {
    /// Which requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub match_constraints: Option<MatchConstraints>,
    /// Further conditions on requests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map"))]
    #[schemars(extend("x-kubernetes-list-map-keys" = ["name"]))]
    pub match_conditions: Vec<MatchCondition>,
    /// Which existing resources are changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_match_constraints: Option<TargetMatchConstraints>,
    /// Further conditions on those.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map"))]
    #[schemars(extend("x-kubernetes-list-map-keys" = ["name"]))]
    pub target_match_conditions: Vec<MatchCondition>,
    /// Named expressions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map"))]
    #[schemars(extend("x-kubernetes-list-map-keys" = ["name"]))]
    pub variables: Vec<CelVariable>,
    /// Changes, one after the other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub mutations: Vec<CelMutation>,
    /// Annotations for the audit event.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audit_annotations: Vec<AuditAnnotation>,
    /// What an error does; `Fail` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_policy: Option<FailurePolicy>,
    /// `Never`, or `IfNeeded` to run again after others changed the resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reinvocation_policy: Option<String>,
    /// How the API server calls the webhook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_configuration: Option<WebhookSettings>,
    /// When the policy is evaluated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluation: Option<MutatingEvaluation>,
    /// What is derived from the policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autogen: Option<MutatingAutogen>,
}

/// Which existing resources are changed.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct TargetMatchConstraints {
    /// An expression that names them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    /// Resources; one rule suffices.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub resource_rules: Vec<NamedRule>,
    /// Resources that are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub exclude_resource_rules: Vec<NamedRule>,
    /// Labels of the resource's namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace_selector: Option<LabelSelector>,
    /// Labels of the resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object_selector: Option<LabelSelector>,
    /// `Exact`, or `Equivalent` for every version of a resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub match_policy: Option<String>,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CelMutation {
    /// `ApplyConfiguration` or `JSONPatch`.
    pub patch_type: String,
    /// A change as part of an object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub apply_configuration: Option<PatchExpression>,
    /// A change as a list of operations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json_patch: Option<PatchExpression>,
}

/// An expression that gives a change.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PatchExpression {
    /// The expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
}

/// When and on what a policy is evaluated.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MutatingEvaluation {
    /// `Kubernetes` for resources, `JSON` for any document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// Evaluation of admission requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admission: Option<EnabledByDefault>,
    /// Evaluation in background scans.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub background: Option<EnabledByDefault>,
    /// Changes of existing resources.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mutate_existing: Option<DisabledByDefault>,
    /// Whether requests of Kyverno's own background controller are left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = true))]
    pub skip_background_requests: Option<bool>,
    /// Whether existing resources are written with server-side apply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub use_server_side_apply: Option<bool>,
}

/// What is derived from a policy.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MutatingAutogen {
    /// Policies for the controllers of pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod_controllers: Option<PodControllers>,
    /// A native MutatingAdmissionPolicy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mutating_admission_policy: Option<Switch>,
}

/// What controllers found out about a policy.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MutatingPolicyStatus {
    /// Whether it is in effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition_status: Option<PolicyReadiness>,
    /// Policies that were derived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autogen: Option<MutatingAutogenStatus>,
    /// Whether a native policy takes its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generated: Option<bool>,
}

/// Policies that were derived.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MutatingAutogenStatus {
    /// The policies, by group of controllers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub configs: BTreeMap<String, DerivedMutatingPolicy>,
}

/// A derived policy.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DerivedMutatingPolicy {
    /// Kinds that it is about.
    pub targets: Vec<DerivedTarget>,
    /// The policy.
    pub spec: MutatingPolicySpec,
}
