//! ImageValidatingPolicy and NamespacedImageValidatingPolicy: signatures and attestations of images, in CEL.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cel_expression::{AuditAnnotation, CelValidation, CelVariable, MatchCondition};
use crate::cel_policy::{
    CelPolicyVersion, DerivedTarget, Evaluation, PodControllers, PolicyReadiness, ValidationAction,
    WebhookSettings,
};
use crate::cluster_policy::{FailurePolicy, ImageRegistryCredentials};
use crate::match_constraints::MatchConstraints;
use crate::metadata::ObjectMeta;

/// A policy that checks images with CEL.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImageValidatingPolicy {
    /// API group and version.
    pub api_version: CelPolicyVersion,
    /// `ImageValidatingPolicy` or `NamespacedImageValidatingPolicy`.
    pub kind: ImageValidatingPolicyKind,
    /// Name, labels and annotations.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// The policy itself.
    pub spec: ImageValidatingPolicySpec,
    /// What controllers found out about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<ImageValidatingPolicyStatus>,
}

/// The two kinds, which differ in scope.
#[derive(
    Clone, Debug, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum ImageValidatingPolicyKind {
    /// For the whole cluster.
    ImageValidatingPolicy,
    /// For one namespace.
    NamespacedImageValidatingPolicy,
}

/// Which requests and images, who signs, and what must hold.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImageValidatingPolicySpec {
    /// Which requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub match_constraints: Option<MatchConstraints>,
    /// Further conditions on requests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub match_conditions: Vec<MatchCondition>,
    /// Which images.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub match_image_references: Vec<ImageReferenceMatch>,
    /// Where custom kinds keep their images: a name and an expression.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<MatchCondition>,
    /// Named expressions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<CelVariable>,
    /// Signers, by name.
    pub attestors: Vec<CelAttestor>,
    /// Signed statements, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attestations: Vec<CelAttestation>,
    /// Expressions that must be true.
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub validations: Vec<CelValidation>,
    /// Digests, and whether verification is required.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = serde_json::json!({})))]
    pub validation_configurations: Option<ImageValidationSettings>,
    /// How to sign in at the registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials: Option<ImageRegistryCredentials>,
    /// Annotations for the audit event.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub audit_annotations: Vec<AuditAnnotation>,
    /// What a failure does; `Deny` when absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub validation_actions: Vec<ValidationAction>,
    /// What an error does; `Fail` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_policy: Option<FailurePolicy>,
    /// How the API server calls the webhook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_configuration: Option<WebhookSettings>,
    /// When the policy is evaluated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluation: Option<Evaluation>,
    /// What is derived from the policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autogen: Option<ImageValidatingAutogen>,
}

/// Images, by glob or by expression.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImageReferenceMatch {
    /// A glob over the reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub glob: Option<String>,
    /// An expression over `ref`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
}

impl ImageValidatingPolicySpec {
    /// Whether tags get their digests: unless it is switched off.
    #[must_use]
    pub fn pins_digests(&self) -> bool {
        let settings = self.validation_configurations.as_ref();
        settings.and_then(|settings| settings.mutate_digest) != Some(false)
    }
}

/// Digests, and whether verification is required.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImageValidationSettings {
    /// Whether a tag is replaced by its digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = true))]
    pub mutate_digest: Option<bool>,
    /// Whether an image must name its digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = true))]
    pub verify_digest: Option<bool>,
    /// Whether an image must have been verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = true))]
    pub required: Option<bool>,
}

/// A signer: either `cosign` or `notary`.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CelAttestor {
    /// Name for expressions.
    pub name: String,
    /// A signer with Cosign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cosign: Option<CosignAttestor>,
    /// A signer with Notary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notary: Option<NotaryAttestor>,
}

/// A signer with Cosign.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CosignAttestor {
    /// By public key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<CosignKey>,
    /// By identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keyless: Option<CosignKeyless>,
    /// By certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<CosignCertificate>,
    /// Where signatures are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<CosignSource>,
    /// Transparency logs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ctlog: Option<CosignLogs>,
    /// Where trust roots come from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tuf: Option<TufRepository>,
    /// Annotations that the signature must carry.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Trust roots, written here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trusted_root: Option<TextOrExpression>,
}

/// A public key.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CosignKey {
    /// The key (PEM).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// A KMS address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms: Option<String>,
    /// Hash of the signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash_algorithm: Option<String>,
    /// An expression that gives the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
}

/// A signer by identity in a short-lived certificate.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CosignKeyless {
    /// Identities; one suffices.
    pub identities: Vec<CosignIdentity>,
    /// Root certificates (PEM).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roots: Option<String>,
    /// Extensions that the certificate must carry.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub additional_extensions: BTreeMap<String, String>,
}

/// An identity, and who vouches for it.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CosignIdentity {
    /// Who vouches for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The issuer, as a regular expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer_reg_exp: Option<String>,
    /// The identity, as a regular expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_reg_exp: Option<String>,
    /// An expression that gives the identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_expression: Option<String>,
}

/// A signer by certificate.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CosignCertificate {
    /// The certificate (PEM).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cert: Option<TextOrExpression>,
    /// Its chain (PEM).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cert_chain: Option<TextOrExpression>,
}

/// A text, or an expression that gives it.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TextOrExpression {
    /// The text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
}

/// Where signatures are kept.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CosignSource {
    /// The repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// Secrets to sign in with.
    #[serde(rename = "PullSecrets", default, skip_serializing_if = "Vec::is_empty")]
    pub pull_secrets: Vec<PullSecret>,
    /// Prefix of the signatures' tags.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag_prefix: Option<String>,
}

/// A Secret to sign in with.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct PullSecret {
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = ""))]
    pub name: Option<String>,
}

/// Transparency logs.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CosignLogs {
    /// Where Rekor answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Rekor's public key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rekor_pub_key: Option<String>,
    /// Public key of the certificate log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ct_log_pub_key: Option<String>,
    /// Certificates of a timestamp authority.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tsa_cert_chain: Option<String>,
    /// Whether Rekor is not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub insecure_ignore_tlog: Option<bool>,
    /// Whether the certificate needs no timestamp of the log.
    #[serde(
        rename = "insecureIgnoreSCT",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub insecure_ignore_sct: Option<bool>,
}

/// Where trust roots come from.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TufRepository {
    /// Where the chain of trust starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<TufRoot>,
    /// A mirror.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mirror: Option<String>,
}

/// Where a chain of trust starts.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TufRoot {
    /// A path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
}

/// A signer with Notary.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NotaryAttestor {
    /// Certificates (PEM).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certs: Option<TextOrExpression>,
    /// Certificates of a timestamp authority (PEM).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tsa_certs: Option<TextOrExpression>,
}

/// A signed statement: either `intoto` or `referrer`.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CelAttestation {
    /// Name for expressions.
    pub name: String,
    /// An in-toto statement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intoto: Option<AttestationType>,
    /// An OCI referrer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub referrer: Option<AttestationType>,
}

/// The type of a statement.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AttestationType {
    /// The type.
    pub r#type: String,
}

/// What is derived from a policy.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImageValidatingAutogen {
    /// Policies for the controllers of pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod_controllers: Option<PodControllers>,
}

/// What controllers found out about a policy.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImageValidatingPolicyStatus {
    /// Whether it is in effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition_status: Option<PolicyReadiness>,
    /// Policies that were derived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autogen: Option<ImageValidatingAutogenStatus>,
}

/// Policies that were derived.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImageValidatingAutogenStatus {
    /// The policies, by group of controllers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub configs: BTreeMap<String, DerivedImageValidatingPolicy>,
}

/// A derived policy.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DerivedImageValidatingPolicy {
    /// Kinds that it is about.
    pub targets: Vec<DerivedTarget>,
    /// The policy.
    pub spec: ImageValidatingPolicySpec,
}
