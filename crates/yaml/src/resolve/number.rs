//! Numbers as Kubernetes' reader knows them, and as Go prints them.

use serde_json::{Number, Value};

use super::Scalar;
use crate::Mode;

/// `.inf`, `-.inf` and `.nan` in three spellings each.
pub(super) fn infinite(text: &str) -> Option<f64> {
    match text {
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Some(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Some(f64::NEG_INFINITY),
        ".nan" | ".NaN" | ".NAN" => Some(f64::NAN),
        _ => None,
    }
}

/// An integer in base 2, 8, 10 or 16, or a float; `_` may stand anywhere.
pub(super) fn parse<'a>(text: &str, mode: Mode) -> Option<Scalar<'a>> {
    if let Some(int) = short_decimal(text) {
        return Some(Scalar::Int(int));
    }
    if text
        .bytes()
        .any(|byte| !byte.is_ascii_alphanumeric() && !matches!(byte, b'_' | b'+' | b'-' | b'.'))
    {
        return None;
    }
    if !text.contains('_') {
        return without_underscores(text, mode);
    }
    without_underscores(&text.replace('_', ""), mode)
}

/// The common case: up to 18 digits, no sign, no leading zero.
#[inline]
fn short_decimal(text: &str) -> Option<i64> {
    if text.len() > 18 || (text.len() > 1 && text.starts_with('0')) {
        return None;
    }
    text.bytes().try_fold(0, |sum, byte| {
        byte.is_ascii_digit()
            .then(|| sum * 10 + i64::from(byte - b'0'))
    })
}

fn without_underscores<'a>(text: &str, mode: Mode) -> Option<Scalar<'a>> {
    let (sign, digits) = split_sign(text);
    let (base, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, digits.get(2..)?),
        [b'0', b'o' | b'O', ..] => (8, digits.get(2..)?),
        [b'0', b'b' | b'B', ..] => (2, digits.get(2..)?),
        [b'0', _, ..] => (8, digits.get(1..)?),
        _ => (10, digits),
    };
    integer(sign, digits, base)
        .or_else(|| {
            is_decimal_float(text)
                .then(|| finite(text))
                .flatten()
                .map(Scalar::Float)
        })
        .or_else(|| doubly_signed(text, mode))
}

fn split_sign(text: &str) -> (&str, &str) {
    match text.strip_prefix(['+', '-']) {
        Some(rest) => text
            .split_at_checked(text.len() - rest.len())
            .unwrap_or(("", text)),
        None => ("", text),
    }
}

fn integer<'a>(sign: &str, digits: &str, base: u32) -> Option<Scalar<'a>> {
    if !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, base).ok()?;
    match sign {
        "-" => 0i64.checked_sub_unsigned(magnitude).map(Scalar::Int),
        _ => match i64::try_from(magnitude) {
            Ok(int) => Some(Scalar::Int(int)),
            Err(_) => sign.is_empty().then_some(Scalar::UInt(magnitude)),
        },
    }
}

/// `0b`, and in [`Mode::V3`] `0o`, take one more sign after the prefix: `0b+1` is 1, `0b-1` is -1.
fn doubly_signed<'a>(text: &str, mode: Mode) -> Option<Scalar<'a>> {
    let (base, digits) = match text.strip_prefix("0b") {
        Some(digits) => (2, digits),
        None if mode == Mode::V3 => (8, text.strip_prefix("0o")?),
        None => return None,
    };
    i64::from_str_radix(digits, base).ok().map(Scalar::Int)
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_decimal_float(text: &str) -> bool {
    let (_, rest) = split_sign(text);
    let whole = rest.trim_start_matches(|char: char| char.is_ascii_digit());
    let has_whole = whole.len() < rest.len();
    let (rest, has_fraction) = match whole.strip_prefix('.') {
        Some(fraction) => {
            let rest = fraction.trim_start_matches(|char: char| char.is_ascii_digit());
            (rest, rest.len() < fraction.len())
        }
        None => (whole, false),
    };
    if !has_whole && !has_fraction {
        return false;
    }
    match rest.strip_prefix(['e', 'E']) {
        Some(exponent) => {
            let (_, digits) = split_sign(exponent);
            !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
        }
        None => rest.is_empty(),
    }
}

fn finite(text: &str) -> Option<f64> {
    text.parse().ok().filter(|float: &f64| float.is_finite())
}

/// A float that starts with `.`; a `_` may stand between two digits.
pub(super) fn go_float(text: &str) -> Option<f64> {
    let bytes = text.as_bytes();
    let is_digit = |at: Option<usize>| {
        at.and_then(|at| bytes.get(at))
            .is_some_and(u8::is_ascii_digit)
    };
    let well_placed = bytes
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'_')
        .all(|(at, _)| is_digit(at.checked_sub(1)) && is_digit(at.checked_add(1)));
    if !well_placed {
        return None;
    }
    let plain = text.replace('_', "");
    if is_decimal_float(&plain) {
        finite(&plain)
    } else {
        None
    }
}

/// The JSON value of a float as Go writes it: `1.0` becomes the integer 1, `1e21` stays a float.
/// Nothing for infinities and NaN, which JSON does not have.
pub(crate) fn float_value(float: f64) -> Option<Value> {
    if float.fract() == 0.0 && float.abs() < 1e21 && (float != 0.0 || float.is_sign_positive()) {
        // Go writes these in full, so they read back as integers where they fit.
        let text = format!("{float}");
        if let Ok(int) = text.parse::<i64>() {
            return Some(Value::from(int));
        }
        if let Ok(int) = text.parse::<u64>() {
            return Some(Value::from(int));
        }
    }
    Number::from_f64(float).map(Value::Number)
}

/// A float as a key: 32 bits of precision, an exponent from seven digits or four zeros on.
pub(crate) fn float_key(float: f64) -> String {
    let float = float as f32;
    if float.is_nan() {
        return ".nan".to_owned();
    }
    if float.is_infinite() {
        return if float > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let scientific = format!("{float:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if float != 0.0 && !(-4..6).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.abs());
    }
    format!("{float}")
}
