//! `context` of a rule: named values that are looked up when an expression first reads them.
//!
//! An entry has a name and exactly one source: `configMap`, `apiCall`, `imageRegistry`, `variable` or
//! `globalReference`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::constraints::any_value;

/// A named value and where it comes from.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContextEntry {
    /// The variable's name.
    pub name: String,
    /// A ConfigMap; gives its `data` and `metadata`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_map: Option<ConfigMapReference>,
    /// An answer of the API server or of a service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_call: Option<ContextApiCall>,
    /// The metadata of an image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_registry: Option<ImageRegistryLookup>,
    /// A value written here, or computed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variable: Option<ContextVariable>,
    /// A value of a GlobalContextEntry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub global_reference: Option<GlobalContextReference>,
}

/// Which ConfigMap.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConfigMapReference {
    /// Its name.
    pub name: String,
    /// Its namespace; the policy's own, or `default`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

/// A request to the API server (`urlPath`) or to a service.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContextApiCall {
    /// Path at the API server, such as `/api/v1/namespaces`.
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
    /// JMESPath expression over the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jmes_path: Option<String>,
    /// Value to take when the request fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "any_value")]
    pub default: Option<Value>,
}

/// Method of a request.
#[derive(
    Clone, Debug, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "UPPERCASE")]
pub enum HttpMethod {
    /// Read.
    Get,
    /// Send a body.
    Post,
}

/// One field of a body.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RequestData {
    /// The field's name.
    pub key: String,
    /// The field's value.
    #[schemars(schema_with = "any_value")]
    pub value: Value,
}

/// A service to call.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ServiceCall {
    /// Where it answers.
    pub url: String,
    /// Headers to send.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<HttpHeader>,
    /// Certificates (PEM) that its own must come from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_bundle: Option<String>,
}

/// One header.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HttpHeader {
    /// Its name.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// An image whose metadata is fetched.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImageRegistryLookup {
    /// The image.
    pub reference: String,
    /// JMESPath expression over the metadata.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jmes_path: Option<String>,
    /// How to sign in at the registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_registry_credentials: Option<ImageRegistryCredentials>,
}

/// How to sign in at a registry.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImageRegistryCredentials {
    /// Whether plain HTTP and unknown certificates are accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_insecure_registry: Option<bool>,
    /// Cloud providers whose helpers may give credentials.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub providers: Vec<RegistryProvider>,
    /// Secrets of type `dockerconfigjson`, as `name` or `namespace/name`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<String>,
}

/// A source of registry credentials.
#[derive(
    Clone, Debug, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum RegistryProvider {
    /// The local keychain.
    Default,
    /// Amazon ECR.
    Amazon,
    /// Azure Container Registry.
    Azure,
    /// Google Artifact Registry.
    Google,
    /// GitHub Packages.
    Github,
}

/// A value, an expression, or an expression over a value.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContextVariable {
    /// Any value; variables in it are replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "any_value")]
    pub value: Option<Value>,
    /// Expression over `value`, or over the whole context when there is no value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jmes_path: Option<String>,
    /// Value to take when the expression finds nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "any_value")]
    pub default: Option<Value>,
}

/// A value that is kept for all policies.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GlobalContextReference {
    /// Name of the GlobalContextEntry, with `.projection` for one of its projections.
    pub name: String,
    /// JMESPath expression over the value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jmes_path: Option<String>,
}
