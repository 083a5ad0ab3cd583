//! `items`, `keys`, `label_match`, `lookup`, `merge`, `object_from_lists` and `values`.
//!
//! Keys come in their order.

use std::{collections::BTreeMap, rc::Rc};

use portcullis_values::{Map, Str, Val};

use super::{
    Call,
    call::{list, printed},
    math::whole,
};
use crate::{error::Evaluated, value::from_count};

/// Every entry of a map or list as a map of two entries: `[{"key": …, "value": …}, …]`.
pub(super) fn items<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    let (key_name, value_name) = (call.text(1)?, call.text(2)?);
    let item = |key: Val<'a>, value: Val<'a>| {
        let entries = [(key_name.clone(), key), (value_name.clone(), value)];
        Val::Map(Map::from_iter(entries))
    };
    let items = match call.value(0) {
        Val::Map(map) => map
            .iter()
            .map(|(key, value)| item(Val::Str(key), value))
            .collect(),
        _ => call
            .list(0)?
            .iter()
            .enumerate()
            .map(|(index, value)| item(from_count(index), value))
            .collect(),
    };
    Ok(call.evaluation.item_list(items))
}

pub(super) fn keys<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    let map = call.map(0)?;
    Ok(list(map.iter().map(|(key, _)| Val::Str(key)).collect()))
}

pub(super) fn values<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    let map = call.map(0)?;
    Ok(list(map.iter().map(|(_, value)| value).collect()))
}

/// Whether the second map has every entry of the first.
pub(super) fn label_match<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    let (wanted, labels) = (call.map(0)?, call.map(1)?);
    for (key, value) in wanted.iter() {
        let matches = match labels.get(&key) {
            Some(label) => call.evaluation.equal(&label, &value)?,
            None => false,
        };
        if !matches {
            return Ok(Val::Bool(false));
        }
    }
    Ok(Val::Bool(true))
}

/// The value at a key or an index, or null.
pub(super) fn lookup<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    if let Val::Map(map) = call.value(0) {
        return Ok(map.get(&call.text(1)?).unwrap_or_default());
    }
    let list = call.list(0)?;
    let index = usize::try_from(whole(call, 1)?).ok();
    Ok(index.and_then(|index| list.get(index)).unwrap_or_default())
}

/// One map of the entries of all; of equal keys the last counts.
pub(super) fn merge<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    let mut merged: BTreeMap<Str<'a>, Val<'a>> = BTreeMap::new();
    for index in 0..call.arguments.len() {
        let map = call.map(index)?;
        call.charge(map.len())?;
        merged.extend(map.iter());
    }
    Ok(Val::Map(Map::Shared(Rc::new(merged))))
}

/// A map of keys and values; a key without a value gets null.
pub(super) fn object_from_lists<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    let (keys, values) = (call.list(0)?, call.list(1)?);
    let mut entries = BTreeMap::new();
    for (index, key) in keys.iter().enumerate() {
        let Some(key) = printed(&key) else {
            return Err(call.argument_error(0, "an array of strings"));
        };
        entries.insert(key, values.get(index).unwrap_or_default());
    }
    Ok(Val::Map(Map::Shared(Rc::new(entries))))
}
