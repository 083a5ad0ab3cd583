//! `ClusterResource` (`cli.kyverno.io/v1alpha1`): what is in the cluster of a test.

use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::case_insensitive::KeyTree;
use crate::metadata::ObjectMeta;
use crate::read::ReadError;

/// What is in the cluster.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClusterResource {
    /// `cli.kyverno.io/v1alpha1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(required)]
    pub api_version: Option<String>,
    /// `ClusterResource`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(required)]
    pub kind: Option<String>,
    /// The file's name.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// What is there.
    pub spec: ClusterResourceSpec,
}

/// What is in the cluster.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClusterResourceSpec {
    /// Files of CustomResourceDefinitions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub crds: Vec<String>,
    /// Objects, written here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<Value>,
}

impl ClusterResource {
    /// Reads a file as Kyverno does: keys in any case, `null` as absent, plain scalars as text.
    pub fn from_value(value: &Value) -> Result<Self, Vec<ReadError>> {
        static TREE: LazyLock<KeyTree> = LazyLock::new(KeyTree::of::<ClusterResource>);
        TREE.read(value)
    }
}
