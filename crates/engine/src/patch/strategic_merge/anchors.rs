//! The anchors of a patch: conditions are compared with the object, additions are kept where the
//! object lacks the key, and an element with anchors becomes one element for each element of the
//! object's list that meets them.
//!
//! Elements are told apart by `name`, whatever the merge key of the list is: an element of the
//! object without a name cannot be patched through anchors.

use portcullis_values::Val;
use serde_json::{Map, Value, map::Entry};

use super::MAX_DEPTH;
use crate::patch::error::PatchError;
use crate::pattern::anchor::{self, AnchorKind};
use crate::pattern::{Pattern, PatternOutcome};
use crate::request::NumberModel;

/// Why a part of the patch does not count.
enum Unmet {
    /// A condition does not hold: the element, or the patch.
    Condition,
    /// A global condition does not hold: the patch.
    Global,
    /// It cannot be read.
    Error(PatchError),
}

impl From<PatchError> for Unmet {
    fn from(error: PatchError) -> Unmet {
        Unmet::Error(error)
    }
}

/// What is to be merged into the object; none when nothing is.
///
/// # Errors
/// A patch that is nested too deep, or that has a key twice.
pub(super) fn prepare(
    patch: &Value,
    object: &Value,
    numbers: NumberModel,
) -> Result<Option<Value>, PatchError> {
    let reader = Reader {
        numbers,
        asks: true,
    };
    let Value::Object(root) = patch else {
        return Ok(Some(patch.clone()));
    };
    let counted = match reader.map(root, Some(object), 0) {
        Ok(map) => map,
        Err(Unmet::Condition | Unmet::Global) => return Ok(None),
        Err(Unmet::Error(error)) => return Err(error),
    };
    let left = left_of_root(counted)?;
    Ok((!left.is_empty()).then_some(Value::Object(left)))
}

#[derive(Clone, Copy)]
struct Reader {
    numbers: NumberModel,
    /// Whether conditions count: those below a condition that adds something do not.
    asks: bool,
}

impl Reader {
    /// Checks the conditions of a map and of what is inside, and takes away additions that the
    /// object has.
    fn map(
        &self,
        patch: &Map<String, Value>,
        object: Option<&Value>,
        depth: usize,
    ) -> Result<Map<String, Value>, Unmet> {
        if depth > MAX_DEPTH {
            return Err(PatchError::TooDeep(MAX_DEPTH).into());
        }
        let field = |key: &str| object.and_then(|object| object.get(key));
        let mut counted = Map::new();
        for (written, value) in patch {
            let Some(anchor) = condition(written) else {
                continue;
            };
            let found = field(anchor.key);
            let holds = found.is_some_and(|found| adds(value) || self.matches(value, found));
            if self.asks && !holds {
                return Err(match anchor.kind {
                    AnchorKind::Global => Unmet::Global,
                    _ => Unmet::Condition,
                });
            }
        }
        for (written, value) in patch {
            let mut below = *self;
            let anchor = anchor::parse(written);
            let key = match anchor.map(|anchor| (anchor.kind, anchor.key)) {
                Some((AnchorKind::Addition, key)) if field(key).is_some() => continue,
                Some((AnchorKind::Addition, key)) => key,
                Some((AnchorKind::Condition | AnchorKind::Global, key)) => {
                    below.asks &= !adds(value);
                    key
                }
                _ => written.as_str(),
            };
            if let Some(value) = below.value(value, field(key), depth + 1)? {
                counted.insert(written.clone(), value);
            }
        }
        Ok(counted)
    }

    /// As [`Reader::map`], of any value; none for a list in which no element counts.
    fn value(
        &self,
        patch: &Value,
        object: Option<&Value>,
        depth: usize,
    ) -> Result<Option<Value>, Unmet> {
        Ok(match patch {
            Value::Object(map) => Some(Value::Object(self.map(map, object, depth)?)),
            Value::Array(items) => {
                let counted = self.list(items, object, depth)?;
                let is_left = items.is_empty() || !counted.is_empty();
                is_left.then_some(Value::Array(counted))
            }
            other => Some(other.clone()),
        })
    }

    fn list(
        &self,
        patch: &[Value],
        object: Option<&Value>,
        depth: usize,
    ) -> Result<Vec<Value>, Unmet> {
        if depth > MAX_DEPTH {
            return Err(PatchError::TooDeep(MAX_DEPTH).into());
        }
        let elements = object
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice);
        let mut counted = Vec::with_capacity(patch.len());
        let mut made = Vec::new();
        for item in patch {
            match item {
                Value::Object(map) if has_anchor(item) => {
                    made.extend(self.elements(map, elements, depth + 1)?);
                }
                // What remains of it is dropped with the conditions.
                Value::String(text) if condition(text).is_some() => {}
                other => counted.push(other.clone()),
            }
        }
        counted.extend(made);
        Ok(counted)
    }

    /// One element for each element of the object that meets the conditions of an element with
    /// anchors. Global conditions only ask whether one does. As in Kyverno the first element that
    /// meets the conditions decides what `+()` adds to it and to those after it.
    fn elements(
        &self,
        patch: &Map<String, Value>,
        elements: &[Value],
        depth: usize,
    ) -> Result<Vec<Value>, Unmet> {
        let is_global = patch.iter().any(|(key, value)| has_global(key, value));
        let mut made = Vec::new();
        let mut met = false;
        let mut patch = patch.clone();
        for element in elements {
            match self.map(&patch, Some(element), depth) {
                Err(Unmet::Condition | Unmet::Global) => {}
                Err(Unmet::Error(error)) => return Err(error.into()),
                Ok(_) if is_global => met = true,
                Ok(counted) => {
                    decide_additions(&mut patch, &counted);
                    made.extend(named(left_of(counted)?, element));
                }
            }
        }
        if is_global && !met {
            return Err(Unmet::Global);
        }
        Ok(made)
    }

    fn matches(&self, pattern: &Value, found: &Value) -> bool {
        let outcome = Pattern::compile(pattern).evaluate(&Val::from(found), self.numbers);
        outcome == PatternOutcome::Pass
    }
}

/// Whether a condition adds something itself: as in Kyverno it holds wherever its key exists.
fn adds(condition: &Value) -> bool {
    condition
        .as_object()
        .is_some_and(|map| map.keys().any(|key| is_addition(key)))
}

/// Writes the additions of a patch plainly that count for an element, and drops the others.
fn decide_additions(patch: &mut Map<String, Value>, counted: &Map<String, Value>) {
    let written = std::mem::take(patch);
    for (key, mut value) in written {
        let kept = counted.get(&key);
        if is_addition(&key) && kept.is_none() {
            continue;
        }
        if condition(&key).is_some() {
            patch.insert(key, value);
            continue;
        }
        if let (Value::Object(inner), Some(Value::Object(kept))) = (&mut value, kept) {
            decide_additions(inner, kept);
        }
        patch.insert(strip(key), value);
    }
}

/// An element of a patch with the name of the element that it is for.
fn named(mut patch: Map<String, Value>, element: &Value) -> Option<Value> {
    let name = element.get("name").filter(|name| !name.is_null())?;
    if patch.is_empty() {
        return None;
    }
    patch.insert("name".to_owned(), name.clone());
    Some(Value::Object(patch))
}

fn is_addition(key: &str) -> bool {
    anchor::parse(key).is_some_and(|anchor| anchor.kind == AnchorKind::Addition)
}

fn condition(key: &str) -> Option<anchor::Anchor<'_>> {
    anchor::parse(key)
        .filter(|anchor| matches!(anchor.kind, AnchorKind::Condition | AnchorKind::Global))
}

/// Whether there is an anchor that counts in a patch anywhere inside.
fn has_anchor(value: &Value) -> bool {
    match value {
        Value::Object(map) => map
            .iter()
            .any(|(key, value)| is_addition(key) || condition(key).is_some() || has_anchor(value)),
        Value::Array(items) => items.iter().any(has_anchor),
        _ => false,
    }
}

/// Whether there is a global condition inside, other than in what a condition is compared with.
fn has_global(key: &str, value: &Value) -> bool {
    if let Some(anchor) = condition(key) {
        return anchor.kind == AnchorKind::Global;
    }
    match value {
        Value::Object(map) => map.iter().any(|(key, value)| has_global(key, value)),
        Value::Array(items) => items.iter().any(|item| has_global("", item)),
        _ => false,
    }
}

/// What is left of the outermost map. A condition there with something other than conditions
/// inside stays, under the key as it is written: so does Kyverno.
fn left_of_root(map: Map<String, Value>) -> Result<Map<String, Value>, PatchError> {
    of_entries(map, |key, value| match (condition(&key).is_some(), value) {
        (true, Value::Object(inner)) => {
            let inner = left_of(inner)?;
            Ok((!inner.is_empty()).then_some((key, Value::Object(inner))))
        }
        (true, _) => Ok(None),
        (false, value) => Ok(left(value)?.map(|value| (strip(key), value))),
    })
}

/// What is left of a map without its conditions; keys of additions are written plainly. Of a
/// condition the additions inside are left: what else is there only says what the object has.
fn left_of(map: Map<String, Value>) -> Result<Map<String, Value>, PatchError> {
    of_entries(map, |key, value| match condition(&key) {
        Some(anchor) => Ok(additions(value)?.map(|value| (anchor.key.to_owned(), value))),
        None => Ok(left(value)?.map(|value| (strip(key), value))),
    })
}

/// The additions inside a condition.
fn additions(value: Value) -> Result<Option<Value>, PatchError> {
    let Value::Object(map) = value else {
        return Ok(None);
    };
    let added = of_entries(map, |key, value| {
        let value = match is_addition(&key) {
            true => left(value)?,
            false => additions(value)?,
        };
        Ok(value.map(|value| (anchor::strip(&strip(key)).to_owned(), value)))
    })?;
    Ok((!added.is_empty()).then_some(Value::Object(added)))
}

/// What is left of a value; none of a map in which nothing is, and of a list that had only
/// elements with conditions.
fn left(value: Value) -> Result<Option<Value>, PatchError> {
    Ok(match value {
        Value::Object(map) => {
            let map = left_of(map)?;
            (!map.is_empty()).then_some(Value::Object(map))
        }
        Value::Array(items) => {
            let was_empty = items.is_empty();
            let items = items.into_iter().filter_map(|item| left(item).transpose());
            let items = items.collect::<Result<Vec<Value>, PatchError>>()?;
            (was_empty || !items.is_empty()).then_some(Value::Array(items))
        }
        other => Some(other),
    })
}

/// A map of what becomes of the entries of another one.
fn of_entries(
    map: Map<String, Value>,
    become_of: impl Fn(String, Value) -> Result<Option<(String, Value)>, PatchError>,
) -> Result<Map<String, Value>, PatchError> {
    let mut made = Map::new();
    for (key, value) in map {
        let Some((key, value)) = become_of(key, value)? else {
            continue;
        };
        match made.entry(key) {
            Entry::Vacant(place) => drop(place.insert(value)),
            Entry::Occupied(known) => return Err(PatchError::Twice(known.key().clone())),
        }
    }
    Ok(made)
}

/// A key without the anchor of an addition.
fn strip(key: String) -> String {
    match anchor::parse(&key) {
        Some(anchor) if anchor.kind == AnchorKind::Addition => anchor.key.to_owned(),
        _ => key,
    }
}
