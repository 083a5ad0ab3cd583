//! `md5`, `sha1` and `sha256`, as hexadecimal digits.

use std::fmt::Write as _;

use md5::Md5;
use portcullis_values::Val;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::Call;
use crate::error::Evaluated;

pub(super) fn md5<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    Ok(hexadecimal(&Md5::digest(call.bytes(0)?)))
}

pub(super) fn sha1<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    Ok(hexadecimal(&Sha1::digest(call.bytes(0)?)))
}

pub(super) fn sha256<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    Ok(hexadecimal(&Sha256::digest(call.bytes(0)?)))
}

fn hexadecimal<'a>(bytes: &[u8]) -> Val<'a> {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    Val::from(text)
}
