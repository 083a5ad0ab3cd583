//! Keys, and sets of them (RFC 7517).

use p256::elliptic_curve::sec1::Sec1Point;
use rsa::{BoxedUint, PublicKey};
use serde_json::Value as Json;

use super::token::decoded;

/// A key that can verify signatures.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Key {
    /// A secret that both sides know.
    Secret(Box<[u8]>),
    /// The public half of an RSA key.
    Rsa(Box<PublicKey>),
    /// A point on the curve P-256.
    P256(Box<p256::ecdsa::VerifyingKey>),
    /// A point on the curve P-384.
    P384(Box<p384::ecdsa::VerifyingKey>),
    /// A point on the curve P-521.
    P521(Box<p521::ecdsa::VerifyingKey>),
    /// A point on the curve Ed25519 (RFC 8037).
    Ed25519(Box<ed25519_dalek::VerifyingKey>),
}

/// Keys of an issuer of tokens.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct KeySet(pub(super) Vec<NamedKey>);

/// A key of a set.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct NamedKey {
    /// Its name.
    pub(super) id: Option<String>,
    /// The only algorithm that it is for, where it says so.
    pub(super) algorithm: Option<String>,
    pub(super) key: Key,
}

impl KeySet {
    /// A set of one key without a name.
    pub(super) fn of(key: Key) -> KeySet {
        KeySet(vec![NamedKey {
            id: None,
            algorithm: None,
            key,
        }])
    }

    /// Reads `{"keys": […]}`, or one key. Keys that are not for signatures, and those of kinds that
    /// are not known, are left out.
    pub(super) fn read(json: &Json) -> Result<KeySet, String> {
        let one = std::slice::from_ref(json);
        let keys = match json.get("keys").and_then(Json::as_array) {
            Some(keys) => keys.as_slice(),
            None if json.get("kty").is_some() => one,
            None => return Err("the answer is no set of keys".to_owned()),
        };
        let text = |key: &Json, name: &str| key.get(name)?.as_str().map(str::to_owned);
        let is_for_signatures = |key: &&Json| text(key, "use").is_none_or(|of| of == "sig");
        let keys = keys.iter().filter(is_for_signatures).filter_map(|key| {
            Some(NamedKey {
                id: text(key, "kid"),
                algorithm: text(key, "alg"),
                key: Key::read(key)?,
            })
        });
        Ok(KeySet(keys.collect()))
    }
}

impl Key {
    fn read(json: &Json) -> Option<Key> {
        let number = |name: &str| decoded(json.get(name)?.as_str()?);
        match json.get("kty")?.as_str()? {
            "oct" => number("k")
                .filter(|key| !key.is_empty())
                .map(|key| Key::Secret(key.into())),
            "RSA" => {
                let [modulus, exponent] = [number("n")?, number("e")?];
                let whole = |bytes: &[u8]| BoxedUint::from_be_slice_vartime(bytes);
                let key = PublicKey::new(whole(&modulus), whole(&exponent));
                key.ok().map(|key| Key::Rsa(Box::new(key)))
            }
            "OKP" if json.get("crv")?.as_str()? == "Ed25519" => {
                let point: [u8; 32] = number("x")?.try_into().ok()?;
                let key = ed25519_dalek::VerifyingKey::from_bytes(&point).ok()?;
                Some(Key::Ed25519(Box::new(key)))
            }
            "EC" => {
                let point = |size: usize| -> Option<Vec<u8>> {
                    let [x, y] = [number("x")?, number("y")?];
                    (x.len() == size && y.len() == size).then(|| [&[4], &x[..], &y].concat())
                };
                match json.get("crv")?.as_str()? {
                    "P-256" => {
                        let point = Sec1Point::<p256::NistP256>::from_bytes(point(32)?).ok()?;
                        let key = p256::ecdsa::VerifyingKey::from_sec1_point(&point).ok()?;
                        Some(Key::P256(Box::new(key)))
                    }
                    "P-384" => {
                        let point = Sec1Point::<p384::NistP384>::from_bytes(point(48)?).ok()?;
                        let key = p384::ecdsa::VerifyingKey::from_sec1_point(&point).ok()?;
                        Some(Key::P384(Box::new(key)))
                    }
                    "P-521" => {
                        let point = Sec1Point::<p521::NistP521>::from_bytes(point(66)?).ok()?;
                        let key = p521::ecdsa::VerifyingKey::from_sec1_point(&point).ok()?;
                        Some(Key::P521(Box::new(key)))
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }
}
