//! `environments/<name>/environment.yaml` (`portcullis.io/v1alpha1`, kind `Environment`): which policies hold
//! somewhere, and how.
//!
//! ```yaml
//! apiVersion: portcullis.io/v1alpha1
//! kind: Environment
//! metadata: {name: production}
//! spec:
//!   kubernetesVersion: "1.36"
//!   sets: [pod-security, best-practices]
//!   action: Enforce
//!   values:                                  # for every policy that has the parameter
//!     allowed_registries: [registry.example.com]
//!   exclude:                                 # from every policy
//!     - {namespaces: [kube-system], reason: run by the cloud provider}
//!   policies:
//!     best-practices/require-probes:
//!       action: Audit
//!       values: {probes: [readinessProbe]}
//!       exclude: [{kinds: [DaemonSet], namespaces: [monitoring]}]
//!     best-practices/disallow-latest-tag: {enabled: false, reason: nightly builds}
//! ```

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cluster_policy::{ResourceDescription, ResourceFilter};
use crate::label_selector::LabelSelector;
use crate::workspace::{FileMetadata, PortcullisVersion};

/// Which policies hold somewhere, and how. Exceptions are beside it, in `exceptions/`, and manifests
/// that show whether they are needed, in `resources/`.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Environment {
    /// `portcullis.io/v1alpha1`.
    pub api_version: PortcullisVersion,
    /// `Environment`.
    pub kind: EnvironmentKind,
    /// Name and notes; the name is the folder's.
    #[serde(default)]
    pub metadata: FileMetadata,
    /// The environment itself.
    pub spec: EnvironmentSpec,
}

/// The kind.
#[derive(
    Clone, Debug, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, JsonSchema,
)]
pub enum EnvironmentKind {
    /// `Environment`.
    #[default]
    Environment,
}

/// Which policies hold, and how.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EnvironmentSpec {
    /// What the environment is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its Kubernetes version, such as `"1.36"` (in quotes); the workspace's when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^1\.[0-9]+$"))]
    pub kubernetes_version: Option<String>,
    /// Sets of the library whose policies hold, all of them unless `policies` says otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sets: Vec<String>,
    /// What a failed policy does: its own default when absent here and in `policies`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<EnvironmentAction>,
    /// Values of parameters, for every policy that declares them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, Value>,
    /// Resources that no policy is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<Exclusion>,
    /// Settings of single policies, by `<set>/<policy>`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("propertyNames" = serde_json::json!({"pattern": "^[^/]+/[^/]+$"})))]
    pub policies: BTreeMap<String, PolicySettings>,
}

/// What a failed policy does.
#[derive(
    Clone, Debug, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum EnvironmentAction {
    /// The request passes, and a report tells of the failure.
    Audit,
    /// The request is denied.
    Enforce,
}

/// Settings of one policy in one environment.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PolicySettings {
    /// Whether the policy holds. `false` leaves it out of its set; `true` takes it in although
    /// its set is not listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// What a failure does; wins over the environment's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<EnvironmentAction>,
    /// Values of its parameters; win over the environment's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, Value>,
    /// Resources that it is not about, besides the environment's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<Exclusion>,
    /// Why it differs here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Resources that a policy is not about; everything that is named must hold, wildcards are
/// allowed.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Exclusion {
    /// Kinds, as in a policy's `match`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<String>,
    /// Namespaces; one suffices.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub namespaces: Vec<String>,
    /// Names; one suffices.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// Labels of the resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
    /// Labels of the resource's namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace_selector: Option<LabelSelector>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl EnvironmentAction {
    /// The word, as policies write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Audit => "Audit",
            Self::Enforce => "Enforce",
        }
    }
}

impl EnvironmentSpec {
    /// Whether a policy of a set holds here.
    #[must_use]
    pub fn enables(&self, set: &str, policy: &str) -> bool {
        let settings = self.policies.get(&format!("{set}/{policy}"));
        let enabled = settings.and_then(|settings| settings.enabled);
        enabled.unwrap_or_else(|| self.sets.iter().any(|listed| listed == set))
    }

    /// What a failure of a policy does here, when the environment says so.
    #[must_use]
    pub fn action_of(&self, set: &str, policy: &str) -> Option<EnvironmentAction> {
        let settings = self.policies.get(&format!("{set}/{policy}"));
        settings
            .and_then(|settings| settings.action)
            .or(self.action)
    }

    /// What a policy is not about here: the environment's exclusions, then its own.
    pub fn exclusions_of<'a>(
        &'a self,
        set: &str,
        policy: &str,
    ) -> impl Iterator<Item = &'a Exclusion> {
        let settings = self.policies.get(&format!("{set}/{policy}"));
        self.exclude
            .iter()
            .chain(settings.into_iter().flat_map(|settings| &settings.exclude))
    }
}

impl Exclusion {
    /// The exclusion as a filter of a rule's `exclude.any`.
    #[must_use]
    pub fn to_filter(&self) -> ResourceFilter {
        let resources = ResourceDescription {
            kinds: self.kinds.clone(),
            names: self.names.clone(),
            namespaces: self.namespaces.clone(),
            selector: self.selector.clone(),
            namespace_selector: self.namespace_selector.clone(),
            ..ResourceDescription::default()
        };
        ResourceFilter {
            resources: Some(resources),
            ..ResourceFilter::default()
        }
    }
}
