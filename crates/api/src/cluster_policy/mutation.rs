//! `mutate` of a rule: how a resource is changed.
//!
//! With a strategic merge patch, a JSON patch, or one of them for each element of a list. With `targets`
//! the rule changes other, existing resources instead of the one in the request.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cluster_policy::conditions::{AnyAllConditions, Conditions};
use crate::cluster_policy::context::ContextEntry;
use crate::constraints::any_value;
use crate::label_selector::LabelSelector;

/// How a resource is changed.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Mutation {
    /// Whether existing targets are changed when the policy changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mutate_existing_on_policy_update: Option<bool>,
    /// Existing resources to change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<MutationTarget>,
    /// Strategic merge patch, with anchors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "any_value")]
    pub patch_strategic_merge: Option<Value>,
    /// JSON patch, as YAML or JSON text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patches_json6902: Option<String>,
    /// Changes for each element of a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub foreach: Option<Vec<ForEachMutation>>,
}

/// Existing resources to change.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MutationTarget {
    /// API group and version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    /// Kind, with `/subresource` for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Namespace, with wildcards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Name, with wildcards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Identity of one resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// Labels of the resources.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
    /// Values for each target.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub context: Vec<ContextEntry>,
    /// Which targets are changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preconditions: Option<Conditions>,
}

/// A change for each element of a list.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ForEachMutation {
    /// JMESPath expression that gives the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<String>,
    /// In which order elements are taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<ForEachOrder>,
    /// Values for this change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub context: Vec<ContextEntry>,
    /// Which elements count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-kubernetes-preserve-unknown-fields" = true))]
    pub preconditions: Option<AnyAllConditions>,
    /// Strategic merge patch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "any_value")]
    pub patch_strategic_merge: Option<Value>,
    /// JSON patch, as YAML or JSON text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patches_json6902: Option<String>,
    /// Changes for each element of a list inside the element.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "any_value")]
    pub foreach: Option<Vec<ForEachMutation>>,
}

/// In which order the elements of a list are taken.
#[derive(
    Clone, Debug, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum ForEachOrder {
    /// First to last.
    Ascending,
    /// Last to first.
    Descending,
}
