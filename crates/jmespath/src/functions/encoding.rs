//! `base64_decode` and `base64_encode`: the standard alphabet, padded.

use std::rc::Rc;

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use portcullis_values::Val;

use super::Call;
use crate::error::Evaluated;

pub(super) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// The decoded text; bytes that are no text stay as they are for `base64_encode` and the hashes.
/// Line breaks within the input do not count.
pub(super) fn base64_decode<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    let text: Vec<u8> = call
        .bytes(0)?
        .iter()
        .copied()
        .filter(|byte| !matches!(byte, b'\r' | b'\n'))
        .collect();
    let bytes = BASE64
        .decode(text)
        .map_err(|_| call.argument_error(0, "base64 text"))?;
    Ok(match String::from_utf8(bytes) {
        Ok(text) => Val::from(text),
        Err(error) => Val::Bytes(Rc::from(error.into_bytes())),
    })
}

pub(super) fn base64_encode<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    Ok(Val::from(BASE64.encode(call.bytes(0)?)))
}
