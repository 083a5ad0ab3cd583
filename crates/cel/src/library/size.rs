//! What walking over a value costs in Kubernetes' libraries.

use crate::{effort, value::Value};

/// What a character costs that is walked over.
const CHARACTER: f64 = 0.1;

/// What a character of a regular expression costs.
const REGEX_CHARACTER: f64 = 0.25;

/// A tenth for each of so many characters, rounded up.
pub(super) fn characters(size: u64) -> u64 {
    rounded_up(size, CHARACTER)
}

/// A quarter for each of so many characters of a regular expression, rounded up.
pub(super) fn regex_characters(size: u64) -> u64 {
    rounded_up(size, REGEX_CHARACTER)
}

/// The same as `ceil`, which is a call of its own where the processor is an old one.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sizes are far below 2^52, and the product is not negative"
)]
fn rounded_up(size: u64, each: f64) -> u64 {
    let cost = size as f64 * each;
    let whole = cost as u64;
    whole + u64::from((whole as f64) < cost)
}

/// How many characters, bytes, elements or entries a value has; 1 for a value without a size.
pub(super) fn size(value: Option<&Value<'_>>) -> u64 {
    let size = match value {
        Some(Value::String(text)) if text.is_ascii() => text.len(),
        Some(Value::String(text)) => text.chars().count(),
        Some(Value::Bytes(bytes)) => bytes.len(),
        Some(Value::List(list)) => list.len(),
        Some(Value::Map(map)) => map.len(),
        _ => 1,
    };
    u64::try_from(size).unwrap_or(u64::MAX)
}

/// The cost of reading the first argument, which is text.
pub(super) fn of_text(args: &[Value<'_>]) -> u64 {
    characters(size(args.first()))
}

/// The cost of walking over the first argument with everything in it.
pub(super) fn of_traversal(args: &[Value<'_>]) -> u64 {
    args.first().map_or(0, traversal)
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sizes are far below 2^52, and the product is not negative"
)]
fn tenth(bytes: usize) -> u64 {
    (bytes as f64 * CHARACTER) as u64
}

fn traversal(value: &Value<'_>) -> u64 {
    // A value that holds another one many times over takes longer than it is large.
    if !effort::spend(1) {
        return 0;
    }
    match value {
        Value::String(text) => tenth(text.len()),
        Value::Bytes(bytes) => tenth(bytes.len()),
        Value::List(list) => list
            .iter()
            .fold(0, |cost: u64, item| cost.saturating_add(traversal(&item))),
        Value::Map(map) => map.iter().fold(0, |cost: u64, (key, item)| {
            let key = match key {
                crate::value::Key::String(text) => tenth(text.len()),
                _ => 1,
            };
            cost.saturating_add(key).saturating_add(traversal(&item))
        }),
        _ => 1,
    }
}
