//! Kyverno's arithmetic on numbers, quantities and durations: `add`, `subtract`, `multiply`,
//! `divide` and `modulo`.
//!
//! An operand is a number, or a text that is read as a quantity and, failing that, as a duration.
//! So the text `10` is a quantity, and `10` and `"10"` do not add up; `30m` is 0.03, not minutes.
//!
//! | | with | gives |
//! |---|---|---|
//! | add, subtract | the same kind | that kind |
//! | multiply | a number, on either side | the other's kind |
//! | divide | the same kind | a number |
//! | divide | a number on the right | the left's kind |
//! | modulo | the same kind, whole numbers | that kind |

use std::fmt;

use crate::{
    duration::{GoDuration, to_go_int64},
    gofloat::format_v,
    quantity::{Quantity, QuantityError},
};

/// One side of an arithmetic function, or its result.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// A plain number.
    Number(f64),
    /// A Kubernetes quantity.
    Quantity(Quantity),
    /// A Go duration.
    Duration(GoDuration),
}

/// Why two operands have no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArithmeticError {
    /// The kinds do not go together.
    #[error("{left} and {right} do not go together here")]
    Mismatch {
        /// The kind on the left, with its article.
        left: &'static str,
        /// The kind on the right, with its article.
        right: &'static str,
    },
    /// The right side is zero.
    #[error("division by zero")]
    ZeroDivisor,
    /// A remainder was asked of a number with a fraction, or of one beyond 64 bits.
    #[error("a remainder needs whole numbers of at most 64 bits")]
    NotWhole,
    /// A number has no form as a quantity.
    #[error("a number that scales a quantity must be finite: {0}")]
    Factor(QuantityError),
}

type Outcome = Result<Operand, ArithmeticError>;

impl Operand {
    /// Reads a text: a quantity, else a duration, else none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Operand> {
        match Quantity::parse(text) {
            Ok(quantity) => Some(Operand::Quantity(quantity)),
            Err(_) => GoDuration::parse(text).ok().map(Operand::Duration),
        }
    }

    /// The sum.
    ///
    /// # Errors
    /// When the kinds differ.
    pub fn add(&self, other: &Operand) -> Outcome {
        Ok(match (self, other) {
            (Operand::Number(left), Operand::Number(right)) => Operand::Number(left + right),
            (Operand::Quantity(left), Operand::Quantity(right)) => {
                Operand::Quantity(left.add(right))
            }
            (Operand::Duration(left), Operand::Duration(right)) => {
                Operand::Duration(*left + *right)
            }
            _ => return Err(self.mismatch(other)),
        })
    }

    /// The difference.
    ///
    /// # Errors
    /// When the kinds differ.
    pub fn subtract(&self, other: &Operand) -> Outcome {
        Ok(match (self, other) {
            (Operand::Number(left), Operand::Number(right)) => Operand::Number(left - right),
            (Operand::Quantity(left), Operand::Quantity(right)) => {
                Operand::Quantity(left.subtract(right))
            }
            (Operand::Duration(left), Operand::Duration(right)) => {
                Operand::Duration(*left - *right)
            }
            _ => return Err(self.mismatch(other)),
        })
    }

    /// The product.
    ///
    /// # Errors
    /// When neither side is a number, or a quantity is multiplied by one that is not finite.
    pub fn multiply(&self, other: &Operand) -> Outcome {
        Ok(match (self, other) {
            (Operand::Number(left), Operand::Number(right)) => Operand::Number(left * right),
            (Operand::Quantity(quantity), Operand::Number(factor))
            | (Operand::Number(factor), Operand::Quantity(quantity)) => {
                Operand::Quantity(quantity.multiply(&as_quantity(*factor)?))
            }
            (Operand::Duration(duration), Operand::Number(factor))
            | (Operand::Number(factor), Operand::Duration(duration)) => {
                Operand::Duration(GoDuration::from_seconds(duration.seconds() * factor))
            }
            _ => return Err(self.mismatch(other)),
        })
    }

    /// The quotient. Of a quantity and a number it is cut to the decimals that the two have.
    ///
    /// # Errors
    /// When the kinds do not go together, or the right side is zero.
    pub fn divide(&self, other: &Operand) -> Outcome {
        Ok(match (self, other) {
            (Operand::Quantity(left), Operand::Quantity(right)) => {
                Operand::Number(ratio(left.to_f64(), right.to_f64())?)
            }
            (Operand::Duration(left), Operand::Duration(right)) => {
                Operand::Number(ratio(left.seconds(), right.seconds())?)
            }
            (Operand::Number(left), Operand::Number(right)) => {
                Operand::Number(ratio(*left, *right)?)
            }
            (Operand::Quantity(_) | Operand::Duration(_), Operand::Number(0.0)) => {
                return Err(ArithmeticError::ZeroDivisor);
            }
            (Operand::Quantity(left), Operand::Number(right)) => {
                let quotient = left.divide(&as_quantity(*right)?);
                Operand::Quantity(quotient.ok_or(ArithmeticError::ZeroDivisor)?)
            }
            (Operand::Duration(left), Operand::Number(right)) => {
                Operand::Duration(GoDuration::from_seconds(left.seconds() / right))
            }
            _ => return Err(self.mismatch(other)),
        })
    }

    /// The remainder, with the sign of the left side.
    ///
    /// # Errors
    /// When the kinds differ, a number is not whole, or the right side is zero.
    pub fn modulo(&self, other: &Operand) -> Outcome {
        Ok(match (self, other) {
            (Operand::Number(left), Operand::Number(right)) => {
                #[expect(clippy::cast_precision_loss, reason = "a float is the answer's kind")]
                let rest = remainder(whole(*left)?, whole(*right)?)? as f64;
                Operand::Number(rest)
            }
            (Operand::Quantity(left), Operand::Quantity(right)) => {
                let rest = remainder(whole(left.to_f64())?, whole(right.to_f64())?)?;
                Operand::Quantity(Quantity::from_i64(rest, left.format()))
            }
            (Operand::Duration(left), Operand::Duration(right)) => {
                Operand::Duration(GoDuration(remainder(left.0, right.0)?))
            }
            _ => return Err(self.mismatch(other)),
        })
    }

    fn mismatch(&self, other: &Operand) -> ArithmeticError {
        ArithmeticError::Mismatch {
            left: self.kind(),
            right: other.kind(),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Operand::Number(_) => "a number",
            Operand::Quantity(_) => "a quantity",
            Operand::Duration(_) => "a duration",
        }
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Operand::Number(number) => out.write_str(&format_v(*number)),
            Operand::Quantity(quantity) => quantity.fmt(out),
            Operand::Duration(duration) => duration.fmt(out),
        }
    }
}

/// A factor as Kyverno reads it: through its text.
fn as_quantity(number: f64) -> Result<Quantity, ArithmeticError> {
    Quantity::parse(&format_v(number)).map_err(ArithmeticError::Factor)
}

fn ratio(left: f64, right: f64) -> Result<f64, ArithmeticError> {
    if right == 0.0 {
        return Err(ArithmeticError::ZeroDivisor);
    }
    Ok(left / right)
}

fn whole(number: f64) -> Result<i64, ArithmeticError> {
    let whole = to_go_int64(number);
    #[expect(
        clippy::cast_precision_loss,
        clippy::float_cmp,
        reason = "asks whether the conversion lost anything"
    )]
    let exact = whole as f64 == number;
    exact.then_some(whole).ok_or(ArithmeticError::NotWhole)
}

fn remainder(left: i64, right: i64) -> Result<i64, ArithmeticError> {
    match right {
        0 => Err(ArithmeticError::ZeroDivisor),
        _ => Ok(left.wrapping_rem(right)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Operation = fn(&Operand, &Operand) -> Outcome;

    fn operand(text: &str) -> Operand {
        match text.strip_prefix('#') {
            Some(number) => Operand::Number(number.parse().unwrap()),
            None => Operand::parse(text).unwrap(),
        }
    }

    fn check(operation: Operation, left: &str, right: &str, expected: &str) {
        let found = match operation(&operand(left), &operand(right)) {
            Ok(result) => result.to_string(),
            Err(error) => error.to_string(),
        };
        assert!(found.contains(expected), "{left} {right}: {found}");
    }

    #[test]
    fn kinds_that_go_together() {
        check(Operand::add, "1Gi", "1Gi", "2Gi");
        check(Operand::add, "1h", "30m0s", "1h30m0s");
        check(Operand::add, "#1", "#2", "3");
        check(Operand::subtract, "10s", "1m0s", "-50s");
        check(Operand::multiply, "#2.5", "200m", "500m");
        check(Operand::multiply, "1m30s", "#2", "3m0s");
        check(Operand::divide, "10s", "4s", "2.5");
        check(Operand::divide, "1Gi", "#4", "256Mi");
        check(Operand::divide, "10", "#3", "3");
        check(Operand::divide, "10s", "#4", "2.5s");
        check(Operand::modulo, "7", "4", "3");
        check(Operand::modulo, "10s", "4s", "2s");
        check(Operand::modulo, "#-7", "#4", "-3");
    }

    #[test]
    fn kinds_that_do_not() {
        check(Operand::add, "1", "#1", "a quantity and a number");
        check(Operand::add, "1h", "30m", "a duration and a quantity");
        check(Operand::multiply, "1", "1", "a quantity and a quantity");
        check(Operand::divide, "#1", "1s", "a number and a duration");
        check(Operand::divide, "1s", "#0", "division by zero");
        check(Operand::divide, "1", "0", "division by zero");
        check(Operand::modulo, "1", "0", "division by zero");
        check(Operand::modulo, "#1.5", "#1", "whole numbers");
        check(Operand::multiply, "1", "#inf", "must be finite");
        assert_eq!(Operand::parse("text"), None);
    }
}
