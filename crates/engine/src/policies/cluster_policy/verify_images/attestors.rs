//! Sets of attestors: all sets must hold, and of each set as many entries as it counts.

use std::collections::BTreeMap;

use portcullis_api::cluster_policy::{
    Attestation, Attestor, AttestorSet, ImageVerification, StaticKeyAttestor,
};
use portcullis_values::image_ref::ImageInfo;
use portcullis_values::{Str, Val};

use super::super::condition::CompiledConditions;
use super::super::outcome::Outcome;
use crate::context::JsonContext;
use crate::context::image_verification::{
    ImageVerificationRequest, Statement, VerifiedImage, VerifyOutcome,
};
use crate::context::source::ContextSource;
use crate::response::RuleStatus;

/// Who must have signed one image.
pub(super) struct Attestors<'s> {
    pub(super) source: &'s dyn ContextSource,
    pub(super) image: &'s ImageInfo,
    pub(super) verification: &'s ImageVerification,
}

/// Why an attestor does not count.
struct Refusal {
    reason: String,
    is_error: bool,
    /// Whether no other attestor can help.
    is_final: bool,
}

/// What a set that holds gave, or why it does not.
type Answer = Result<VerifiedImage, Refusal>;

impl Refusal {
    fn new(reason: String) -> Refusal {
        Refusal {
            reason,
            is_error: false,
            is_final: false,
        }
    }

    fn error(reason: String) -> Refusal {
        Refusal {
            is_error: true,
            ..Refusal::new(reason)
        }
    }

    fn status(&self) -> RuleStatus {
        match self.is_error {
            true => RuleStatus::Error,
            false => RuleStatus::Fail,
        }
    }
}

impl<'s> Attestors<'s> {
    /// The digest of the image, where its signatures tell it.
    ///
    /// # Errors
    /// How the rule ends when a set does not hold.
    pub(super) fn signatures(&self) -> Result<String, Outcome> {
        let mut digest = String::new();
        for (index, set) in self.verification.attestors.iter().enumerate() {
            let path = format!(".attestors[{index}]");
            let mut ask = |attestor: &Attestor, path: &str| self.ask(attestor, None, path);
            let verified = self.set(set, &path, &mut ask);
            digest = verified.map_err(|refusal| self.refused(&refusal))?.digest;
        }
        Ok(digest)
    }

    /// As [`Attestors::signatures`], for attestations: each needs its signers, and its statements
    /// must satisfy its conditions. A named one becomes a variable.
    ///
    /// # Errors
    /// How the rule ends when an attestation does not hold.
    pub(super) fn attestations<'a>(
        &self,
        conditions: &'a [Vec<CompiledConditions>],
        context: &JsonContext<'a>,
    ) -> Result<String, Outcome> {
        let mut digest = String::new();
        let anyone = [AttestorSet {
            count: None,
            entries: vec![Attestor::default()],
        }];
        for (index, attestation) in self.verification.attestations.iter().enumerate() {
            let conditions = conditions.get(index).map_or(&[][..], Vec::as_slice);
            let kind = attestation.r#type.as_deref().unwrap_or_default();
            if kind.is_empty() {
                return Err(Outcome::new(RuleStatus::Fail, "a type is required"));
            }
            let sets = match attestation.attestors.as_slice() {
                [] => &anyone,
                sets => sets,
            };
            for (number, set) in sets.iter().enumerate() {
                let path = format!(".attestations[{index}].attestors[{number}]");
                let mut ask = |attestor: &Attestor, path: &str| {
                    let verified = self.ask(attestor, Some(kind), path)?;
                    self.state(attestation, &verified.statements, conditions, context)
                        .map_err(|reason| Refusal {
                            is_final: true,
                            ..Refusal::new(format!("{path}: {reason}"))
                        })?;
                    Ok(verified)
                };
                let verified = self.set(set, &path, &mut ask);
                digest = verified.map_err(|refusal| self.refused(&refusal))?.digest;
            }
        }
        Ok(digest)
    }

    fn refused(&self, refusal: &Refusal) -> Outcome {
        let message = match refusal.is_final {
            true => refusal.reason.clone(),
            false => format!(
                "failed to verify image {}: {}",
                self.image.reference, refusal.reason
            ),
        };
        Outcome::new(refusal.status(), message)
    }

    fn set(
        &self,
        set: &AttestorSet,
        path: &str,
        ask: &mut dyn FnMut(&Attestor, &str) -> Answer,
    ) -> Answer {
        let entries = with_single_keys(&set.entries);
        let wanted = set
            .count
            .and_then(|count| usize::try_from(count).ok())
            .filter(|count| *count > 0)
            .unwrap_or(entries.len());
        let (mut counted, mut refusals) = (0, Vec::new());
        for (index, entry) in entries.iter().enumerate() {
            let path = format!("{path}.entries[{index}]");
            match self.entry(entry, &path, ask) {
                Ok(verified) => {
                    counted += 1;
                    if counted >= wanted {
                        return Ok(verified);
                    }
                }
                Err(refusal) if refusal.is_final => return Err(refusal),
                Err(refusal) => refusals.push(refusal),
            }
        }
        if refusals.is_empty() {
            let reason = format!("{path}: {counted} of {wanted} attestors, and there are no more");
            return Err(Refusal::new(reason));
        }
        let reasons: Vec<&str> = refusals.iter().map(|it| it.reason.as_str()).collect();
        Err(Refusal {
            is_error: refusals.iter().any(|refusal| refusal.is_error),
            ..Refusal::new(reasons.join("; "))
        })
    }

    fn entry(
        &self,
        entry: &Attestor,
        path: &str,
        ask: &mut dyn FnMut(&Attestor, &str) -> Answer,
    ) -> Answer {
        if let Some(nested) = entry.attestor.as_ref().filter(|nested| !nested.is_null()) {
            let set: AttestorSet = serde_json::from_value(nested.clone()).map_err(|error| {
                Refusal::new(format!(
                    "failed to unmarshal nested attestor {path}: {error}"
                ))
            })?;
            return self.set(&set, &format!("{path}.attestor"), ask);
        }
        let part = match entry {
            _ if entry.keys.is_some() => ".keys",
            _ if entry.certificates.is_some() => ".certificates",
            _ if entry.keyless.is_some() => ".keyless",
            _ => "",
        };
        ask(entry, &format!("{path}{part}"))
    }

    fn ask(&self, attestor: &Attestor, attestation: Option<&str>, path: &str) -> Answer {
        let request = ImageVerificationRequest {
            attestor_name: None,
            image: self.image,
            verification: self.verification,
            attestor,
            attestation,
        };
        let verified = match self.source.verify(&request) {
            VerifyOutcome::Verified(verified) => verified,
            VerifyOutcome::NotVerified(reason) => {
                return Err(Refusal::new(format!("{path}: {reason}")));
            }
            VerifyOutcome::Failed(reason) => {
                return Err(Refusal::error(format!("{path}: {reason}")));
            }
            VerifyOutcome::Unavailable => {
                return Err(Refusal::error(format!(
                    "{path}: signatures cannot be verified here"
                )));
            }
        };
        let (written, signed) = (&self.image.digest, &verified.digest);
        if !written.is_empty() && !signed.is_empty() && written != signed {
            let reason = format!("{path}: the signature is for {signed}");
            return Err(Refusal::new(reason));
        }
        if attestation.is_none()
            && let Some(reason) = missing_annotation(&attestor.annotations, &verified.annotations)
        {
            return Err(Refusal::new(format!("{path}: {reason}")));
        }
        Ok(verified)
    }

    /// Whether every statement of the type satisfies the conditions.
    fn state<'a>(
        &self,
        attestation: &Attestation,
        statements: &[Statement],
        conditions: &'a [CompiledConditions],
        context: &JsonContext<'a>,
    ) -> Result<(), String> {
        let kind = attestation.r#type.as_deref().unwrap_or_default();
        let mut is_found = false;
        for statement in statements.iter().filter(|it| it.r#type == kind) {
            is_found = true;
            let predicate = Val::from(context.store().keep(statement.predicate.clone()));
            context.checkpoint();
            if let Val::Map(entries) = &predicate {
                for (key, value) in entries.iter() {
                    context.add(key.clone(), value.clone());
                }
            }
            let held = hold(conditions, context);
            context.restore();
            let image = &self.image.reference;
            match held {
                Err(error) => return Err(format!("failed to check attestations: {error}")),
                Ok((false, said)) => {
                    return Err(format!(
                        "attestation checks failed for {image} and predicate {kind}: {said}"
                    ));
                }
                Ok((true, _)) => {}
            }
            if let Some(name) = attestation.name.as_ref().filter(|name| !name.is_empty()) {
                context.replace(Str::from(name.clone()), predicate);
            }
        }
        match is_found {
            true => Ok(()),
            false => Err(format!("attestations not found for predicate type {kind}")),
        }
    }
}

/// Whether all blocks hold, and what the first one that does not says.
fn hold<'a>(
    conditions: &'a [CompiledConditions],
    context: &JsonContext<'a>,
) -> Result<(bool, String), String> {
    for block in conditions {
        let (holds, said) = block.evaluate(context).map_err(|error| error.to_string())?;
        if !holds {
            return Ok((false, said));
        }
    }
    Ok((true, String::new()))
}

/// Why no signature carries all annotations that are asked for.
fn missing_annotation(
    wanted: &BTreeMap<String, String>,
    signatures: &[BTreeMap<String, String>],
) -> Option<String> {
    let carries = |signature: &BTreeMap<String, String>| {
        let mut wanted = wanted.iter();
        wanted.all(|(key, value)| signature.get(key) == Some(value))
    };
    if wanted.is_empty() || signatures.iter().any(carries) {
        return None;
    }
    let wanted: Vec<String> = wanted
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    let wanted = wanted.join(", ");
    Some(format!(
        "annotations mismatch: no signature carries {wanted}"
    ))
}

/// The entries, with each key of a text with several as an entry of its own.
pub(in crate::policies::cluster_policy) fn with_single_keys(entries: &[Attestor]) -> Vec<Attestor> {
    const END: &str = "-----END PUBLIC KEY-----";
    let mut all = Vec::new();
    for entry in entries {
        let keys = entry.keys.as_ref();
        let text = keys.and_then(|keys| keys.public_keys.as_deref());
        let parts: Vec<&str> = text.unwrap_or_default().split_inclusive(END).collect();
        let parts = parts.iter().filter(|part| part.contains(END));
        let parts: Vec<&str> = parts.map(|part| part.trim()).collect();
        if parts.len() < 2 {
            all.push(entry.clone());
            continue;
        }
        all.extend(parts.into_iter().map(|part| Attestor {
            keys: keys.map(|keys| StaticKeyAttestor {
                public_keys: Some(part.to_owned()),
                ..keys.clone()
            }),
            ..entry.clone()
        }));
    }
    all
}
