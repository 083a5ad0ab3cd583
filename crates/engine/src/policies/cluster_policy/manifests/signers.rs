//! `attestors`: a set holds when as many of its entries hold as it counts, or all of them.

use std::collections::BTreeMap;

use portcullis_api::cluster_policy::{Attestor, AttestorSet, StaticKeyAttestor};
use serde_json::Value;

use super::super::verify_images::with_single_keys;
use super::key::PublicKey;
use super::message::SignedMessage;
use super::{Refusal, annotation};

/// Some signers of whom enough must have signed.
#[derive(Debug)]
pub(super) struct SignerSet {
    wanted: usize,
    entries: Vec<Entry>,
}

/// One entry of a set.
#[derive(Debug)]
struct Entry {
    path: String,
    annotations: BTreeMap<String, String>,
    signer: Signer,
}

#[derive(Debug)]
enum Signer {
    Key(PublicKey),
    Set(SignerSet),
    /// What is not supported, or not readable.
    Unknown(String),
}

impl SignerSet {
    pub(super) fn compile(set: &AttestorSet, path: &str) -> SignerSet {
        let entries = with_single_keys(&set.entries);
        let count = set.count.and_then(|count| usize::try_from(count).ok());
        SignerSet {
            wanted: count.filter(|count| *count > 0).unwrap_or(entries.len()),
            entries: entries
                .iter()
                .enumerate()
                .map(|(index, entry)| Entry::compile(entry, &format!("{path}.entries[{index}]")))
                .collect(),
        }
    }

    /// Says what holds.
    ///
    /// # Errors
    /// Why too few entries hold.
    pub(super) fn verify(
        &self,
        signed: &Result<SignedMessage, Refusal>,
        object: &Value,
    ) -> Result<String, Refusal> {
        let wanted = self.wanted;
        let (mut held, mut failed, mut errors) = (Vec::new(), Vec::new(), Vec::new());
        for entry in &self.entries {
            match entry.verify(signed, object) {
                Ok(said) => held.push(said),
                Err(Refusal::Fail(reason)) => failed.push(reason),
                Err(Refusal::Error(reason)) => errors.push(reason),
            }
            if held.len() >= wanted {
                return Ok(told("succeeded", held.len(), wanted, &held));
            }
        }
        match errors.is_empty() {
            true => Err(Refusal::Fail(told("failed", held.len(), wanted, &failed))),
            false => Err(Refusal::Error(errors.join("; "))),
        }
    }
}

fn told(how: &str, held: usize, wanted: usize, said: &[String]) -> String {
    let said = said.join(",");
    format!(
        "manifest verification {how}; verifiedCount {held}; requiredCount {wanted}; message {said}"
    )
}

impl Entry {
    fn compile(attestor: &Attestor, path: &str) -> Entry {
        let (part, signer) = Signer::compile(attestor, path);
        Entry {
            path: format!("{path}{part}"),
            annotations: attestor.annotations.clone(),
            signer,
        }
    }

    fn verify(
        &self,
        signed: &Result<SignedMessage, Refusal>,
        object: &Value,
    ) -> Result<String, Refusal> {
        let path = &self.path;
        for (key, wanted) in &self.annotations {
            if annotation(object, key) != Some(wanted) {
                let reason = format!("{path}: annotation `{key}` is not `{wanted}`");
                return Err(Refusal::Fail(reason));
            }
        }
        let key = match &self.signer {
            Signer::Set(set) => return set.verify(signed, object),
            Signer::Unknown(why) => return Err(Refusal::Error(format!("{path}: {why}"))),
            Signer::Key(key) => key,
        };
        let signed = signed.as_ref().map_err(|refusal| match refusal {
            Refusal::Fail(reason) => Refusal::Fail(format!("{path}: {reason}")),
            Refusal::Error(reason) => Refusal::Error(format!("{path}: {reason}")),
        })?;
        let mut signatures = signed.signatures.iter();
        match signatures.any(|signature| key.signed(&signed.text, signature)) {
            true => Ok(format!("{path}: signed by this key")),
            false => Err(Refusal::Fail(format!(
                "{path}: no signature is of this key"
            ))),
        }
    }
}

impl Signer {
    /// What an attestor is, and where in it that is said.
    fn compile(attestor: &Attestor, path: &str) -> (&'static str, Signer) {
        let unsupported = |what: &str| Signer::Unknown(format!("{what} is not supported"));
        if attestor
            .repository
            .as_ref()
            .is_some_and(|it| !it.is_empty())
        {
            return (".repository", unsupported("`repository`"));
        }
        if let Some(set) = attestor.attestor.as_ref().filter(|set| !set.is_null()) {
            let set = serde_json::from_value::<AttestorSet>(set.clone());
            return (
                ".attestor",
                match set {
                    Ok(set) => Signer::Set(SignerSet::compile(&set, &format!("{path}.attestor"))),
                    Err(error) => Signer::Unknown(format!("it is no set of attestors: {error}")),
                },
            );
        }
        match attestor {
            Attestor {
                keys: Some(keys), ..
            } => (".keys", Signer::of_keys(keys)),
            _ if attestor.certificates.is_some() => {
                (".certificates", unsupported("a signer by certificate"))
            }
            _ if attestor.keyless.is_some() => (".keyless", unsupported("a signer by identity")),
            _ => ("", Signer::Unknown("it names no signer".to_owned())),
        }
    }

    fn of_keys(keys: &StaticKeyAttestor) -> Signer {
        let text = keys.public_keys.as_deref().unwrap_or_default().trim();
        if text.starts_with("-----BEGIN PUBLIC KEY-----") {
            return PublicKey::read(text).map_or_else(Signer::Unknown, Signer::Key);
        }
        let what = match text {
            _ if keys.kms.is_some() => "a key of a KMS (`kms`)",
            _ if keys.secret.is_some() => "a key in a Secret (`secret`)",
            "" => "an entry without `publicKeys`",
            _ if text.starts_with("-----BEGIN PGP") => "a PGP key",
            _ if text.starts_with("k8s://") => "a key in a Secret (`k8s://`)",
            _ => "a key that is no PEM of a public key",
        };
        Signer::Unknown(format!("{what} is not supported"))
    }
}
