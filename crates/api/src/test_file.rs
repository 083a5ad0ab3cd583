//! `kyverno-test.yaml` (`cli.kyverno.io/v1alpha1`, kind `Test`): a suite of cases for policies.
//!
//! ```yaml
//! apiVersion: cli.kyverno.io/v1alpha1
//! kind: Test
//! metadata: {name: require-app-label}
//! policies: [../policy.yaml]
//! resources: [resources.yaml]
//! results:
//!   - {policy: require-app-label, rule: app-label, kind: Pod, resources: [bad], result: fail}
//! ```

use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::case_insensitive::KeyTree;
use crate::constraints::{any_value, integer};
use crate::metadata::ObjectMeta;
use crate::read::ReadError;
use crate::values_file::ValuesSpec;

/// A suite of cases for policies. Paths are relative to the file.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Test {
    /// `cli.kyverno.io/v1alpha1`; absent in the older layout, which is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(required)]
    pub api_version: Option<String>,
    /// `Test`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(required)]
    pub kind: Option<String>,
    /// The suite's name.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// Name in the older layout, which is refused; `metadata.name` is its successor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("deprecated" = true))]
    pub name: Option<String>,
    /// Files and folders of policies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<String>,
    /// Files of resources.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// Files of existing resources that mutation rules change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub target_resources: Vec<String>,
    /// Files of parameters of native admission policies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub param_resources: Vec<String>,
    /// A JSON file to validate; `jsonPayloads` is its successor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("deprecated" = true))]
    pub json_payload: Option<String>,
    /// JSON files to validate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub json_payloads: Vec<String>,
    /// Files of HTTP requests to validate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub http_payloads: Vec<String>,
    /// Files of Envoy check requests to validate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub envoy_payloads: Vec<String>,
    /// Files of policy exceptions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<String>,
    /// File of values for variables, of kind `Values`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variables: Option<String>,
    /// Values for variables, written here; wins over the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<ValuesSpec>,
    /// File of the user who makes the requests, of kind `UserInfo`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub userinfo: Option<String>,
    /// File of resources and images that CEL reads, of kind `Context`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// Files of what is in the cluster, of kind `ClusterResource`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cluster_resources: Vec<String>,
    /// Answers to API calls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub api_call_responses: Vec<ApiCallResponse>,
    /// Values of global context entries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub global_context_entries: Vec<GlobalContextMock>,
    /// The cases.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<TestResult>,
}

/// One case: a policy, a rule, resources, and the outcome that is wanted.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TestResult {
    /// Name of the policy, as `namespace/name` for one in a namespace.
    pub policy: String,
    /// Name of the rule, which stands for the rules derived from it too; every rule when
    /// absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Kind of the resources; not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The outcome that is wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(required)]
    #[schemars(extend("enum" = ["pass", "fail", "skip", "warn", "error"]))]
    pub result: Option<String>,
    /// Names of the resources, as `namespace/name` where the namespace matters; all when
    /// absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Vec<String>>,
    /// Resources by kind, namespace and name; read only when `resources` is there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resource_specs: Vec<ResourceSpec>,
    /// File of the resources as they should be after mutation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patched_resources: Option<String>,
    /// File of a resource that should be made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generated_resource: Option<String>,
    /// Files of resources of which one should be made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub generated_resources: Vec<String>,
    /// File of the resource that is copied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clone_source_resource: Option<String>,
    /// Operation of the request, when not the file's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["CREATE", "UPDATE", "DELETE"]))]
    pub operation: Option<String>,
    /// Whether a resource that is missing in a file fails the case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fail_on_missing_resources: Option<bool>,
    /// For readers; the policy's kind decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_validating_admission_policy: Option<bool>,
    /// For readers; the policy's kind decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_mutating_admission_policy: Option<bool>,
    /// For readers; the policy's kind decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_validating_policy: Option<bool>,
    /// For readers; the policy's kind decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_mutating_policy: Option<bool>,
    /// For readers; the policy's kind decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_generating_policy: Option<bool>,
    /// For readers; the policy's kind decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_deleting_policy: Option<bool>,
    /// For readers; the policy's kind decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_image_validating_policy: Option<bool>,
}

/// A resource, by kind, namespace and name.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResourceSpec {
    /// API group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// API version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Subresource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subresource: Option<String>,
    /// Name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// The answer to an API call.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApiCallResponse {
    /// Address of the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Path of the call at the API server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url_path: Option<String>,
    /// Method of the call; `GET` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["GET", "POST"]))]
    pub method: Option<String>,
    /// The answer.
    pub response: MockResponse,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MockResponse {
    /// HTTP status; 200 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "integer")]
    pub status_code: Option<i64>,
    /// The answer's JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "any_value")]
    pub body: Option<Value>,
}

/// The value of a global context entry: exactly one of `data`, `resources` and `resourceFiles`.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GlobalContextMock {
    /// Name of the entry.
    pub name: String,
    /// The value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "any_value")]
    pub data: Option<Value>,
    /// Objects that are the value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<Value>,
    /// Files of objects that are the value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resource_files: Vec<String>,
    /// Path to the part of the value that is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field_path: Option<String>,
    /// Parts of the value, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub projections: Vec<MockProjection>,
}

/// A part of a value.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MockProjection {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub path: String,
}

impl Test {
    /// Reads a suite as Kyverno does: keys in any case, `null` as absent, plain scalars as text.
    pub fn from_value(value: &Value) -> Result<Self, Vec<ReadError>> {
        static TREE: LazyLock<KeyTree> = LazyLock::new(KeyTree::of::<Test>);
        TREE.read(value)
    }
}
