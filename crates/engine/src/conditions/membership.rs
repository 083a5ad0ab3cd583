//! `AnyIn`, `AllIn`, `AnyNotIn`, `AllNotIn`, and the deprecated `In` and `NotIn`.
//!
//! The key is a scalar or a list, the value a list, a range (`1-10`), a JSON list in a text, or a
//! text that stands for itself. Everything is compared as text, and both sides may be wildcards;
//! against a plain text only the value may be one.

use std::borrow::Cow;

use portcullis_values::{List, Val, wildcard};

use super::{
    ConditionError,
    json_list::{self, JsonList},
    operand,
    operator::Membership,
};
use crate::pattern::{operator::is_range, scalar::ScalarPattern, view::View};

type Texts<'v> = Vec<Cow<'v, str>>;

/// Whether the wanted keys are among the values. A map or null as key never is, in either sense.
pub(super) fn holds(kind: Membership, key: &Val<'_>, value: &Val<'_>) -> bool {
    let found = match key {
        Val::List(keys) => return list_holds(kind, keys, value).unwrap_or(false),
        Val::Bool(_) | Val::Int(_) | Val::UInt(_) | Val::Double(_) | Val::Str(_) => {
            scalar_is_in(&operand::text(key), value)
        }
        _ => None,
    };
    let wanted = matches!(kind, Membership::Any | Membership::All);
    found.is_some_and(|found| found == wanted)
}

/// Whether a scalar is among the values; none when the value is neither a list nor text.
fn scalar_is_in(key: &str, value: &Val<'_>) -> Option<bool> {
    match value {
        Val::List(items) => Some(
            items
                .iter()
                .any(|item| match_either_way(key, &operand::text(&item))),
        ),
        Val::Str(text) => scalar_is_in_text(key, text),
        _ => None,
    }
}

fn scalar_is_in_text(key: &str, text: &str) -> Option<bool> {
    if wildcard::matches(text, key) {
        return Some(true);
    }
    if is_range(text) {
        return Some(ScalarPattern::text(text).matches(View::Text(key)));
    }
    match json_list::read(text) {
        JsonList::List(items) => Some(items.iter().any(|item| item == key)),
        JsonList::Other => None,
        JsonList::NotJson => Some(false),
    }
}

/// None when the value cannot be a set.
fn list_holds(kind: Membership, keys: &List<'_>, value: &Val<'_>) -> Option<bool> {
    if let (true, Val::List(_)) = (keys.is_empty(), value) {
        return Some(matches!(kind, Membership::All | Membership::AllNot));
    }
    let keys: Vec<Val<'_>> = keys.iter().collect();
    let keys: Texts<'_> = keys.iter().map(|key| operand::text(key)).collect();
    match value {
        Val::List(items) => {
            let items: Vec<Val<'_>> = items.iter().collect();
            let items: Texts<'_> = items.iter().map(|item| operand::text(item)).collect();
            Some(among(kind, &keys, &items))
        }
        Val::Bool(_) | Val::Int(_) | Val::UInt(_) | Val::Double(_)
            if matches!(kind, Membership::Any | Membership::AnyNot) =>
        {
            Some(among(kind, &keys, &[operand::text(value)]))
        }
        Val::Str(text) => list_holds_for_text(kind, &keys, text),
        _ => None,
    }
}

fn list_holds_for_text(kind: Membership, keys: &Texts<'_>, text: &str) -> Option<bool> {
    if matches!(keys.as_slice(), [key] if key == text) {
        return Some(matches!(kind, Membership::Any | Membership::All));
    }
    if is_range(text) {
        return Some(in_range(kind, keys, text));
    }
    let items = match json_list::read(text) {
        JsonList::List(items) => items.into_iter().map(Cow::Owned).collect(),
        JsonList::Other => return None,
        JsonList::NotJson => vec![Cow::Borrowed(text)],
    };
    Some(among(kind, keys, &items))
}

fn in_range(kind: Membership, keys: &Texts<'_>, text: &str) -> bool {
    let pattern = match kind {
        // Outside of the range, which is not the same as not in it: text is neither.
        Membership::AnyNot => ScalarPattern::text(&text.replacen('-', "!-", 1)),
        _ => ScalarPattern::text(text),
    };
    let mut matches = keys.iter().map(|key| pattern.matches(View::Text(key)));
    match kind {
        Membership::Any | Membership::AnyNot => matches.any(|matches| matches),
        Membership::All => matches.all(|matches| matches),
        Membership::AllNot => matches.all(|matches| !matches),
    }
}

fn among(kind: Membership, keys: &[Cow<'_, str>], items: &[Cow<'_, str>]) -> bool {
    let mut found = keys
        .iter()
        .map(|key| items.iter().any(|item| match_either_way(key, item)));
    match kind {
        Membership::Any => found.any(|found| found),
        Membership::All => found.all(|found| found),
        Membership::AnyNot => found.any(|found| !found),
        Membership::AllNot => found.all(|found| !found),
    }
}

fn match_either_way(left: &str, right: &str) -> bool {
    wildcard::matches(left, right) || wildcard::matches(right, left)
}

/// `In`: every key is among the values. `NotIn`: some key is not. Lists are compared exactly.
pub(super) fn holds_subset(
    negated: bool,
    key: &Val<'_>,
    value: &Val<'_>,
) -> Result<bool, ConditionError> {
    let Val::List(keys) = key else {
        let kind = if negated {
            Membership::AnyNot
        } else {
            Membership::Any
        };
        return Ok(subset_scalar(kind, key, value));
    };
    let keys = texts_only(negated, keys)?;
    Ok(subset_list(negated, &keys, value).unwrap_or(false))
}

/// As the newer operators, but a text that is no JSON list and does not match is no set at all.
fn subset_scalar(kind: Membership, key: &Val<'_>, value: &Val<'_>) -> bool {
    let Val::Str(text) = value else {
        return holds(kind, key, value);
    };
    if matches!(key, Val::Null | Val::Map(_)) {
        return false;
    }
    let key = operand::text(key);
    let found = if wildcard::matches(text, &key) {
        true
    } else if let JsonList::List(items) = json_list::read(text) {
        items.iter().any(|item| *item == *key)
    } else {
        return false;
    };
    found == (kind == Membership::Any)
}

fn subset_list(negated: bool, keys: &[String], value: &Val<'_>) -> Option<bool> {
    let items = match value {
        Val::List(items) => items
            .iter()
            .map(|item| item.as_str().map(str::to_owned))
            .collect::<Option<Vec<String>>>()?,
        // A single key that is the text itself holds for both operators.
        Val::Str(text) if matches!(keys, [key] if **key == **text) => return Some(true),
        Val::Str(text) => match json_list::read(text) {
            JsonList::List(items) => items,
            JsonList::Other | JsonList::NotJson => return None,
        },
        _ => return None,
    };
    let all_in = keys.iter().all(|key| items.contains(key));
    Some(all_in != negated)
}

fn texts_only(negated: bool, keys: &List<'_>) -> Result<Vec<String>, ConditionError> {
    let text = |(index, key): (usize, Val<'_>)| match key.as_str() {
        Some(text) => Ok(text.to_owned()),
        None => Err(ConditionError::NotText {
            operator: if negated { "NotIn" } else { "In" },
            index,
            found: operand::text(&key).into_owned(),
            instead: if negated { "AnyNotIn" } else { "AllIn" },
        }),
    };
    keys.iter().enumerate().map(text).collect()
}
