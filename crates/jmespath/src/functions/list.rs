//! `contains`, `length`, `map`, `not_null`, `reverse` and `to_array`.

use portcullis_values::{Val, gotext};

use super::{Call, call::list};
use crate::{
    error::{Evaluated, Fault},
    value::from_count,
};

/// Whether a text holds a text, or a list holds a value. Lists and maps cannot be looked for.
pub(super) fn contains<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    let wanted = call.value(1);
    if let Val::Str(_) | Val::Bytes(_) = call.value(0) {
        let found = match &wanted {
            Val::Str(_) | Val::Bytes(_) => find(call.bytes(0)?, call.bytes(1)?),
            _ => false,
        };
        return Ok(Val::Bool(found));
    }
    for item in call.list(0)?.iter() {
        if holds(call, &item, &wanted)? {
            return Ok(Val::Bool(true));
        }
    }
    Ok(Val::Bool(false))
}

fn find(text: &[u8], part: &[u8]) -> bool {
    match (std::str::from_utf8(text), std::str::from_utf8(part)) {
        (Ok(text), Ok(part)) => text.contains(part),
        _ => part.is_empty() || text.windows(part.len()).any(|window| window == part),
    }
}

fn holds<'a>(call: &Call<'_, 'a>, item: &Val<'a>, wanted: &Val<'a>) -> Result<bool, Fault<'a>> {
    match (item, wanted) {
        (Val::List(item), Val::List(wanted)) => {
            if call.evaluation.is_item_list(item) == call.evaluation.is_item_list(wanted) {
                return Err(call.argument_error(1, "a single value, lists are not compared"));
            }
            Ok(false)
        }
        (Val::Map(_), Val::Map(_)) => {
            Err(call.argument_error(1, "a single value, objects are not compared"))
        }
        _ => call.evaluation.equal(item, wanted),
    }
}

/// The count of characters, items or keys.
pub(super) fn length<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    match call.value(0) {
        Val::Str(text) => Ok(from_count(text.chars().count())),
        Val::Bytes(bytes) => Ok(from_count(gotext::decode(&bytes).chars().count())),
        Val::List(list) => Ok(from_count(list.len())),
        Val::Map(map) => Ok(from_count(map.len())),
        _ => Err(call.argument_error(0, "string, array or object")),
    }
}

/// What the expression makes of every item; null where a key is missing.
pub(super) fn map<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    call.list(1)?
        .iter()
        .map(|item| call.apply(0, &item))
        .collect::<Result<Vec<_>, _>>()
        .map(list)
}

/// The first argument that is not null.
pub(super) fn not_null<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    let first = call.arguments.iter().find(|value| !value.is_null());
    Ok(first.cloned().unwrap_or_default())
}

pub(super) fn reverse<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    if let Val::Str(_) | Val::Bytes(_) = call.value(0) {
        let reversed: String = call.text(0)?.chars().rev().collect();
        return Ok(Val::from(reversed));
    }
    Ok(list(call.list(0)?.iter().rev().collect()))
}

/// The list itself, or a list of the one value.
pub(super) fn to_array<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    let value = call.value(0);
    match &value {
        Val::List(items) if !call.evaluation.is_item_list(items) => Ok(value),
        _ => Ok(list(vec![value])),
    }
}
