//! `abs`, `avg`, `ceil`, `floor`, `max`, `min` and `round`.

use std::cmp::Ordering;

use portcullis_values::{List, Val, duration::to_go_int64};

use super::Call;
use crate::{
    error::Evaluated,
    error::Fault,
    value::{from_number, number},
};

pub(super) fn abs<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    Ok(from_number(call.number(0)?.abs()))
}

/// The mean; of an empty array it is not a number.
pub(super) fn avg<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    let list = call.list(0)?;
    let total: f64 = list
        .iter()
        .filter_map(|item| number(&item))
        .fold(0.0, |a, b| a + b);
    #[expect(clippy::cast_precision_loss, reason = "no list is that long")]
    let count = list.len() as f64;
    Ok(from_number(total / count))
}

pub(super) fn ceil<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    Ok(from_number(call.number(0)?.ceil()))
}

pub(super) fn floor<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    Ok(from_number(call.number(0)?.floor()))
}

pub(super) fn max<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    Ok(best(&call.list(0)?, Ordering::Greater))
}

pub(super) fn min<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    Ok(best(&call.list(0)?, Ordering::Less))
}

/// The first of the numbers or texts that no other exceeds.
fn best<'a>(list: &List<'a>, wanted: Ordering) -> Val<'a> {
    let mut best: Option<Val<'a>> = None;
    for item in list.iter() {
        let better = best
            .as_ref()
            .is_none_or(|best| order(&item, best) == Some(wanted));
        if better {
            best = Some(item);
        }
    }
    best.unwrap_or_default()
}

/// The order of two numbers or two texts.
pub(super) fn order(left: &Val<'_>, right: &Val<'_>) -> Option<Ordering> {
    match (number(left), number(right)) {
        (Some(left), Some(right)) => left.partial_cmp(&right),
        _ => Some(left.as_str()?.cmp(right.as_str()?)),
    }
}

/// The number rounded to a count of decimal places, halves away from zero.
pub(super) fn round<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    let value = call.number(0)?;
    let places = whole(call, 1)?;
    if places < 0 {
        return Err(call.argument_error(1, "a count of decimal places, 0 or more"));
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "more places than 308 give infinity"
    )]
    let shift = 10f64.powf(places as f64);
    Ok(from_number((value * shift).round() / shift))
}

/// The whole number at `index`.
pub(super) fn whole<'a>(call: &Call<'_, 'a>, index: usize) -> Result<i64, Fault<'a>> {
    let value = call.number(index)?;
    let whole = to_go_int64(value);
    #[expect(clippy::cast_precision_loss, reason = "the loss is what is looked for")]
    #[expect(clippy::float_cmp, reason = "a whole number converts back to itself")]
    if !value.is_finite() || whole as f64 != value {
        return Err(call.argument_error(index, "a whole number"));
    }
    Ok(whole)
}
