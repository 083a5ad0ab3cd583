//! Keys and values of conditions as the operators read them.

use std::borrow::Cow;

use portcullis_values::{Val, duration::GoDuration};

use crate::{
    pattern::{
        go_text,
        number::to_int,
        view::{self, View},
    },
    request::NumberModel,
};

pub(super) use view::plain;

const SECOND: i64 = 1_000_000_000;

/// A key or value as a scalar.
pub(super) fn view<'v>(value: &'v Val<'_>) -> View<'v> {
    View::of(value, NumberModel::Integers)
}

/// A key or value as text.
pub(super) fn text<'v>(value: &'v Val<'_>) -> Cow<'v, str> {
    match value {
        Val::Str(text) => Cow::Borrowed(text),
        value => Cow::Owned(go_text::display(value, NumberModel::Integers).to_string()),
    }
}

/// So many seconds; fractions are cut off.
pub(super) fn seconds(value: View<'_>) -> Option<GoDuration> {
    let seconds = match value {
        View::Int(number) => number,
        View::Float(number) => to_int(number),
        _ => return None,
    };
    Some(GoDuration(seconds.wrapping_mul(SECOND)))
}

/// Both sides as durations. One of them must be written as a duration; the other may be a number
/// of seconds. A plain `0` is not a duration here.
pub(super) fn durations(key: View<'_>, value: View<'_>) -> Option<(GoDuration, GoDuration)> {
    match (written_duration(key), written_duration(value)) {
        (None, None) => None,
        (Some(key), Some(value)) => Some((key, value)),
        (Some(key), None) => Some((key, seconds(value)?)),
        (None, Some(value)) => Some((seconds(key)?, value)),
    }
}

fn written_duration(side: View<'_>) -> Option<GoDuration> {
    match side {
        View::Text(text) if text != "0" => GoDuration::parse(text).ok(),
        _ => None,
    }
}
