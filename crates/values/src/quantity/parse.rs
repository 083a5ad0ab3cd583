//! Reads a quantity text: `[+-]digits[.digits][suffix]`.
//!
//! A number without digits (`-`, `.`) is zero, as in Kubernetes. Values are rounded up to whole
//! nano units, and a binary value is at most 2^63-1.

use num_bigint::BigInt;

use super::{
    amount::{Amount, MAX_EXPONENT},
    decimal::Decimal,
    suffix::{Format, interpret},
};

/// Beyond this a text is refused before it is read: reading takes time by its square.
const MAX_LENGTH: usize = 10_000;

/// The decimal digits that always fit 64 bits.
const MAX_DIGITS: usize = 18;

/// Why a text is not a quantity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// The text is not a number with a suffix.
    #[error("`{0}` is not a quantity: write a number and a suffix, such as `250m`, `1.5` or `2Gi`")]
    Format(String),
    /// The suffix does not exist.
    #[error(
        "`{text}` is not a quantity: unknown suffix `{suffix}` (suffixes are `n`, `u`, `m`, `k`, `M`, `G`, `T`, `P`, `E`, `Ki`, `Mi`, `Gi`, `Ti`, `Pi`, `Ei` and `e` with an exponent)"
    )]
    Suffix {
        /// The whole text.
        text: String,
        /// The suffix that was found.
        suffix: String,
    },
    /// The part before the suffix is not a number.
    #[error("`{0}` is not a quantity: no number before its suffix")]
    Number(String),
    /// The text or its exponent is longer than any quantity needs.
    #[error("the quantity is too long: at most 10000 characters, and an exponent up to 10000")]
    TooLong,
}

/// The parts of a quantity text.
#[derive(Debug, Default)]
struct Parts<'a> {
    negative: bool,
    /// The number as written, with its sign.
    number: &'a str,
    /// The digits before the point, without leading zeros; `0` if there are none.
    whole: &'a str,
    /// The digits after the point.
    fraction: &'a str,
    suffix: &'a str,
}

/// A quantity that was read. `keeps_text` tells whether the written form stays its text.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) amount: Amount,
    pub(super) format: Format,
    pub(super) keeps_text: bool,
}

pub(super) fn parse(text: &str) -> Result<Parsed, QuantityError> {
    if text.len() > MAX_LENGTH {
        return Err(QuantityError::TooLong);
    }
    let parts = split(text).ok_or_else(|| QuantityError::Format(text.to_owned()))?;
    let (format, exponent) = interpret(parts.suffix).ok_or_else(|| QuantityError::Suffix {
        text: text.to_owned(),
        suffix: parts.suffix.to_owned(),
    })?;
    if exponent.unsigned_abs() > MAX_EXPONENT.unsigned_abs() {
        return Err(QuantityError::TooLong);
    }
    if let Some(parsed) = parse_small(&parts, format, exponent) {
        return Ok(parsed);
    }
    parse_big(&parts, format, exponent).ok_or_else(|| QuantityError::Number(text.to_owned()))
}

fn split(text: &str) -> Option<Parts<'_>> {
    if text.is_empty() {
        return None;
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let significant = unsigned.trim_start_matches('0');
    let negative = text.starts_with('-');
    if significant.is_empty() {
        return Some(Parts {
            negative,
            number: "0",
            whole: "0",
            ..Parts::default()
        });
    }
    let (whole, rest) = split_digits(significant);
    let (fraction, suffix) = match rest.strip_prefix('.') {
        Some(rest) => split_digits(rest),
        None => ("", rest),
    };
    let letters =
        suffix.trim_start_matches(['e', 'E', 'i', 'n', 'u', 'm', 'k', 'K', 'M', 'G', 'T', 'P']);
    let digits = letters.strip_prefix(['-', '+']).unwrap_or(letters);
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(Parts {
        negative,
        number: text.strip_suffix(suffix)?,
        whole: if whole.is_empty() { "0" } else { whole },
        fraction,
        suffix,
    })
}

fn split_digits(text: &str) -> (&str, &str) {
    let end = text.bytes().take_while(u8::is_ascii_digit).count();
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// Reads what fits 64 bits with room to spare.
fn parse_small(parts: &Parts<'_>, format: Format, exponent: i32) -> Option<Parsed> {
    let (mantissa, room, exponent) = match format {
        Format::DecimalSi | Format::DecimalExponent => {
            let digits = parts.whole.len() + parts.fraction.len();
            (1, MAX_DIGITS.checked_sub(digits), exponent)
        }
        Format::BinarySi if parts.fraction.is_empty() => {
            let used = parts.whole.len() + 1 + usize::try_from(exponent * 3 / 10).ok()?;
            (
                1_i64.checked_shl(exponent.unsigned_abs())?,
                15_usize.checked_sub(used),
                0,
            )
        }
        Format::BinarySi => return None,
    };
    room?;
    let exponent = exponent.checked_sub(i32::try_from(parts.fraction.len()).ok()?)?;
    if exponent < -9 {
        return None;
    }
    let value = parts.whole.bytes().chain(parts.fraction.bytes());
    let value = value.fold(0_i64, |value, digit| value * 10 + i64::from(digit - b'0'));
    let size = value.checked_mul(mantissa)?;
    Some(Parsed {
        amount: Amount::Small {
            value: if parts.negative { -size } else { size },
            exponent,
        },
        format,
        keeps_text: match format {
            Format::BinarySi => value & 7 != 0,
            _ => exponent % 3 == 0 && !parts.whole.starts_with('0') && value % 1000 != 0,
        },
    })
}

fn parse_big(parts: &Parts<'_>, format: Format, exponent: i32) -> Option<Parsed> {
    let mut decimal = Decimal::parse(parts.number)?;
    if format == Format::BinarySi {
        decimal.unscaled <<= exponent.unsigned_abs();
    } else {
        decimal.scale = decimal.scale.checked_sub(exponent)?;
    }
    if decimal.sign() != 0 {
        decimal = decimal.round_up(9);
    }
    let mut format = format;
    if format == Format::BinarySi {
        (decimal, format) = cap(decimal);
    }
    Some(Parsed {
        amount: Amount::Big(decimal),
        format,
        keeps_text: false,
    })
}

/// The bounds of a binary quantity; one between -1 and 1 is written with a power of ten.
fn cap(decimal: Decimal) -> (Decimal, Format) {
    let sign = decimal.sign();
    let size = if sign < 0 { decimal.negate() } else { decimal };
    let largest = Decimal::new(BigInt::from(i64::MAX), 0);
    let size = if size.compare(&largest).is_gt() {
        largest
    } else {
        size
    };
    let format = match sign != 0 && size.compare(&Decimal::new(1, 0)).is_lt() {
        true => Format::DecimalSi,
        false => Format::BinarySi,
    };
    (if sign < 0 { size.negate() } else { size }, format)
}
