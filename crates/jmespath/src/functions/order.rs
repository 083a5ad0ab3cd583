//! `sort`, `sort_by`, `max_by` and `min_by`: the order of numbers or of texts.

use std::cmp::Ordering;

use portcullis_values::{List, Val};

use super::{
    Call,
    call::{describe, list},
    math::order,
};
use crate::{
    error::{Evaluated, Fault},
    value::{number, type_name},
};

pub(super) fn sort<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    let mut items: Vec<Val<'a>> = call.list(0)?.iter().collect();
    items.sort_by(|left, right| order(left, right).unwrap_or(Ordering::Equal));
    Ok(list(items))
}

/// The items in the order of what the expression makes of each.
pub(super) fn sort_by<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    let items = call.list(0)?;
    if items.len() < 2 {
        return Ok(Val::List(items));
    }
    let mut keyed = Vec::with_capacity(items.len());
    for item in items.iter() {
        keyed.push((call.apply(1, &item)?, item));
    }
    check_keys(call, keyed.iter().map(|(key, _)| key))?;
    keyed.sort_by(|(left, _), (right, _)| order(left, right).unwrap_or(Ordering::Equal));
    Ok(list(keyed.into_iter().map(|(_, item)| item).collect()))
}

pub(super) fn max_by<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    best_by(call, Ordering::Greater)
}

pub(super) fn min_by<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    best_by(call, Ordering::Less)
}

/// The first item that no other exceeds; an only item is not looked at.
fn best_by<'a>(call: &Call<'_, 'a>, wanted: Ordering) -> Evaluated<'a> {
    let items: List<'a> = call.list(0)?;
    if items.len() < 2 {
        return Ok(items.get(0).unwrap_or_default());
    }
    let mut best: Option<(Val<'a>, Val<'a>)> = None;
    for item in items.iter() {
        let key = call.apply(1, &item)?;
        match &best {
            None => check_keys(call, [&key].into_iter())?,
            Some((best, _)) => check_keys(call, [best, &key].into_iter())?,
        }
        if best
            .as_ref()
            .is_none_or(|(best, _)| order(&key, best) == Some(wanted))
        {
            best = Some((key, item));
        }
    }
    Ok(best.map(|(_, item)| item).unwrap_or_default())
}

/// Checks that the keys are all numbers or all texts.
fn check_keys<'a, 'k>(
    call: &Call<'_, 'a>,
    keys: impl Iterator<Item = &'k Val<'a>>,
) -> Result<(), Fault<'a>>
where
    'a: 'k,
{
    let mut first: Option<&'k Val<'a>> = None;
    for key in keys {
        let kind = type_name(key);
        if number(key).is_none() && key.as_str().is_none() {
            return Err(call.error(format!(
                "the expression must give a number or a string for every item, found {}",
                describe(key)
            )));
        }
        let expected = type_name(first.get_or_insert(key));
        if kind != expected {
            return Err(call.error(format!(
                "the expression must give the same type for every item, found {expected} and {}",
                describe(key)
            )));
        }
    }
    Ok(())
}
