//! ClusterPolicy and Policy of `kyverno.io` (`v1` and `v2beta1`): rules that validate, mutate, generate and
//! verify images.
//!
//! ```yaml
//! apiVersion: kyverno.io/v1
//! kind: ClusterPolicy
//! metadata: {name: require-app-label}
//! spec:
//!   rules:
//!     - name: app-label
//!       match: {any: [{resources: {kinds: [Pod]}}]}
//!       validate:
//!         failureAction: Enforce
//!         message: "label `app` is required"
//!         pattern: {metadata: {labels: {app: "?*"}}}
//! ```

pub mod conditions;
pub mod context;
pub mod failure_action;
pub mod generation;
pub mod image_verification;
pub mod match_resources;
pub mod mutation;
pub mod rule;
pub mod status;
pub mod validation;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::conditions::*;
pub use self::context::*;
pub use self::failure_action::*;
pub use self::generation::*;
pub use self::image_verification::*;
pub use self::match_resources::*;
pub use self::mutation::*;
pub use self::rule::*;
pub use self::status::*;
pub use self::validation::*;
pub use crate::cel_expression::MatchCondition;
pub use crate::label_selector::{LabelSelector, LabelSelectorRequirement};
use crate::metadata::ObjectMeta;

/// A ClusterPolicy, or a Policy, which is about resources of its own namespace only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Policy {
    /// API group and version.
    pub api_version: PolicyApiVersion,
    /// `ClusterPolicy` or `Policy`.
    pub kind: PolicyKind,
    /// Name, labels and annotations.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// The policy itself.
    pub spec: PolicySpec,
    /// What controllers found out about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<PolicyStatus>,
}

/// Served versions of the two kinds.
#[derive(
    Clone, Debug, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum PolicyApiVersion {
    /// `kyverno.io/v1`.
    #[serde(rename = "kyverno.io/v1")]
    V1,
    /// `kyverno.io/v2beta1`, without the older forms of `v1`.
    #[serde(rename = "kyverno.io/v2beta1")]
    V2Beta1,
}

/// The two kinds, which share everything but their scope.
#[derive(
    Clone, Debug, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum PolicyKind {
    /// For the whole cluster.
    ClusterPolicy,
    /// For one namespace.
    Policy,
}

/// Rules, and how they run.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PolicySpec {
    /// The rules.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Rule>,
    /// How many of the rules apply to a resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub apply_rules: Option<ApplyRules>,
    /// What the API server does when nobody answers; older form of
    /// `webhookConfiguration.failurePolicy`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_policy: Option<FailurePolicy>,
    /// What a failed validation does; older form of the rule's `failureAction`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "Audit"))]
    pub validation_failure_action: Option<FailureAction>,
    /// Other actions for some namespaces.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub validation_failure_action_overrides: Vec<FailureActionOverride>,
    /// Whether a failure that does not deny becomes a warning for the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = false))]
    pub emit_warning: Option<bool>,
    /// Whether the policy runs on admission requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = true))]
    pub admission: Option<bool>,
    /// Whether the policy runs in background scans.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = true))]
    pub background: Option<bool>,
    /// Without effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema_validation: Option<bool>,
    /// Seconds that the API server waits; older form of `webhookConfiguration.timeoutSeconds`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_timeout_seconds: Option<i32>,
    /// Whether existing resources are changed when the policy changes; older form of the rule's
    /// field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mutate_existing_on_policy_update: Option<bool>,
    /// Removed; setting it is an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generate_existing_on_policy_update: Option<bool>,
    /// Whether existing resources trigger generation; older form of the rule's field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generate_existing: Option<bool>,
    /// Whether generated resources are written with server-side apply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub use_server_side_apply: Option<bool>,
    /// How the API server calls the webhook for this policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_configuration: Option<WebhookConfiguration>,
}

/// How many rules apply to a resource.
#[derive(
    Clone, Debug, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum ApplyRules {
    /// Every rule that matches.
    All,
    /// The first rule that passes, fails or cannot be evaluated.
    One,
}

/// What the API server does when the webhook does not answer.
#[derive(
    Clone, Debug, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum FailurePolicy {
    /// It lets the request pass.
    Ignore,
    /// It denies the request.
    Fail,
}

/// How the API server calls the webhook for a policy.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WebhookConfiguration {
    /// What the API server does when nobody answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_policy: Option<FailurePolicy>,
    /// Seconds that it waits, 1 to 30.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<i32>,
    /// CEL conditions that a request must meet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub match_conditions: Vec<MatchCondition>,
}
