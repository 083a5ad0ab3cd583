//! The number of a quantity: 64 bits and a power of ten while it fits, an exact decimal beyond.
//!
//! Which of the two forms a number has is visible where results are cut to 64 bits, so every
//! operation changes the form exactly where Kubernetes' own does.

use std::cmp::Ordering;

use num_bigint::{BigInt, Sign};

use super::decimal::{Decimal, ten_to};

/// The largest power of ten, up or down, that a quantity may have.
pub(super) const MAX_EXPONENT: i32 = 10_000;

/// A number, `value × 10^exponent` or an exact decimal.
#[derive(Clone, Debug)]
pub(super) enum Amount {
    Small { value: i64, exponent: i32 },
    Big(Decimal),
}

impl Amount {
    pub(super) const ZERO: Amount = Amount::Small {
        value: 0,
        exponent: 0,
    };

    pub(super) fn sign(&self) -> i32 {
        match self {
            Amount::Small { value, .. } => i32::from(*value > 0) - i32::from(*value < 0),
            Amount::Big(decimal) => decimal.sign(),
        }
    }

    pub(super) fn to_decimal(&self) -> Decimal {
        match self {
            Amount::Small { value, exponent } => Decimal::new(*value, -exponent),
            Amount::Big(decimal) => decimal.clone(),
        }
    }

    pub(super) fn add(&self, other: &Amount) -> Amount {
        if let (Amount::Small { .. }, Amount::Small { .. }) = (self, other)
            && let Some(sum) = self.add_small(other)
        {
            return sum;
        }
        Amount::Big(self.to_decimal().add(&other.to_decimal()))
    }

    pub(super) fn subtract(&self, other: &Amount) -> Amount {
        if let (Amount::Small { .. }, Amount::Small { .. }) = (self, other)
            && let Some(difference) = self.add_small(&other.negate())
        {
            return difference;
        }
        Amount::Big(self.to_decimal().add(&other.to_decimal().negate()))
    }

    pub(super) fn negate(&self) -> Amount {
        match self {
            Amount::Small { value, exponent } => Amount::Small {
                value: value.wrapping_neg(),
                exponent: *exponent,
            },
            Amount::Big(decimal) => Amount::Big(decimal.clone().negate()),
        }
    }

    /// Whether the small form itself shows that no digit stands below ten to the `wanted`.
    pub(super) fn is_multiple_of(&self, wanted: i32) -> bool {
        matches!(self, Amount::Small { exponent, .. } if *exponent >= wanted)
    }

    /// The number with no digit below ten to the `exponent`, rounded away from zero; whether
    /// nothing was lost.
    pub(super) fn round_up(&self, exponent: i32) -> (Amount, bool) {
        let wanted = exponent.clamp(-MAX_EXPONENT, MAX_EXPONENT);
        match self {
            Amount::Small { .. } if self.is_multiple_of(wanted) => (self.clone(), true),
            Amount::Small { value, exponent } => {
                let (value, exact) = shorten(*value, wanted.saturating_sub(*exponent));
                let exponent = wanted;
                (Amount::Small { value, exponent }, exact)
            }
            Amount::Big(decimal) => {
                let rounded = decimal.round_up(-wanted);
                let exact = rounded.compare(decimal).is_eq();
                (Amount::Big(rounded), exact)
            }
        }
    }

    /// The number in units of ten to the `exponent`, in 64 bits. Where it does not fit, the
    /// answer is the one that Kubernetes gives: zero, or the low bits of a product.
    pub(super) fn scaled(&self, exponent: i32) -> i64 {
        let wanted = exponent.clamp(-MAX_EXPONENT, MAX_EXPONENT);
        match self {
            Amount::Small { value, exponent } if *exponent < wanted => {
                shorten(*value, wanted.saturating_sub(*exponent)).0
            }
            Amount::Small { value, exponent } => {
                let places = exponent.saturating_sub(wanted);
                lengthen(*value, places).unwrap_or_else(|| overflown(*value, places))
            }
            Amount::Big(decimal) => scaled_decimal(decimal, decimal.scale.saturating_add(wanted)),
        }
    }

    /// The digits and the exponent of ten with all factors of ten in the exponent.
    pub(super) fn without_tens(&self) -> (BigInt, i32) {
        match self {
            Amount::Small { value, exponent } => {
                let (mut value, mut exponent) = (*value, *exponent);
                while value != 0 && value % 10 == 0 {
                    value /= 10;
                    exponent = exponent.saturating_add(1);
                }
                (value.into(), exponent)
            }
            Amount::Big(decimal) => decimal.without_tens(),
        }
    }

    pub(super) fn compare(&self, other: &Amount) -> Ordering {
        if let (
            Amount::Small { value, exponent },
            Amount::Small {
                value: right,
                exponent: right_exponent,
            },
        ) = (self, other)
        {
            let lowest = *exponent.min(right_exponent);
            let widen = |value: i64, exponent: i32| {
                let power = u32::try_from(exponent.saturating_sub(lowest)).ok()?;
                i128::from(value).checked_mul(10_i128.checked_pow(power)?)
            };
            if let (Some(left), Some(right)) =
                (widen(*value, *exponent), widen(*right, *right_exponent))
            {
                return left.cmp(&right);
            }
        }
        self.to_decimal().compare(&other.to_decimal())
    }

    fn add_small(&self, other: &Amount) -> Option<Amount> {
        let (
            Amount::Small { value, exponent },
            Amount::Small {
                value: right,
                exponent: right_exponent,
            },
        ) = (self, other)
        else {
            return None;
        };
        if *right == 0 {
            return Some(self.clone());
        }
        if *value == 0 {
            return Some(other.clone());
        }
        let lowest = *exponent.min(right_exponent);
        let left = lengthen(*value, exponent.saturating_sub(lowest))?;
        let right = lengthen(*right, right_exponent.saturating_sub(lowest))?;
        Some(Amount::Small {
            value: left.checked_add(right)?,
            exponent: lowest,
        })
    }
}

/// `value × 10^places`, if it fits.
fn lengthen(value: i64, places: i32) -> Option<i64> {
    if value == 0 {
        return Some(0);
    }
    value.checked_mul(10_i64.checked_pow(u32::try_from(places).ok()?)?)
}

/// What Kubernetes answers for a product that does not fit: it multiplies by some powers at once
/// and keeps the low bits, by others digit by digit and gives up.
fn overflown(value: i64, places: i32) -> i64 {
    match places {
        _ if value == i64::MIN => 0,
        1 | 2 | 3 | 6 | 9 => value.wrapping_mul(10_i64.pow(places.unsigned_abs())),
        _ => 0,
    }
}

/// `value / 10^places`, rounded away from zero, and whether nothing was lost.
fn shorten(value: i64, places: i32) -> (i64, bool) {
    let power = u32::try_from(places).unwrap_or_default();
    let Some(divisor) = 10_i64.checked_pow(power) else {
        return (value.signum(), value == 0);
    };
    let (whole, rest) = (value / divisor, value % divisor);
    (whole + rest.signum(), rest == 0)
}

fn scaled_decimal(decimal: &Decimal, places: i32) -> i64 {
    if places <= 0 {
        let power = places.unsigned_abs();
        let factor = 10_i64.checked_pow(power).unwrap_or(i64::MIN);
        return decimal.low_bits().wrapping_mul(factor);
    }
    // Kubernetes compares with the upper bound only, and so cuts large negative numbers.
    if decimal.unscaled < BigInt::from(i64::MAX) && places < 19 {
        let divisor = 10_i64.pow(places.unsigned_abs());
        let low = decimal.low_bits();
        return low / divisor + i64::from(low % divisor != 0);
    }
    let divisor = ten_to(places);
    let mut whole = &decimal.unscaled / &divisor;
    let rest = &decimal.unscaled % &divisor;
    // The division there rounds down, and its remainder then counts up.
    if rest.sign() == Sign::Plus {
        whole += 1;
    }
    Decimal::new(whole, 0).low_bits()
}
