//! The older fields of `verifyImages` in the form of those that took their place.

use portcullis_api::cluster_policy::{
    Attestor, AttestorSet, ImageVerification, KeylessAttestor, StaticKeyAttestor,
};

/// An entry without older fields.
pub(super) fn of(written: &ImageVerification) -> ImageVerification {
    let mut converted = written.clone();
    for attestation in &mut converted.attestations {
        let older = attestation.predicate_type.take();
        attestation.r#type = given(attestation.r#type.take()).or(older);
    }
    converted
        .image_references
        .extend(given(converted.image.take()));
    let Some(attestor) = attestor(&mut converted) else {
        return converted;
    };
    let set = AttestorSet {
        count: None,
        entries: vec![attestor],
    };
    if converted.attestations.is_empty() {
        converted.attestors.push(set.clone());
    }
    for attestation in &mut converted.attestations {
        attestation.attestors.push(set.clone());
    }
    converted
}

/// The attestor that the older fields describe.
fn attestor(entry: &mut ImageVerification) -> Option<Attestor> {
    let key = given(entry.key.take());
    let (issuer, subject) = (given(entry.issuer.take()), given(entry.subject.take()));
    let roots = given(entry.roots.take());
    let extensions = std::mem::take(&mut entry.additional_extensions);
    let annotations = std::mem::take(&mut entry.annotations);
    let is_keyless = issuer.is_some() || subject.is_some() || roots.is_some();
    if key.is_none() && !is_keyless && annotations.is_empty() {
        return None;
    }
    Some(Attestor {
        keyless: (key.is_none() && is_keyless).then(|| KeylessAttestor {
            issuer,
            subject,
            roots,
            additional_extensions: extensions,
            ..KeylessAttestor::default()
        }),
        keys: key.map(|key| StaticKeyAttestor {
            public_keys: Some(key),
            ..StaticKeyAttestor::default()
        }),
        annotations,
        ..Attestor::default()
    })
}

fn given(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}
