//! The canonical text of a quantity: the largest suffix that leaves a whole number.
//!
//! A binary quantity below 1024, or with a fraction, is written with a power of ten instead, so
//! that nothing is lost.

use num_bigint::BigInt;

use super::{
    amount::Amount,
    suffix::{Format, construct},
};

pub(super) fn canonical(amount: &Amount, format: Format) -> String {
    if amount.sign() == 0 {
        return "0".to_owned();
    }
    if format == Format::BinarySi
        && let Some(text) = binary(amount)
    {
        return text;
    }
    let format = match format {
        Format::DecimalExponent => Format::DecimalExponent,
        Format::BinarySi | Format::DecimalSi => Format::DecimalSi,
    };
    let (mut digits, exponent) = amount.without_tens();
    let below = exponent.rem_euclid(3);
    digits *= 10_i32.pow(below.unsigned_abs());
    format!(
        "{digits}{}",
        construct(format, exponent.saturating_sub(below))
    )
}

fn binary(amount: &Amount) -> Option<String> {
    let bound = |value| Amount::Small { value, exponent: 0 };
    if amount.compare(&bound(-1024)).is_gt() && amount.compare(&bound(1024)).is_lt() {
        return None;
    }
    let (whole, exact) = amount.round_up(0);
    if !exact {
        return None;
    }
    let kilo = BigInt::from(1024);
    let mut digits = whole.to_decimal().round_up(0).unscaled;
    let mut exponent = 0_i32;
    let zeros = digits.trailing_zeros().unwrap_or_default() / 10;
    for _ in 0..zeros {
        digits /= &kilo;
        exponent = exponent.saturating_add(10);
    }
    Some(format!("{digits}{}", construct(Format::BinarySi, exponent)))
}
