//! What a rule asks of signatures and attestations, and what can come of it.

use std::collections::BTreeMap;

use portcullis_api::cluster_policy::{Attestor, ImageVerification};
use portcullis_values::image_ref::ImageInfo;
use serde_json::Value;

/// One question: did this attestor sign the image, or a statement about it?
#[derive(Clone, Copy, Debug)]
pub struct ImageVerificationRequest<'r> {
    /// The image.
    pub image: &'r ImageInfo,
    /// How signatures are made and where they are kept.
    pub verification: &'r ImageVerification,
    /// The name that the policy gives the attestor, where attestors have names.
    pub attestor_name: Option<&'r str>,
    /// Who must have signed; without a key, certificate and identity it is anyone.
    pub attestor: &'r Attestor,
    /// The type of the statements that are asked for; none when the image's signature is.
    pub attestation: Option<&'r str>,
}

/// What came of a question.
#[derive(Clone, Debug, PartialEq)]
pub enum VerifyOutcome {
    /// There is such a signature.
    Verified(VerifiedImage),
    /// There is none; the text says why. The rule fails.
    NotVerified(String),
    /// It could not be found out; the text says why. The rule is an error.
    Failed(String),
    /// Nobody can be asked. The rule is an error.
    Unavailable,
}

/// What a signature says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VerifiedImage {
    /// The digest of the image; empty when it is not known.
    pub digest: String,
    /// The annotations of each signature.
    pub annotations: Vec<BTreeMap<String, String>>,
    /// The statements that were signed.
    pub statements: Vec<Statement>,
}

/// A signed statement about an image.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Statement {
    /// Its type.
    pub r#type: String,
    /// What it says.
    pub predicate: Value,
}
