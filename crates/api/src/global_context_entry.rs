//! GlobalContextEntry (`kyverno.io/v2`, `v2beta1`, `v2alpha1`): a value that is kept for all policies.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cluster_policy::{HttpMethod, RequestData, ServiceCall};
use crate::constraints::integer;
use crate::metadata::ObjectMeta;
use crate::status::StatusCondition;

/// A value that is kept for all policies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GlobalContextEntry {
    /// API group and version.
    pub api_version: GlobalContextEntryVersion,
    /// `GlobalContextEntry`.
    pub kind: GlobalContextEntryKind,
    /// Name, labels and annotations.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// Where the value comes from.
    pub spec: GlobalContextEntrySpec,
    /// What controllers found out about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<GlobalContextEntryStatus>,
}

/// Served versions.
#[derive(
    Clone, Debug, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum GlobalContextEntryVersion {
    /// `kyverno.io/v2`.
    #[serde(rename = "kyverno.io/v2")]
    V2,
    /// `kyverno.io/v2beta1`.
    #[serde(rename = "kyverno.io/v2beta1")]
    V2Beta1,
    /// `kyverno.io/v2alpha1`.
    #[serde(rename = "kyverno.io/v2alpha1")]
    V2Alpha1,
}

/// The kind.
#[derive(
    Clone, Debug, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum GlobalContextEntryKind {
    /// `GlobalContextEntry`.
    GlobalContextEntry,
}

/// Where a value comes from: exactly one of `kubernetesResource` and `apiCall`.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GlobalContextEntrySpec {
    /// The objects of a resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kubernetes_resource: Option<KubernetesResource>,
    /// An answer that is asked for again and again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_call: Option<GlobalApiCall>,
    /// Parts of the value, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub projections: Vec<Projection>,
}

/// The objects of a resource.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KubernetesResource {
    /// API group; absent for the core group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// API version.
    pub version: String,
    /// Resource, in plural.
    pub resource: String,
    /// One namespace; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

/// A request that is made again and again.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GlobalApiCall {
    /// Path at the API server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url_path: Option<String>,
    /// The request's method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "GET"))]
    pub method: Option<HttpMethod>,
    /// Fields of the body of a POST.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data: Vec<RequestData>,
    /// A service other than the API server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceCall>,
    /// How often.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "duration"))]
    #[schemars(extend("default" = "10m"))]
    pub refresh_interval: Option<String>,
    /// How often a failed request is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "integer")]
    #[schemars(range(min = 1))]
    #[schemars(extend("default" = 3))]
    pub retry_limit: Option<i64>,
}

/// A part of a value.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Projection {
    /// Its name.
    pub name: String,
    /// The JMESPath expression that gives it.
    pub jmes_path: String,
}

/// What controllers found out about a value.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GlobalContextEntryStatus {
    /// Conditions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<StatusCondition>,
    /// When it was last read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub last_refresh_time: Option<String>,
    /// Older form of the condition `Ready`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready: Option<bool>,
}
