//! `validate.manifests`: a manifest must be as its author signed it, as k8s-manifest-sigstore signs.
//!
//! Annotations of the object hold what was signed (`<domain>/message`: the manifest, compressed, in
//! base64) and one or more signatures over it (`<domain>/signature`, `<domain>/signature_1`, …).
//! Of each set of `attestors` as many entries as it counts must hold a key that made one of the
//! signatures, and the object must not differ from what was signed but in ignored fields.
//!
//! Signers by public key are known here. One by certificate, identity, KMS or Secret, a `repository`
//! and a comparison that needs a dry run are errors that name what is missing.

mod difference;
mod ignored;
mod key;
mod message;
mod signers;

use portcullis_api::cluster_policy as api;
use serde_json::Value;

use self::difference::Difference;
use self::ignored::IgnoredFields;
use self::message::SignedMessage;
use self::signers::SignerSet;
use super::outcome::Outcome;
use crate::evaluation::Evaluation;
use crate::record::Recorder;
use crate::response::RuleStatus;

/// Where the annotations of a signature are, unless the rule says otherwise.
const DEFAULT_DOMAIN: &str = "cosign.sigstore.dev";

/// How many differences a message tells of.
const TOLD_DIFFERENCES: usize = 5;

/// A `manifests` rule, ready to run.
#[derive(Debug)]
pub(super) struct ManifestSignatures {
    attestors: Vec<SignerSet>,
    domain: String,
    ignored: IgnoredFields,
    tries_dry_run: bool,
    has_repository: bool,
}

/// Why an object is not as it was signed.
#[derive(Clone, Debug, PartialEq)]
enum Refusal {
    /// It is not, or nobody can say so.
    Fail(String),
    /// Saying so needs what is not at hand.
    Error(String),
}

impl ManifestSignatures {
    pub(super) fn compile(rule: &api::ManifestVerification) -> ManifestSignatures {
        let sets = rule.attestors.iter().enumerate();
        let domain = rule.annotation_domain.as_deref();
        let domain = domain.filter(|domain| !domain.is_empty());
        let domain = domain.unwrap_or(DEFAULT_DOMAIN).to_owned();
        let dry_run = rule.dry_run.as_ref().and_then(|dry_run| dry_run.enable);
        let repository = rule.repository.as_deref().unwrap_or_default();
        ManifestSignatures {
            attestors: sets
                .map(|(index, set)| SignerSet::compile(set, &format!(".attestors[{index}]")))
                .collect(),
            ignored: IgnoredFields::compile(&rule.ignore_fields, &domain),
            domain,
            tries_dry_run: dry_run == Some(true),
            has_repository: !repository.is_empty(),
        }
    }

    /// Evaluates the rule; none when the object goes away.
    pub(super) fn evaluate<R: Recorder>(
        &self,
        evaluation: &Evaluation<'_, '_, R>,
    ) -> Option<Outcome> {
        if evaluation.context().is_delete() {
            return None;
        }
        let request = evaluation.request();
        let object = request.subject()?;
        if request.dry_run {
            let message = "allowed because the request is a dry run";
            return Some(Outcome::new(RuleStatus::Pass, message));
        }
        Some(self.verify(object))
    }

    fn verify(&self, object: &Value) -> Outcome {
        let signed = self.signed(object);
        let mut said = Vec::new();
        for set in &self.attestors {
            match set.verify(&signed, object) {
                Ok(held) => said.push(held),
                Err(Refusal::Fail(reason)) => return Outcome::new(RuleStatus::Fail, reason),
                Err(Refusal::Error(reason)) => {
                    return Outcome::error("the manifest's signature is not verified", &reason);
                }
            }
        }
        let message = format!("verified manifest signatures; {}", said.join(","));
        Outcome::new(RuleStatus::Pass, message)
    }

    /// What was signed of an object that is still like that.
    fn signed(&self, object: &Value) -> Result<SignedMessage, Refusal> {
        let unsupported = |what: &str| {
            let reason = format!("{what} is not supported, only annotations of the object are");
            Err(Refusal::Error(reason))
        };
        if self.has_repository {
            return unsupported("`validate.manifests.repository`");
        }
        let bundle = format!("{}/resourceBundleRef", self.domain);
        if annotation(object, &bundle).is_some() {
            return unsupported(&format!("a bundle in a registry (annotation `{bundle}`)"));
        }
        let signed = SignedMessage::read(object, &self.domain).map_err(Refusal::Fail)?;
        self.compare(&signed, object)?;
        Ok(signed)
    }

    /// Whether an object is as one of the manifests of a message.
    fn compare(&self, signed: &SignedMessage, object: &Value) -> Result<(), Refusal> {
        let patterns = self.ignored.of(object);
        let mut found: Option<Vec<Difference>> = None;
        for manifest in signed.manifests(object) {
            let differences = difference::between(manifest, object, &patterns);
            if differences.is_empty() {
                return Ok(());
            }
            found.get_or_insert(differences);
        }
        let Some(found) = found else {
            let reason = "the signed message has no manifest of this kind and name";
            return Err(Refusal::Fail(reason.to_owned()));
        };
        let reason = format!("the object is not as it was signed: {}", told(&found));
        match self.tries_dry_run {
            true => Err(Refusal::Error(format!(
                "{reason}; `validate.manifests.dryRun`, which may explain it, is not supported"
            ))),
            false => Err(Refusal::Fail(reason)),
        }
    }
}

fn told(differences: &[Difference]) -> String {
    let first: Vec<String> = differences
        .iter()
        .take(TOLD_DIFFERENCES)
        .map(ToString::to_string)
        .collect();
    let more = differences.len().saturating_sub(TOLD_DIFFERENCES);
    match more {
        0 => first.join(", "),
        _ => format!("{}, and {more} more", first.join(", ")),
    }
}

fn annotation<'o>(object: &'o Value, key: &str) -> Option<&'o str> {
    let annotations = object.get("metadata")?.get("annotations")?;
    annotations.get(key)?.as_str()
}
