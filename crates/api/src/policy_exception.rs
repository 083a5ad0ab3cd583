//! PolicyException of `kyverno.io` (`v2` and `v2beta1`): leave to break rules, for some resources.
//!
//! ```yaml
//! apiVersion: kyverno.io/v2
//! kind: PolicyException
//! metadata: {name: legacy-app, namespace: shop}
//! spec:
//!   exceptions: [{policyName: require-app-label, ruleNames: [app-label, autogen-app-label]}]
//!   match: {any: [{resources: {kinds: [Pod, Deployment], namespaces: [shop], names: ["legacy-*"]}}]}
//! ```

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de::Error};

use crate::cluster_policy::conditions::conditions_without_in;
use crate::cluster_policy::{AnyAllConditions, PodSecurityStandard, ResourceFilter};
use crate::metadata::ObjectMeta;

/// Leave to break rules.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PolicyException {
    /// API group and version.
    pub api_version: PolicyExceptionApiVersion,
    /// `PolicyException`.
    pub kind: PolicyExceptionKind,
    /// Name, labels and annotations.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// The exception itself.
    pub spec: PolicyExceptionSpec,
}

/// Served versions.
#[derive(
    Clone, Debug, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum PolicyExceptionApiVersion {
    /// `kyverno.io/v2`.
    #[serde(rename = "kyverno.io/v2")]
    V2,
    /// `kyverno.io/v2beta1`.
    #[serde(rename = "kyverno.io/v2beta1")]
    V2Beta1,
}

/// The kind.
#[derive(
    Clone, Debug, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum PolicyExceptionKind {
    /// `PolicyException`.
    PolicyException,
}

/// Which rules may be broken, by what.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PolicyExceptionSpec {
    /// Whether the exception holds in background scans; true when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub background: Option<bool>,
    /// The resources that may break them.
    pub r#match: AnyAllFilters,
    /// Conditions that must hold for the exception to apply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "conditions_without_in")]
    pub conditions: Option<AnyAllConditions>,
    /// The rules that may be broken.
    pub exceptions: Vec<ExceptedRules>,
    /// Parts of the Pod Security Standards that may be broken; without it, the whole rule.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pod_security: Vec<PodSecurityStandard>,
}

/// Rules of one policy.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExceptedRules {
    /// Name of the policy, as `namespace/name` for a Policy.
    pub policy_name: String,
    /// Names of the rules, with wildcards; derived rules have names of their own.
    pub rule_names: Vec<String>,
}

/// Filters of resources and users: one list of them.
#[derive(Clone, Debug, PartialEq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AnyAllFilters {
    /// Filters of which one must hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub any: Option<Vec<ResourceFilter>>,
    /// Filters that must all hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all: Option<Vec<ResourceFilter>>,
}

impl<'de> Deserialize<'de> for AnyAllFilters {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        struct Lists {
            any: Option<Vec<ResourceFilter>>,
            all: Option<Vec<ResourceFilter>>,
        }
        let Lists { any, all } = Lists::deserialize(deserializer)?;
        match any.is_some() && all.is_some() {
            true => Err(D::Error::custom(
                "`any` and `all` stand together; keep one of them",
            )),
            false => Ok(AnyAllFilters { any, all }),
        }
    }
}
