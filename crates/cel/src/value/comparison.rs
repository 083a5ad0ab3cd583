//! Equality and order. Numbers compare by what they are worth, across their types.

use std::cmp::Ordering;

use super::{List, Map, Value};
use crate::effort;

impl PartialEq for Value<'_> {
    /// `==` of the language: values of different kinds are not equal, and NaN is equal to nothing.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(left), Value::Bool(right)) => left == right,
            (Value::String(left), Value::String(right)) => {
                left.len() == right.len()
                    && effort::spend(effort::of_text(left.len()))
                    && left == right
            }
            (Value::Bytes(left), Value::Bytes(right)) => **left == **right,
            (Value::List(left), Value::List(right)) => lists_equal(left, right),
            (Value::Map(left), Value::Map(right)) => maps_equal(left, right),
            (Value::Struct(left), Value::Struct(right)) => {
                left.type_name == right.type_name && left.fields == right.fields
            }
            (Value::Duration(left), Value::Duration(right)) => left == right,
            (Value::Timestamp(left), Value::Timestamp(right)) => left == right,
            (Value::Type(left), Value::Type(right)) => left.runtime_name() == right.runtime_name(),
            (Value::Optional(left), Value::Optional(right)) => left == right,
            (Value::Opaque(left), Value::Opaque(right)) => left.equals(right.as_ref()),
            _ => compare_numbers(self, other) == Some(Ordering::Equal),
        }
    }
}

impl PartialOrd for Value<'_> {
    /// The order of `<`: of two values of one comparable kind, or of two numbers.
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
            (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
            (Value::Bytes(left), Value::Bytes(right)) => Some((**left).cmp(&**right)),
            (Value::Duration(left), Value::Duration(right)) => Some(left.cmp(right)),
            (Value::Timestamp(left), Value::Timestamp(right)) => Some(left.cmp(right)),
            _ => compare_numbers(self, other),
        }
    }
}

fn lists_equal(left: &List<'_>, right: &List<'_>) -> bool {
    left.len() == right.len()
        && left
            .iter()
            .zip(right.iter())
            .all(|(left, right)| effort::spend(1) && left == right)
}

fn maps_equal(left: &Map<'_>, right: &Map<'_>) -> bool {
    left.len() == right.len()
        && left.iter().all(|(key, value)| {
            effort::spend(1) && right.get(&key).is_some_and(|other| other == value)
        })
}

/// The order of two numbers; nothing when one is NaN or no number.
fn compare_numbers(left: &Value<'_>, right: &Value<'_>) -> Option<Ordering> {
    match (left, right) {
        (Value::Int(left), Value::Int(right)) => Some(left.cmp(right)),
        (Value::UInt(left), Value::UInt(right)) => Some(left.cmp(right)),
        (Value::Double(left), Value::Double(right)) => left.partial_cmp(right),
        (Value::Double(left), right) => {
            compare_with_double(integer(right)?, *left).map(Ordering::reverse)
        }
        (left, Value::Double(right)) => compare_with_double(integer(left)?, *right),
        (left, right) => Some(integer(left)?.cmp(&integer(right)?)),
    }
}

fn integer(value: &Value<'_>) -> Option<i128> {
    match value {
        Value::Int(number) => Some((*number).into()),
        Value::UInt(number) => Some((*number).into()),
        _ => None,
    }
}

/// The order of a 64-bit integer and a double, as cel-go has it: the integer is rounded to a double.
#[expect(
    clippy::cast_precision_loss,
    reason = "the loss is what the language's implementations have"
)]
fn compare_with_double(integer: i128, double: f64) -> Option<Ordering> {
    (integer as f64).partial_cmp(&double)
}

#[cfg(test)]
mod tests {
    use super::Value;

    #[test]
    fn numbers_compare_by_their_worth() {
        assert_eq!(Value::Int(1), Value::UInt(1));
        assert_eq!(Value::Int(1), Value::Double(1.0));
        assert_ne!(Value::Double(f64::NAN), Value::Double(f64::NAN));
        assert_eq!(
            Value::Int(i64::MAX),
            Value::Double(9_223_372_036_854_775_808.0)
        );
        assert!(Value::Int(-1) < Value::UInt(u64::MAX));
        assert!(Value::Int(1) < Value::Double(1.5));
        assert!(Value::Double(f64::INFINITY) > Value::UInt(u64::MAX));
        assert_eq!(Value::Int(1).partial_cmp(&Value::from("1")), None);
    }
}
