//! `Context` (`cli.kyverno.io/v1alpha1`): resources and images that CEL libraries read in a test,
//! and what verifying the images gives.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::case_insensitive::KeyTree;
use crate::constraints::any_value;
use crate::metadata::ObjectMeta;
use crate::read::ReadError;

/// What CEL libraries find.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Context {
    /// `cli.kyverno.io/v1alpha1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(required)]
    pub api_version: Option<String>,
    /// `Context`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(required)]
    pub kind: Option<String>,
    /// The file's name.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// What they find.
    pub spec: ContextSpec,
}

/// What CEL libraries find.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContextSpec {
    /// Objects in the cluster; a `ClusterResource` file is the successor.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<Value>,
    /// Metadata of images.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<ImageMock>,
}

/// Metadata of an image.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImageMock {
    /// The image as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The image with its digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved_image: Option<String>,
    /// Registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registry: Option<String>,
    /// Repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// Tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// The index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "any_value")]
    pub image_index: Option<Value>,
    /// The manifest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "any_value")]
    pub manifest: Option<Value>,
    /// The configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "any_value")]
    pub config: Option<Value>,
    /// Who signed the image, for `verifyImages`. Portcullis only: Kyverno asks the registry.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub verifications: Vec<VerificationMock>,
}

/// What verifying an image with one attestor gives. Portcullis only.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VerificationMock {
    /// The attestor: a public key, a certificate, a KMS address, a Secret as `namespace/name`, or the
    /// subject of an identity; `*` for any.
    pub attestor: String,
    /// Who vouches for the subject; any issuer when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Whether the attestor signed.
    pub verified: bool,
    /// Why it is not verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Annotations of the signature.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Statements that the attestor signed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attestations: Vec<AttestationMock>,
}

/// A signed statement. Portcullis only.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AttestationMock {
    /// Its type, such as `https://slsa.dev/provenance/v1`.
    pub r#type: String,
    /// What it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "any_value")]
    pub predicate: Option<Value>,
}

impl Context {
    /// Reads a file as Kyverno does: keys in any case, `null` as absent, plain scalars as text.
    pub fn from_value(value: &Value) -> Result<Self, Vec<ReadError>> {
        static TREE: LazyLock<KeyTree> = LazyLock::new(KeyTree::of::<Context>);
        TREE.read(value)
    }
}
