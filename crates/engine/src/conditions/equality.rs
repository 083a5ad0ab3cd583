//! `Equals` and `NotEquals`: the type of the key decides how the sides are compared.
//!
//! | key | equal to |
//! |---|---|
//! | boolean | the same boolean |
//! | integer, float | the same number, also as text |
//! | text | the same duration, else the same quantity, else text by wildcard (the value is the pattern) |
//! | list, map | the same, number types included |
//! | null | nothing; `NotEquals` does not hold either |

use std::cmp::Ordering;

use portcullis_values::{Val, quantity::Quantity, wildcard};

use super::operand;
use crate::pattern::{number, view::View};

/// Whether the sides are equal, or with `negated` whether they differ.
pub(super) fn holds(negated: bool, key: &Val<'_>, value: &Val<'_>) -> bool {
    match equal(key, value) {
        Some(equal) => equal != negated,
        None => false,
    }
}

/// None when neither `Equals` nor `NotEquals` holds.
fn equal(key: &Val<'_>, value: &Val<'_>) -> Option<bool> {
    let side = operand::view(value);
    Some(match operand::view(key) {
        View::Null => return None,
        View::Bool(flag) => side == View::Bool(flag),
        View::Int(number) => equal_int(number, side),
        View::Float(number) => equal_float(number, side),
        View::Text(text) => equal_text(text, side),
        View::Other => match (key, value) {
            (Val::List(_), Val::List(_)) | (Val::Map(_), Val::Map(_)) => identical(key, value),
            (Val::List(_) | Val::Map(_), _) => false,
            _ => return None,
        },
    })
}

fn equal_int(key: i64, value: View<'_>) -> bool {
    match value {
        View::Int(number) => number == key,
        View::Float(number) => number::whole(number) == Some(key),
        View::Text(text) => number::parse_int(text) == Some(key),
        _ => false,
    }
}

fn equal_float(key: f64, value: View<'_>) -> bool {
    match value {
        View::Int(number) => number::whole(key) == Some(number),
        View::Float(number) => number == key,
        View::Text(text) => number::parse_float(text) == Some(key),
        _ => false,
    }
}

fn equal_text(key: &str, value: View<'_>) -> bool {
    if let Some((key, value)) = operand::durations(View::Text(key), value) {
        return key.seconds() == value.seconds();
    }
    let View::Text(value) = value else {
        return false;
    };
    match Quantity::parse(key) {
        Ok(key) => Quantity::parse(value).is_ok_and(|value| key.cmp(&value) == Ordering::Equal),
        Err(_) => wildcard::matches(value, key),
    }
}

/// Whether two values are the same, an integer and a float never being so.
fn identical(left: &Val<'_>, right: &Val<'_>) -> bool {
    match (left, right) {
        (Val::List(left), Val::List(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right.iter())
                    .all(|(left, right)| identical(&left, &right))
        }
        (Val::Map(left), Val::Map(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, left)| {
                    right
                        .get(&key)
                        .is_some_and(|right| identical(&left, &right))
                })
        }
        (Val::Opaque(left), _) => identical(&Val::from_owned(left.to_json()), right),
        (_, Val::Opaque(right)) => identical(left, &Val::from_owned(right.to_json())),
        (left, right) => {
            let (left, right) = (operand::view(left), operand::view(right));
            left != View::Other && left == right
        }
    }
}
