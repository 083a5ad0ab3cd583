//! Signature algorithms by their number, and RSA keys.

use num_bigint::BigUint;
use serde_json::{Value, json};

use super::der::{Element, Fault, INTEGER, OID, SEQUENCE};

/// The number of a signature algorithm; 0 for one that is not known.
pub(super) fn signature_algorithm(element: &Element<'_>) -> Result<u8, Fault> {
    let mut parts = element.reader();
    Ok(match parts.take(OID)?.oid()?.as_slice() {
        [1, 2, 840, 113_549, 1, 1, 4] => 2,
        [1, 2, 840, 113_549, 1, 1, 5] | [1, 3, 14, 3, 2, 29] => 3,
        [1, 2, 840, 113_549, 1, 1, 10] => salted(&parts.take(SEQUENCE)?)?,
        [1, 2, 840, 113_549, 1, 1, 11] => 4,
        [1, 2, 840, 113_549, 1, 1, 12] => 5,
        [1, 2, 840, 113_549, 1, 1, 13] => 6,
        [1, 2, 840, 10040, 4, 3] => 7,
        [2, 16, 840, 1, 101, 3, 4, 3, 2] => 8,
        [1, 2, 840, 10045, 4, 1] => 9,
        [1, 2, 840, 10045, 4, 3, 2] => 10,
        [1, 2, 840, 10045, 4, 3, 3] => 11,
        [1, 2, 840, 10045, 4, 3, 4] => 12,
        [1, 3, 101, 112] => 16,
        _ => 0,
    })
}

/// RSA with a salt (PSS), by the hash of its parameters.
fn salted(parameters: &Element<'_>) -> Result<u8, Fault> {
    let Some(hash) = parameters.reader().optional(0xa0)? else {
        return Ok(0);
    };
    let hash = hash.reader().take(SEQUENCE)?.reader().take(OID)?.oid()?;
    Ok(match hash.as_slice() {
        [2, 16, 840, 1, 101, 3, 4, 2, 1] => 13,
        [2, 16, 840, 1, 101, 3, 4, 2, 2] => 14,
        [2, 16, 840, 1, 101, 3, 4, 2, 3] => 15,
        _ => 0,
    })
}

/// Modulus and exponent of the RSA key.
pub(super) fn rsa_key(info: &Element<'_>) -> Result<Value, Fault> {
    let mut parts = info.reader();
    let algorithm = parts.take(SEQUENCE)?.reader().take(OID)?.oid()?;
    if algorithm != [1, 2, 840, 113_549, 1, 1, 1] {
        return Err("its key is not an RSA key");
    }
    let mut key = super::der::Reader(parts.take(super::der::BIT_STRING)?.bits()?);
    let mut numbers = key.take(SEQUENCE)?.reader();
    let (modulus, exponent) = (numbers.take(INTEGER)?, numbers.take(INTEGER)?.small()?);
    Ok(json!({
        "N": BigUint::from_bytes_be(modulus.body).to_string(),
        "E": exponent,
    }))
}
