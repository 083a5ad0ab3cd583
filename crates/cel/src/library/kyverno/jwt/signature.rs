//! Whether a signature fits (RFC 7518): HMAC, RSA with both paddings, ECDSA, and
//! Ed25519 (RFC 8037).

use hmac::Hmac;
use rsa::{PublicKey, pkcs1v15, pss, signature::Verifier as _};
use sha2::{Sha256, Sha384, Sha512};

use super::{
    key::{Key, KeySet, NamedKey},
    token::Token,
};

impl KeySet {
    /// Whether the key that a token names signed it: the only one of the set where it names none.
    pub(super) fn verify(&self, token: &Token<'_>) -> Result<(), String> {
        let candidates: Vec<&NamedKey> = match (&token.key, self.0.as_slice()) {
            (Some(id), keys) => keys
                .iter()
                .filter(|key| key.id.as_ref() == Some(id))
                .collect(),
            (None, [only]) => vec![only],
            (None, _) => {
                return Err("the token names no key, and the set has not exactly one".to_owned());
            }
        };
        if candidates.is_empty() {
            let id = token.key.as_deref().unwrap_or_default();
            return Err(format!("no key is called `{id}`, which the token names"));
        }
        let is_for = |key: &&&NamedKey| {
            key.algorithm
                .as_ref()
                .is_none_or(|algorithm| *algorithm == token.algorithm)
        };
        let mut candidates = candidates.iter().filter(is_for);
        if candidates.any(|key| fits(&key.key, token)) {
            return Ok(());
        }
        Err(format!(
            "the signature ({}) does not fit the key",
            token.algorithm
        ))
    }
}

/// Whether a key signed a token, by the algorithm that the token names and that the key is for.
fn fits(key: &Key, token: &Token<'_>) -> bool {
    let (signed, signature) = (token.signed.as_bytes(), token.signature.as_slice());
    match (key, token.algorithm.as_str()) {
        (Key::Secret(secret), "HS256") => has_code::<Hmac<Sha256>>(secret, signed, signature),
        (Key::Secret(secret), "HS384") => has_code::<Hmac<Sha384>>(secret, signed, signature),
        (Key::Secret(secret), "HS512") => has_code::<Hmac<Sha512>>(secret, signed, signature),
        (Key::Rsa(key), algorithm) => of_rsa(key, algorithm, signed, signature),
        (Key::P256(key), "ES256") => p256::ecdsa::Signature::from_slice(signature)
            .is_ok_and(|signature| key.verify(signed, &signature).is_ok()),
        (Key::P384(key), "ES384") => p384::ecdsa::Signature::from_slice(signature)
            .is_ok_and(|signature| key.verify(signed, &signature).is_ok()),
        (Key::P521(key), "ES512") => p521::ecdsa::Signature::from_slice(signature)
            .is_ok_and(|signature| key.verify(signed, &signature).is_ok()),
        (Key::Ed25519(key), "EdDSA") => ed25519_dalek::Signature::from_slice(signature)
            .is_ok_and(|signature| key.verify_strict(signed, &signature).is_ok()),
        _ => false,
    }
}

fn has_code<M: hmac::Mac + hmac::KeyInit>(secret: &[u8], signed: &[u8], code: &[u8]) -> bool {
    <M as hmac::KeyInit>::new_from_slice(secret).is_ok_and(|mut mac| {
        mac.update(signed);
        mac.verify_slice(code).is_ok()
    })
}

fn of_rsa(key: &PublicKey, algorithm: &str, signed: &[u8], signature: &[u8]) -> bool {
    let key = key.clone();
    let plain = || pkcs1v15::Signature::try_from(signature);
    let salted = || pss::Signature::try_from(signature);
    match algorithm {
        "RS256" => plain().is_ok_and(|signature| {
            pkcs1v15::VerifyingKey::<Sha256>::new(key)
                .verify(signed, &signature)
                .is_ok()
        }),
        "RS384" => plain().is_ok_and(|signature| {
            pkcs1v15::VerifyingKey::<Sha384>::new(key)
                .verify(signed, &signature)
                .is_ok()
        }),
        "RS512" => plain().is_ok_and(|signature| {
            pkcs1v15::VerifyingKey::<Sha512>::new(key)
                .verify(signed, &signature)
                .is_ok()
        }),
        "PS256" => salted().is_ok_and(|signature| {
            pss::VerifyingKey::<Sha256>::new(key)
                .verify(signed, &signature)
                .is_ok()
        }),
        "PS384" => salted().is_ok_and(|signature| {
            pss::VerifyingKey::<Sha384>::new(key)
                .verify(signed, &signature)
                .is_ok()
        }),
        "PS512" => salted().is_ok_and(|signature| {
            pss::VerifyingKey::<Sha512>::new(key)
                .verify(signed, &signature)
                .is_ok()
        }),
        _ => false,
    }
}
