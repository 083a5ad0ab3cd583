//! What registries answer: manifests and blobs, bounded, with their digests looked after.

use oci_client::{
    errors::{OciDistributionError, OciErrorCode},
    secrets::RegistryAuth,
};
use portcullis_values::image_ref::RegistryReference;
use reqwest::{StatusCode, header};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::Registries;
use crate::error::{RegistryError, innermost};

/// The kinds of manifest and of index that are read.
const ACCEPT: &str = "application/vnd.oci.image.manifest.v1+json, \
     application/vnd.docker.distribution.manifest.v2+json, \
     application/vnd.oci.image.index.v1+json, \
     application/vnd.docker.distribution.manifest.list.v2+json";

/// How much of a refusal is read.
const MAX_REFUSAL: u64 = 64 << 10;

/// A manifest or an index as the registry keeps it.
#[derive(Clone, Debug)]
pub(crate) struct RawManifest {
    pub(crate) bytes: Vec<u8>,
    /// Of the bytes, so that it is what the registry should have.
    pub(crate) digest: String,
}

/// What a manifest says of one of its parts.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Descriptor {
    pub(crate) media_type: String,
    pub(crate) digest: String,
    pub(crate) size: u64,
    pub(crate) annotations: std::collections::BTreeMap<String, String>,
}

/// A part of an image that is asked for.
struct Part<'a> {
    path: &'a str,
    what: &'a str,
    limit: u64,
}

impl Registries {
    /// The manifest or index of an image.
    pub(crate) fn manifest(&self, at: &RegistryReference) -> Result<RawManifest, RegistryError> {
        let part = Part {
            path: &format!("manifests/{}", at.identifier()),
            what: "its manifest",
            limit: self.limits().manifest,
        };
        let bytes = self.within(at, self.get(at, &part))?;
        let digest = digest_of(&bytes);
        match at.digest() {
            Some(wanted) => self.checked(at, part.what, bytes, wanted),
            None => Ok(bytes),
        }
        .map(|bytes| RawManifest { bytes, digest })
    }

    /// A part of an image: what its manifest says it is, or an error.
    pub(crate) fn blob(
        &self,
        at: &RegistryReference,
        descriptor: &Descriptor,
        what: &str,
        limit: u64,
    ) -> Result<Vec<u8>, RegistryError> {
        let unusable = |reason: String| Err(unusable(at, what, reason));
        let digest = &descriptor.digest;
        let is_digest = digest.strip_prefix("sha256:").is_some_and(|hex| {
            hex.len() == 64 && hex.bytes().all(|digit| digit.is_ascii_hexdigit())
        });
        if !is_digest {
            return unusable(format!(
                "the manifest gives the digest `{digest}`, which is no SHA-256"
            ));
        }
        if descriptor.size > limit {
            return Err(too_large(at, what, limit));
        }
        let part = Part {
            path: &format!("blobs/{digest}"),
            what,
            limit: descriptor.size,
        };
        let bytes = self.within(at, self.get(at, &part))?;
        self.checked(at, what, bytes, digest)
    }

    fn checked(
        &self,
        at: &RegistryReference,
        what: &str,
        bytes: Vec<u8>,
        wanted: &str,
    ) -> Result<Vec<u8>, RegistryError> {
        let found = digest_of(&bytes);
        if found == wanted {
            return Ok(bytes);
        }
        let reason = format!("the registry sends {found} where {wanted} is asked for");
        Err(unusable(at, what, reason))
    }

    async fn get(&self, at: &RegistryReference, part: &Part<'_>) -> Result<Vec<u8>, RegistryError> {
        match self.try_get(at, part).await {
            // A token may have ended meanwhile.
            Err(RegistryError::Refused { status: 401, .. }) if self.forget_token(at) => {
                self.try_get(at, part).await
            }
            done => done,
        }
    }

    async fn try_get(
        &self,
        at: &RegistryReference,
        part: &Part<'_>,
    ) -> Result<Vec<u8>, RegistryError> {
        let scheme = self.scheme(at).await?;
        let access = self.access(at, scheme).await?;
        let (registry, repository) = (at.registry(), at.repository());
        let url = format!(
            "{}://{registry}/v2/{repository}/{}",
            scheme.name(),
            part.path
        );
        let request = self.http.get(url).header(header::ACCEPT, ACCEPT);
        let request = match access {
            RegistryAuth::Anonymous => request,
            RegistryAuth::Basic(name, password) => request.basic_auth(name, Some(password)),
            RegistryAuth::Bearer(token) => request.bearer_auth(token),
        };
        let answer = request
            .send()
            .await
            .map_err(|error| unreachable(at, &error))?;
        let status = answer.status();
        if status == StatusCode::OK {
            let body = body(at, answer, part.limit).await?;
            return body.ok_or_else(|| too_large(at, part.what, part.limit));
        }
        let said = body(at, answer, MAX_REFUSAL).await?.unwrap_or_default();
        Err(refused(at, status.as_u16(), &said))
    }
}

/// The bytes of an answer; none where there are more than the limit.
async fn body(
    at: &RegistryReference,
    mut answer: reqwest::Response,
    limit: u64,
) -> Result<Option<Vec<u8>>, RegistryError> {
    let mut bytes = Vec::new();
    let is_within = |length: usize| u64::try_from(length).is_ok_and(|length| length <= limit);
    while let Some(chunk) = answer
        .chunk()
        .await
        .map_err(|error| unreachable(at, &error))?
    {
        if !is_within(bytes.len() + chunk.len()) {
            return Ok(None);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Some(bytes))
}

pub(crate) fn digest_of(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

pub(crate) fn unusable(at: &RegistryReference, what: &str, reason: String) -> RegistryError {
    RegistryError::Unusable {
        at: at.name(),
        what: what.to_owned(),
        reason,
    }
}

pub(crate) fn too_large(at: &RegistryReference, what: &str, limit: u64) -> RegistryError {
    RegistryError::TooLarge {
        at: at.name(),
        what: what.to_owned(),
        limit,
    }
}

fn unreachable(at: &RegistryReference, error: &reqwest::Error) -> RegistryError {
    RegistryError::Unreachable {
        at: at.name(),
        reason: innermost(error),
    }
}

#[derive(Deserialize)]
struct Refusal {
    errors: Vec<Reason>,
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Reason {
    code: String,
    message: String,
}

/// A refusal with the first of the registry's reasons.
fn refused(at: &RegistryReference, status: u16, said: &[u8]) -> RegistryError {
    let reason = serde_json::from_slice::<Refusal>(said).ok();
    let reason = reason.and_then(|refusal| refusal.errors.into_iter().next());
    let message = reason.map(|reason| match reason.message.is_empty() {
        true => reason.code,
        false => reason.message,
    });
    let standard = StatusCode::from_u16(status).ok();
    let standard = standard.and_then(|status| status.canonical_reason());
    let message = message.filter(|message| !message.is_empty());
    RegistryError::Refused {
        at: at.name(),
        status,
        message: message.map_or_else(
            || standard.unwrap_or("no reason").to_owned(),
            |text| {
                text.chars()
                    .filter(|letter| !letter.is_control())
                    .take(500)
                    .collect()
            },
        ),
    }
}

/// What the client says, in our terms.
pub(super) fn told(at: &RegistryReference, error: OciDistributionError) -> RegistryError {
    let refused = |status, said: &str| refused(at, status, said.as_bytes());
    match error {
        OciDistributionError::AuthenticationFailure(said) => refused(401, &said),
        OciDistributionError::UnauthorizedError { .. } => refused(401, ""),
        OciDistributionError::ServerError { code, message, .. } => refused(code, &message),
        OciDistributionError::RegistryError { envelope, .. } => {
            let first = envelope.errors.first();
            let status = match first.map(|error| &error.code) {
                Some(OciErrorCode::Unauthorized) => 401,
                Some(OciErrorCode::Denied) => 403,
                Some(OciErrorCode::Toomanyrequests) => 429,
                _ => 400,
            };
            let said = serde_json::to_string(&envelope).unwrap_or_default();
            refused(status, &said)
        }
        OciDistributionError::RequestError(error) => unreachable(at, &error),
        other => unusable(at, "its registry", other.to_string()),
    }
}
