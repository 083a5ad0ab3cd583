//! `portcullis.yaml` (`portcullis.io/v1alpha1`, kind `Workspace`): where a monorepo keeps its policies.
//!
//! ```yaml
//! apiVersion: portcullis.io/v1alpha1
//! kind: Workspace
//! spec:
//!   library: policy-library        # <set>/<policy>/policy.yaml
//!   environments:
//!     path: environments           # <environment>/environment.yaml
//!     order: [dev, staging, production]
//!   kubernetesVersion: "1.36"
//!   crds: [crds]
//!   tests: {strict: true}
//! ```

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A monorepo of policies. The file is at its root; paths are relative to it.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Workspace {
    /// `portcullis.io/v1alpha1`.
    pub api_version: PortcullisVersion,
    /// `Workspace`.
    pub kind: WorkspaceKind,
    /// Name and notes.
    #[serde(default)]
    pub metadata: FileMetadata,
    /// Where things are.
    #[serde(default)]
    pub spec: WorkspaceSpec,
}

/// Versions of this tool's own files.
#[derive(
    Clone, Debug, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, JsonSchema,
)]
pub enum PortcullisVersion {
    /// `portcullis.io/v1alpha1`.
    #[default]
    #[serde(rename = "portcullis.io/v1alpha1")]
    V1Alpha1,
}

/// The kind.
#[derive(
    Clone, Debug, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, JsonSchema,
)]
pub enum WorkspaceKind {
    /// `Workspace`.
    #[default]
    Workspace,
}

/// Name and notes of a file.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FileMetadata {
    /// A name; the folder's when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Labels, for tools.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Notes, for tools and people.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// Where things are, and how strict checks are.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WorkspaceSpec {
    /// Folder of the policy library: `<set>/<policy>/policy.yaml`, with `params.yaml` and
    /// `tests/` beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "policy-library"))]
    pub library: Option<String>,
    /// The environments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environments: Option<EnvironmentsSpec>,
    /// Kubernetes version that policies and manifests are checked for, such as `"1.36"` (in
    /// quotes: YAML reads 1.30 as a number); an environment may name its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^1\.[0-9]+$"))]
    pub kubernetes_version: Option<String>,
    /// Files and folders of CustomResourceDefinitions that manifests are checked with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub crds: Vec<String>,
    /// How tests are judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tests: Option<TestSettings>,
    /// How manifests are judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<ValidationSettings>,
}

/// The environments of a workspace.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EnvironmentsSpec {
    /// Folder of the environments: `<environment>/environment.yaml`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "environments"))]
    pub path: Option<String>,
    /// The environments in the order in which changes reach them; all folders by name when
    /// absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<Vec<String>>,
}

/// How tests are judged.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TestSettings {
    /// Whether a case that no rule answered fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = true))]
    pub strict: Option<bool>,
}

/// How manifests are judged.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ValidationSettings {
    /// Whether a resource of an unknown kind fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = false))]
    pub strict: Option<bool>,
}

impl WorkspaceSpec {
    /// Folder of the policy library.
    #[must_use]
    pub fn library(&self) -> &str {
        self.library.as_deref().unwrap_or("policy-library")
    }

    /// Folder of the environments.
    #[must_use]
    pub fn environments_path(&self) -> &str {
        let path = self
            .environments
            .as_ref()
            .and_then(|environments| environments.path.as_deref());
        path.unwrap_or("environments")
    }

    /// Whether a case that no rule answered fails.
    #[must_use]
    pub fn strict_tests(&self) -> bool {
        self.tests
            .as_ref()
            .and_then(|tests| tests.strict)
            .unwrap_or(true)
    }

    /// Whether a resource of an unknown kind fails.
    #[must_use]
    pub fn strict_validation(&self) -> bool {
        self.validation
            .as_ref()
            .and_then(|validation| validation.strict)
            .unwrap_or(false)
    }
}
