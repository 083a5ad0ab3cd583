//! `Values` (`cli.kyverno.io/v1alpha1`): values for variables that a cluster would give.
//!
//! Keys are dotted paths, such as `request.operation`; quotes protect a dot.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::case_insensitive::KeyTree;
use crate::metadata::ObjectMeta;
use crate::read::ReadError;

/// A file of values. Its fields are those of [`ValuesSpec`], beside the head.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Values {
    /// `cli.kyverno.io/v1alpha1`; absent in the older layout, which is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(required)]
    pub api_version: Option<String>,
    /// `Values`; the older spelling `Value` is read too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(required)]
    pub kind: Option<String>,
    /// The file's name.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// Values for every policy.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub global_values: BTreeMap<String, Value>,
    /// Values for single policies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<PolicyValues>,
    /// Labels of namespaces.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub namespace_selector: Vec<NamespaceLabels>,
    /// Namespaces as whole objects; win over `namespaceSelector`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub namespaces: Vec<Value>,
    /// Kinds that are subresources of others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subresources: Vec<SubresourceMapping>,
}

/// Values for variables.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ValuesSpec {
    /// Values for every policy.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub global_values: BTreeMap<String, Value>,
    /// Values for single policies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<PolicyValues>,
    /// Labels of namespaces.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub namespace_selector: Vec<NamespaceLabels>,
    /// Namespaces as whole objects; win over `namespaceSelector`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub namespaces: Vec<Value>,
    /// Kinds that are subresources of others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subresources: Vec<SubresourceMapping>,
}

/// Values for one policy.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PolicyValues {
    /// Name of the policy.
    pub name: String,
    /// Values for single resources.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<ResourceValues>,
    /// Values for single rules.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<RuleValues>,
}

/// Values for one resource.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResourceValues {
    /// Name of the resource.
    pub name: String,
    /// The values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, Value>,
}

/// Values for one rule.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RuleValues {
    /// Name of the rule.
    pub name: String,
    /// The values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, Value>,
    /// Values for each element of a `foreach`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub foreach_values: BTreeMap<String, Vec<Value>>,
}

/// Labels of a namespace.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NamespaceLabels {
    /// Name of the namespace.
    pub name: String,
    /// Its labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

/// A kind that is a subresource of another.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SubresourceMapping {
    /// The subresource.
    pub subresource: ApiResource,
    /// The resource that it belongs to.
    pub parent_resource: ApiResource,
}

/// A resource as discovery lists it.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApiResource {
    /// Name in plural, with `/subresource` for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Name in singular.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub singular_name: Option<String>,
    /// Whether it lives in namespaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespaced: Option<bool>,
    /// API group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// API version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// What can be done with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub verbs: Vec<String>,
    /// Short names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub short_names: Vec<String>,
    /// Groups of resources that it is listed with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    /// Hash of the stored version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_version_hash: Option<String>,
}

impl Values {
    /// Reads a file as Kyverno does: keys in any case, `null` as absent, plain scalars as text.
    pub fn from_value(value: &Value) -> Result<Self, Vec<ReadError>> {
        static TREE: LazyLock<KeyTree> = LazyLock::new(KeyTree::of::<Values>);
        TREE.read(value)
    }

    /// The values without the file's head.
    #[must_use]
    pub fn into_spec(self) -> ValuesSpec {
        ValuesSpec {
            global_values: self.global_values,
            policies: self.policies,
            namespace_selector: self.namespace_selector,
            namespaces: self.namespaces,
            subresources: self.subresources,
        }
    }
}
