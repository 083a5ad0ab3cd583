//! PolicySource: a repository whose policies the sync controller brings into the cluster.
//!
//! ```yaml
//! apiVersion: portcullis.io/v1alpha1
//! kind: PolicySource
//! metadata: {name: policies, namespace: portcullis}
//! spec:
//!   url: https://github.com/owner/policies
//!   ref: main
//!   environment: production
//!   interval: 1m
//!   secretRef: {name: repository}
//! ```

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::metadata::ObjectMeta;
use crate::status::StatusCondition;
use crate::workspace::PortcullisVersion;

/// A repository whose policies are brought into the cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PolicySource {
    /// `portcullis.io/v1alpha1`.
    pub api_version: PortcullisVersion,
    /// `PolicySource`.
    pub kind: PolicySourceKind,
    /// Name, labels and annotations.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// Where the policies are.
    pub spec: PolicySourceSpec,
    /// What became of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<PolicySourceStatus>,
}

/// The kind.
#[derive(
    Clone, Debug, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum PolicySourceKind {
    /// `PolicySource`.
    PolicySource,
}

/// Where the policies are, and how often it is looked.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PolicySourceSpec {
    /// The repository, or the folder of a workspace in it: `https://host/owner/name.git//folder`.
    #[schemars(length(min = 1, max = 2048))]
    pub url: String,
    /// The branch, tag or commit; the default branch without it.
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The environment of the workspace. Either this or `path` is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// A folder of manifests in the repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// How often it is looked for a new commit and for what others changed, such as `5m`; a minute
    /// without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<String>,
    /// A Secret of the same namespace: `username` and `password`, and `ca.crt` with certificates of
    /// authorities to trust beside those of the system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretReference>,
    /// Whether it is left as it is for now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspend: Option<bool>,
}

/// A Secret by its name.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SecretReference {
    /// The name.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

/// What became of a source.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PolicySourceStatus {
    /// Generation of the spec that was observed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The commit that is in the cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// The commit that was tried last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempted_revision: Option<String>,
    /// The objects that are in the cluster, each as `GROUP/KIND/NAMESPACE/NAME`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inventory: Vec<String>,
    /// What stopped the commit that was tried last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped_by: Option<StoppedBy>,
    /// `Ready`, and why not: `Reconciling` while it is tried again, `Stalled` until somebody does
    /// something.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<StatusCondition>,
}

/// What stopped a commit.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StoppedBy {
    /// The file in the repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<i64>,
    /// The check that stopped it, such as `verify`, `weaken` or `apply`.
    pub check: String,
    /// What is wrong.
    pub message: String,
}
