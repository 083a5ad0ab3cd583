//! `UserInfo` (`cli.kyverno.io/v1alpha1`): who makes the requests of a test.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::case_insensitive::KeyTree;
use crate::metadata::ObjectMeta;
use crate::read::ReadError;

/// Who makes a request.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UserInfo {
    /// `cli.kyverno.io/v1alpha1`; absent in the older layout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(required)]
    pub api_version: Option<String>,
    /// `UserInfo`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(required)]
    pub kind: Option<String>,
    /// The file's name.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// Roles that are bound to the user, as `namespace:name`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// Cluster roles that are bound to the user.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cluster_roles: Vec<String>,
    /// The user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_info: Option<User>,
}

/// A user as the API server knows them.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct User {
    /// Name, such as `system:serviceaccount:ns:name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// Groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// What the authenticator adds.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: BTreeMap<String, Vec<String>>,
}

impl UserInfo {
    /// Reads a file as Kyverno does: keys in any case, `null` as absent, plain scalars as text.
    pub fn from_value(value: &Value) -> Result<Self, Vec<ReadError>> {
        static TREE: LazyLock<KeyTree> = LazyLock::new(KeyTree::of::<UserInfo>);
        TREE.read(value)
    }
}
