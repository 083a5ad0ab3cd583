//! `GreaterThan`, `GreaterThanOrEquals`, `LessThan` and `LessThanOrEquals`.
//!
//! The first reading that fits both sides decides: durations (a number being seconds),
//! quantities (both as text), numbers, versions (both as text, `1.2.3`). Where none fits, no
//! operator holds.

use portcullis_values::{Val, quantity::Quantity, semver::Version};

use super::{operand, operator::Order};
use crate::pattern::{number, view::View};

pub(super) fn holds(order: Order, key: &Val<'_>, value: &Val<'_>) -> bool {
    compare(order, operand::view(key), operand::view(value)).unwrap_or(false)
}

fn compare(order: Order, key: View<'_>, value: View<'_>) -> Option<bool> {
    let known = matches!(key, View::Int(_) | View::Float(_) | View::Text(_));
    if !known {
        return None;
    }
    if let Some((key, value)) = operand::durations(key, value) {
        return Some(compare_floats(order, key.seconds(), value.seconds()));
    }
    if let (View::Text(key), View::Text(value)) = (key, value)
        && let (Ok(key), Ok(value)) = (Quantity::parse(key), Quantity::parse(value))
    {
        return Some(order.accepts(key.cmp(&value)));
    }
    match key {
        // A number in a text is compared as the number.
        View::Text(text) => match number::parse_float(text) {
            Some(number) => compare(order, View::Float(number), value),
            None => compare_versions(order, text, value),
        },
        key => Some(compare_floats(order, float(key)?, float(value)?)),
    }
}

fn compare_versions(order: Order, key: &str, value: View<'_>) -> Option<bool> {
    let View::Text(value) = value else {
        return None;
    };
    let (key, value) = (Version::parse(key).ok()?, Version::parse(value).ok()?);
    Some(order.accepts(key.cmp(&value)))
}

/// NaN stands in no order.
fn compare_floats(order: Order, key: f64, value: f64) -> bool {
    key.partial_cmp(&value)
        .is_some_and(|found| order.accepts(found))
}

fn float(side: View<'_>) -> Option<f64> {
    match side {
        View::Int(number) => Some(number as f64),
        View::Float(number) => Some(number),
        View::Text(text) => number::parse_float(text),
        _ => None,
    }
}
