//! Exact decimals of any size: `unscaled × 10^-scale`.
//!
//! The scale is part of the value's form: a sum has the larger scale of its terms, a product the
//! sum of the scales, and rounding sets the scale it is asked for.

use std::cmp::Ordering;

use num_bigint::{BigInt, Sign};

/// An exact decimal.
#[derive(Clone, Debug)]
pub(super) struct Decimal {
    pub(super) unscaled: BigInt,
    pub(super) scale: i32,
}

impl Decimal {
    pub(super) fn new(unscaled: impl Into<BigInt>, scale: i32) -> Decimal {
        Decimal {
            unscaled: unscaled.into(),
            scale,
        }
    }

    /// Reads `-12.5`: a sign, digits and at most one point, with at least one digit.
    pub(super) fn parse(text: &str) -> Option<Decimal> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = format!("{whole}{fraction}");
        Some(Decimal {
            unscaled: digits.parse().ok()?,
            scale: i32::try_from(fraction.len()).ok()?,
        })
    }

    pub(super) fn sign(&self) -> i32 {
        match self.unscaled.sign() {
            Sign::Minus => -1,
            Sign::NoSign => 0,
            Sign::Plus => 1,
        }
    }

    pub(super) fn add(&self, other: &Decimal) -> Decimal {
        let scale = self.scale.max(other.scale);
        Decimal {
            unscaled: self.unscaled_at(scale) + other.unscaled_at(scale),
            scale,
        }
    }

    pub(super) fn negate(self) -> Decimal {
        Decimal {
            unscaled: -self.unscaled,
            scale: self.scale,
        }
    }

    pub(super) fn multiply(&self, other: &Decimal) -> Decimal {
        Decimal {
            unscaled: &self.unscaled * &other.unscaled,
            scale: self.scale.saturating_add(other.scale),
        }
    }

    /// Divides at the larger of the two scales, rounding toward zero.
    pub(super) fn divide(&self, divisor: &Decimal) -> Option<Decimal> {
        let scale = self.scale.max(divisor.scale);
        let shift = scale.saturating_sub(self.scale.saturating_sub(divisor.scale));
        let (mut dividend, mut by) = (self.unscaled.clone(), divisor.unscaled.clone());
        if shift >= 0 {
            dividend *= ten_to(shift);
        } else {
            by *= ten_to(-shift);
        }
        let unscaled = dividend.checked_div(&by)?;
        Some(Decimal { unscaled, scale })
    }

    /// The same value at `scale`, rounded away from zero where digits are lost.
    pub(super) fn round_up(&self, scale: i32) -> Decimal {
        if scale >= self.scale {
            return Decimal::new(self.unscaled_at(scale), scale);
        }
        let divisor = ten_to(self.scale.saturating_sub(scale));
        let mut unscaled = &self.unscaled / &divisor;
        if (&self.unscaled % &divisor).sign() != Sign::NoSign {
            unscaled += self.sign();
        }
        Decimal { unscaled, scale }
    }

    /// Compares by value, without writing out the zeros of a large exponent.
    pub(super) fn compare(&self, other: &Decimal) -> Ordering {
        let signs = self.sign().cmp(&other.sign());
        if signs.is_ne() || self.sign() == 0 {
            return signs;
        }
        let (left, right) = (self.magnitude(), other.magnitude());
        // The bit length gives the magnitude to one digit; further apart, it decides.
        if (left - right).abs() > 2 {
            let order = left.cmp(&right);
            return if self.sign() < 0 {
                order.reverse()
            } else {
                order
            };
        }
        let scale = self.scale.max(other.scale);
        self.unscaled_at(scale).cmp(&other.unscaled_at(scale))
    }

    /// The factors of ten taken out: the digits with their sign, and the exponent of ten.
    pub(super) fn without_tens(&self) -> (BigInt, i32) {
        let text = self.unscaled.to_string();
        let digits = text.trim_end_matches('0');
        let zeros = i32::try_from(text.len() - digits.len()).unwrap_or(i32::MAX);
        let unscaled = digits.parse().unwrap_or_default();
        (unscaled, zeros.saturating_sub(self.scale))
    }

    /// The low 64 bits of the unscaled number.
    pub(super) fn low_bits(&self) -> i64 {
        let low = self.unscaled.magnitude().iter_u64_digits().next();
        let low = low.unwrap_or_default().cast_signed();
        if self.sign() < 0 {
            low.wrapping_neg()
        } else {
            low
        }
    }

    /// The unscaled number at a scale that is not smaller than its own.
    fn unscaled_at(&self, scale: i32) -> BigInt {
        &self.unscaled * ten_to(scale.saturating_sub(self.scale))
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "an estimate: lengths are far below 2^53"
    )]
    fn magnitude(&self) -> i64 {
        let digits = self.unscaled.bits() as f64 * std::f64::consts::LOG10_2;
        #[expect(clippy::cast_possible_truncation, reason = "an estimate")]
        let digits = digits as i64;
        digits - i64::from(self.scale)
    }
}

impl std::fmt::Display for Decimal {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = self.unscaled.to_string();
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => ("-", digits),
            None => ("", text.as_str()),
        };
        let Ok(places) = usize::try_from(self.scale) else {
            let zeros = match self.sign() {
                0 => 0,
                _ => usize::try_from(self.scale.unsigned_abs()).unwrap_or_default(),
            };
            return write!(out, "{sign}{digits}{}", "0".repeat(zeros));
        };
        if places == 0 {
            return write!(out, "{sign}{digits}");
        }
        let width = places.saturating_add(1);
        let padded = format!("{digits:0>width$}");
        let (whole, fraction) = padded
            .split_at_checked(padded.len().saturating_sub(places))
            .unwrap_or((&padded, ""));
        write!(out, "{sign}{whole}.{fraction}")
    }
}

pub(super) fn ten_to(exponent: i32) -> BigInt {
    BigInt::from(10).pow(u32::try_from(exponent).unwrap_or_default())
}
