//! `DurationGreaterThan`, `DurationGreaterThanOrEquals`, `DurationLessThan` and
//! `DurationLessThanOrEquals` (deprecated): both sides are durations, or numbers of seconds.
//!
//! Fractions of a second are cut off a number. Anything else does not hold.

use portcullis_values::{Val, duration::GoDuration};

use super::{operand, operator::Order};
use crate::pattern::view::View;

pub(super) fn holds(order: Order, key: &Val<'_>, value: &Val<'_>) -> bool {
    match (side(operand::view(key)), side(operand::view(value))) {
        (Some(key), Some(value)) => order.accepts(key.cmp(&value)),
        _ => false,
    }
}

fn side(value: View<'_>) -> Option<GoDuration> {
    match value {
        View::Text(text) => GoDuration::parse(text).ok(),
        number => operand::seconds(number),
    }
}
