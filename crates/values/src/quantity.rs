//! Kubernetes quantities: exact numbers with a suffix, such as `250m`, `1.5`, `2Gi` and `12e6`.
//!
//! A quantity compares by its value (`1` equals `1000m`) and prints in the form it was written
//! in: decimal suffix, binary suffix or exponent. Sums and differences keep the format of the
//! first operand, unless that is zero.
//!
//! Values below one nano unit are rounded up to it; a binary quantity is at most 2^63-1; others
//! have no bound but the length of the text and an exponent of 10000.

mod amount;
mod canonical;
mod decimal;
mod parse;
mod suffix;

use std::{cmp::Ordering, fmt};

use amount::Amount;
use decimal::Decimal;
pub use parse::QuantityError;
pub use suffix::Format;

use crate::gofloat::power_of_ten;

/// An exact number with the format it is printed in.
#[derive(Clone, Debug)]
pub struct Quantity {
    amount: Amount,
    format: Format,
    /// The text as written, where that is kept and differs from the canonical form.
    text: Option<Box<str>>,
}

impl Quantity {
    /// Reads a quantity text.
    ///
    /// # Errors
    /// When the text is not a quantity.
    pub fn parse(text: &str) -> Result<Quantity, QuantityError> {
        let parsed = parse::parse(text)?;
        let keeps = parsed.keeps_text && differs_from_canonical(text);
        Ok(Quantity {
            amount: parsed.amount,
            format: parsed.format,
            text: keeps.then(|| text.into()),
        })
    }

    /// The quantity of a whole number.
    #[must_use]
    pub fn from_i64(value: i64, format: Format) -> Quantity {
        Quantity::computed(Amount::Small { value, exponent: 0 }, format)
    }

    /// The format it is printed in.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// -1, 0 or 1.
    #[must_use]
    pub fn sign(&self) -> i32 {
        self.amount.sign()
    }

    /// The canonical text, also where [`Display`](fmt::Display) keeps the written form (`+1`,
    /// `1.500`, `1E3`).
    #[must_use]
    pub fn canonical(&self) -> String {
        canonical::canonical(&self.amount, self.format)
    }

    /// The exact value as a plain decimal number, without suffix or exponent.
    #[must_use]
    pub fn to_decimal(&self) -> String {
        self.amount.to_decimal().to_string()
    }

    /// The sum. The format is that of `self`, or of `other` if `self` is zero.
    #[must_use]
    pub fn add(&self, other: &Quantity) -> Quantity {
        Quantity::computed(self.amount.add(&other.amount), self.format_with(other))
    }

    /// The difference. The format is that of `self`, or of `other` if `self` is zero.
    #[must_use]
    pub fn subtract(&self, other: &Quantity) -> Quantity {
        Quantity::computed(self.amount.subtract(&other.amount), self.format_with(other))
    }

    /// The product, in the format of `self`.
    #[must_use]
    pub fn multiply(&self, factor: &Quantity) -> Quantity {
        let product = self.decimal().multiply(&factor.decimal());
        Quantity::computed(Amount::Big(product), self.format)
    }

    /// The quotient in the format of `self`, cut to as many decimals as the longer of the two
    /// has; none if the divisor is zero.
    #[must_use]
    pub fn divide(&self, divisor: &Quantity) -> Option<Quantity> {
        let quotient = self.decimal().divide(&divisor.decimal())?;
        Some(Quantity::computed(Amount::Big(quotient), self.format))
    }

    /// The number with its sign changed.
    #[must_use]
    pub fn negate(&self) -> Quantity {
        Quantity::computed(self.amount.negate(), self.format)
    }

    /// Rounds away from zero to a multiple of ten to the `exponent`; whether nothing was lost.
    #[must_use]
    pub fn round_up(&self, exponent: i32) -> (Quantity, bool) {
        if self.amount.is_multiple_of(exponent) {
            return (self.clone(), true);
        }
        let (amount, exact) = self.amount.round_up(exponent);
        (Quantity::computed(amount, self.format), exact)
    }

    /// The number of units of ten to the `exponent`, rounded up: `scaled(0)` is the whole value,
    /// `scaled(-3)` the milli value. What does not fit 64 bits is cut, as Kubernetes cuts it.
    #[must_use]
    pub fn scaled(&self, exponent: i32) -> i64 {
        self.amount.scaled(exponent)
    }

    /// The whole number, if it is one, fits 64 bits and was computed in them.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        match &self.amount {
            Amount::Small { value, exponent } => {
                let power = u32::try_from(*exponent).ok()?;
                value.checked_mul(10_i64.checked_pow(power)?)
            }
            Amount::Big(_) => None,
        }
    }

    /// The nearest float, by the arithmetic of Kubernetes: the last digit may differ from the
    /// exact nearest.
    #[must_use]
    pub fn to_f64(&self) -> f64 {
        let (base, exponent) = match &self.amount {
            #[expect(clippy::cast_precision_loss, reason = "a float is asked for")]
            Amount::Small { value, exponent } => (*value as f64, *exponent),
            Amount::Big(decimal) => {
                let digits = decimal.unscaled.to_string();
                (digits.parse().unwrap_or(f64::NAN), -decimal.scale)
            }
        };
        if exponent == 0 {
            base
        } else {
            base * power_of_ten(exponent)
        }
    }

    fn computed(amount: Amount, format: Format) -> Quantity {
        Quantity {
            amount,
            format,
            text: None,
        }
    }

    fn format_with(&self, other: &Quantity) -> Format {
        match self.sign() {
            0 => other.format,
            _ => self.format,
        }
    }

    fn decimal(&self) -> Decimal {
        self.amount.to_decimal()
    }
}

impl Default for Quantity {
    fn default() -> Self {
        Quantity::computed(Amount::ZERO, Format::DecimalSi)
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.amount.compare(&other.amount)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.text {
            Some(text) => out.write_str(text),
            None => out.write_str(&self.canonical()),
        }
    }
}

impl std::str::FromStr for Quantity {
    type Err = QuantityError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Quantity::parse(text)
    }
}

/// Whether a text that keeps its form can differ from the canonical one. `250m` and `2Gi`
/// cannot, and need no copy.
fn differs_from_canonical(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits.starts_with('0') || digits.contains(['+', '.', 'e', 'E'])
}

#[cfg(test)]
mod tests;
