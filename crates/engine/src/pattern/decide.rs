//! Whether an object matches a pattern, of an object that is borrowed JSON, as all are that come
//! from a request. It decides as the walk of [`super::evaluate`] does, and keeps nothing to say why.

use portcullis_values::{List, Map, Val};
use serde_json::Value;

use super::{
    mismatch::Kind,
    node::{Entry, Node, Role, Tags},
    scalar::{ScalarPattern, scalar_matches},
    tags,
};
use crate::request::NumberModel;

type Decision = Result<(), Kind>;

/// Whether an object is known to match: one that is computed is not looked at.
pub(super) fn matches(node: &Node, object: &Val<'_>, numbers: NumberModel) -> bool {
    let decision = match (node, object) {
        (Node::Map(entries), Val::Map(Map::Borrowed(object))) => map(entries, object, numbers),
        (Node::Tags(tags), Val::Map(Map::Borrowed(object))) => labels(tags, object, numbers),
        (Node::List(patterns), Val::List(List::Borrowed(items))) => list(patterns, items, numbers),
        (Node::Scalar(pattern), value) => when(scalar_matches(value, pattern, numbers)),
        _ => return false,
    };
    decision.is_ok()
}

/// Whether the value matches, or why it does not.
fn decide(node: &Node, value: &Value, numbers: NumberModel) -> Decision {
    match (node, value) {
        (Node::Map(entries), Value::Object(object)) => map(entries, object, numbers),
        (Node::Tags(tags), Value::Object(object)) => labels(tags, object, numbers),
        (Node::List(patterns), Value::Array(items)) => list(patterns, items, numbers),
        (Node::Scalar(pattern), value) => scalar(pattern, value, numbers),
        (Node::Map(_) | Node::Tags(_) | Node::List(_) | Node::TooDeep, _) => Err(Kind::Plain),
    }
}

fn when(matches: bool) -> Decision {
    if matches { Ok(()) } else { Err(Kind::Plain) }
}

fn scalar(pattern: &ScalarPattern, value: &Value, numbers: NumberModel) -> Decision {
    match value {
        Value::Array(items) => scalars(pattern, items, numbers),
        value => when(scalar_matches(&Val::from(value), pattern, numbers)),
    }
}

fn scalars(pattern: &ScalarPattern, items: &[Value], numbers: NumberModel) -> Decision {
    let holds = |item: &Value| scalar_matches(&Val::from(item), pattern, numbers);
    when(items.iter().all(holds))
}

fn list(patterns: &[Node], items: &[Value], numbers: NumberModel) -> Decision {
    match patterns.first() {
        None => Err(Kind::Plain),
        Some(pattern @ (Node::Map(_) | Node::Tags(_))) => {
            elements(items.iter().map(|item| (pattern, item)), numbers)
        }
        Some(Node::Scalar(pattern)) => scalars(pattern, items, numbers),
        Some(_) if items.len() < patterns.len() => Err(Kind::Plain),
        Some(_) => elements(patterns.iter().zip(items), numbers),
    }
}

fn elements<'p, 'v>(
    pairs: impl Iterator<Item = (&'p Node, &'v Value)>,
    numbers: NumberModel,
) -> Decision {
    let (mut applied, mut skipped) = (false, false);
    for (pattern, item) in pairs {
        match decide(pattern, item, numbers) {
            Ok(()) => applied = true,
            Err(kind) if kind.is_skip() => skipped = true,
            Err(kind) => return Err(kind),
        }
    }
    unless(skipped, applied)
}

/// What was left out decides, unless something else applies.
fn unless(skipped: bool, applied: bool) -> Decision {
    if skipped && !applied {
        return Err(Kind::Skip);
    }
    Ok(())
}

type Object = serde_json::Map<String, Value>;

fn map(entries: &[Entry], object: &Object, numbers: NumberModel) -> Decision {
    let (mut applied, mut skipped) = (false, false);
    let mut entries = entries.iter();
    while let Some(anchor) = entries.as_slice().first()
        && anchor.role.decides_first()
    {
        entries.next();
        match entry(anchor, object, numbers) {
            Ok(()) => applied = true,
            // The map is left out, whatever its other anchors say.
            Err(kind)
                if kind == Kind::GlobalSkip || kind.is_skip() && anchor.role == Role::Condition =>
            {
                return Err(Kind::Skip);
            }
            Err(kind) if kind.is_skip() => skipped = true,
            Err(kind) => return Err(kind),
        }
    }
    unless(skipped, applied)?;
    entries.try_for_each(|field| entry(field, object, numbers))
}

/// As [`map`], for labels or annotations.
fn labels(tags: &Tags, object: &Object, numbers: NumberModel) -> Decision {
    if !tags.wildcards {
        return map(&tags.entries, object, numbers);
    }
    let entries = tags::expand(tags, &Map::Borrowed(object));
    map(&entries, object, numbers)
}

fn entry(entry: &Entry, object: &Object, numbers: NumberModel) -> Decision {
    let value = object.get(&*entry.key);
    let below = |value| decide(&entry.node, value, numbers);
    match (entry.role, value) {
        (Role::Plain, value) => below(value.unwrap_or(&Value::Null)),
        (Role::Present, None | Some(Value::Null)) => Err(Kind::Plain),
        (Role::Present, Some(_)) => Ok(()),
        (Role::Condition, None) => Err(Kind::Skip),
        (Role::Condition, Some(value)) => below(value).map_err(|_| Kind::Skip),
        (Role::Global, Some(value)) => below(value).map_err(|_| Kind::GlobalSkip),
        (Role::Equality, Some(value)) => below(value),
        (Role::Negation, Some(_)) => Err(Kind::Negation),
        (Role::Existence, Some(value)) => existence(&entry.node, value, numbers),
        (Role::Global | Role::Equality | Role::Negation | Role::Existence, None) => Ok(()),
    }
}

/// Each pattern of the list must match at least one element.
fn existence(node: &Node, value: &Value, numbers: NumberModel) -> Decision {
    let (Node::List(patterns), Value::Array(items)) = (node, value) else {
        return Err(Kind::Plain);
    };
    when(patterns.iter().all(|pattern| {
        let is_map = matches!(pattern, Node::Map(_) | Node::Tags(_));
        let found = |item| decide(pattern, item, numbers).is_ok();
        is_map && items.iter().any(found)
    }))
}
