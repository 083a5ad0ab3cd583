//! Public keys of signers, and whether one made a signature: over SHA-256, with ECDSA on P-256 or
//! P-384, or with RSA (PKCS #1 v1.5).

use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::pkcs8::DecodePublicKey;
use rsa::pkcs1v15;
use sha2::{Digest, Sha256};

/// A key that can verify signatures.
#[derive(Debug)]
pub(super) enum PublicKey {
    P256(Box<p256::ecdsa::VerifyingKey>),
    P384(Box<p384::ecdsa::VerifyingKey>),
    Rsa(Box<pkcs1v15::VerifyingKey<Sha256>>),
}

impl PublicKey {
    /// Reads a key in PEM.
    ///
    /// # Errors
    /// The key is of another kind, or is none.
    pub(super) fn read(text: &str) -> Result<PublicKey, String> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let text = lines.collect::<Vec<_>>().join("\n");
        if let Ok(key) = p256::ecdsa::VerifyingKey::from_public_key_pem(&text) {
            return Ok(PublicKey::P256(Box::new(key)));
        }
        if let Ok(key) = p384::ecdsa::VerifyingKey::from_public_key_pem(&text) {
            return Ok(PublicKey::P384(Box::new(key)));
        }
        match rsa::PublicKey::from_public_key_pem(&text) {
            Ok(key) => Ok(PublicKey::Rsa(Box::new(pkcs1v15::VerifyingKey::new(key)))),
            Err(_) => Err("the public key is no PEM of ECDSA P-256, P-384 or RSA".to_owned()),
        }
    }

    /// Whether the key made a signature over a text.
    pub(super) fn signed(&self, text: &[u8], signature: &[u8]) -> bool {
        let hash = Sha256::digest(text);
        match self {
            PublicKey::P256(key) => p256::ecdsa::Signature::from_der(signature)
                .is_ok_and(|signature| key.verify_prehash(&hash, &signature).is_ok()),
            PublicKey::P384(key) => p384::ecdsa::Signature::from_der(signature)
                .is_ok_and(|signature| key.verify_prehash(&hash, &signature).is_ok()),
            PublicKey::Rsa(key) => pkcs1v15::Signature::try_from(signature)
                .is_ok_and(|signature| key.verify_prehash(&hash, &signature).is_ok()),
        }
    }
}
