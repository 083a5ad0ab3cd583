//! Who set which field of an object, by its `metadata.managedFields`, and whether that is as it
//! should be.
//!
//! | in `fieldsV1` | meaning |
//! |---|---|
//! | `f:NAME` | a field of an object |
//! | `k:{…}` | the item of a list with these keys |
//! | `v:VALUE` | the item of a list that is this value |
//! | `{}` | everything below belongs to the manager |

use std::collections::BTreeSet;

use serde_json::Value;

/// The name that our writes have.
pub const MANAGER: &str = "portcullis-sync";

/// What of an object's state is not as it was applied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drift {
    /// Who set what is not as it should be.
    pub managers: BTreeSet<String>,
    /// Whether others set fields that are not wanted at all, which no apply removes.
    pub has_extras: bool,
    /// Whether an apply would change something.
    pub is_behind: bool,
}

impl Drift {
    /// Whether the object is as it should be.
    #[must_use]
    pub fn is_none(&self) -> bool {
        !self.has_extras && !self.is_behind
    }
}

/// Compares an object as it is with what is wanted of it. `owns_all` says whether fields of the spec
/// that others set are to go.
#[must_use]
pub fn drift(live: &Value, wanted: &Value, owns_all: bool) -> Drift {
    let mut ours = None;
    let mut others = Vec::new();
    for entry in entries(live) {
        let text = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default();
        let fields = entry.get("fieldsV1").unwrap_or(&Value::Null);
        match (text("manager"), text("operation"), text("subresource")) {
            (MANAGER, "Apply", "") => ours = Some(fields),
            // What admission added to what we wrote.
            (MANAGER, ..) => {}
            (manager, _, "") => others.push((manager, fields)),
            _ => {}
        }
    }
    let is_behind = match ours {
        Some(fields) => {
            !top(wanted, |name, value| has(fields, name, value, covers))
                || lacks(fields, wanted, false)
                || !holds(wanted, live)
        }
        None => true,
    };
    let mut drift = Drift {
        is_behind,
        ..Drift::default()
    };
    for (manager, fields) in others {
        let extras = owns_all && lacks(fields, wanted, true);
        drift.has_extras |= extras;
        let took = ours.is_some_and(|ours| takes(fields, ours, wanted));
        if extras || took {
            drift.managers.insert(manager.to_owned());
        }
    }
    drift
}

/// The `managedFields` that an object keeps when all but ours and those of its status go.
#[must_use]
pub fn kept(live: &Value) -> Vec<Value> {
    let text = |entry: &Value, name: &str| {
        entry
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let is_kept = |entry: &&Value| {
        let is_ours = text(entry, "manager") == MANAGER && text(entry, "operation") == "Apply";
        is_ours || !text(entry, "subresource").is_empty()
    };
    entries(live).filter(is_kept).cloned().collect()
}

fn entries(live: &Value) -> impl Iterator<Item = &Value> {
    let entries = live.pointer("/metadata/managedFields");
    entries.and_then(Value::as_array).into_iter().flatten()
}

/// Whether something holds for every part of an object that managers own.
fn top(wanted: &Value, mut holds: impl FnMut(&[&str], &Value) -> bool) -> bool {
    let parts = wanted.as_object().into_iter().flatten();
    let parts = parts.filter(|(name, _)| !matches!(name.as_str(), "apiVersion" | "kind"));
    let mut all = true;
    for (name, value) in parts {
        if name == "metadata" {
            for part in ["labels", "annotations"] {
                if let Some(value) = value.get(part) {
                    all &= holds(&["metadata", part], value);
                }
            }
        } else {
            all &= holds(&[name], value);
        }
    }
    all
}

/// Whether a manager has a part, and something holds for what it has of it.
fn has(fields: &Value, path: &[&str], wanted: &Value, holds: fn(&Value, &Value) -> bool) -> bool {
    let below = path
        .iter()
        .try_fold(fields, |fields, name| fields.get(format!("f:{name}")));
    wanted.is_null() || below.is_some_and(|below| holds(below, wanted))
}

/// Whether a manager owns all of a value.
fn covers(fields: &Value, wanted: &Value) -> bool {
    if is_whole(fields) {
        return true;
    }
    match wanted {
        Value::Object(map) => map
            .iter()
            .all(|(name, value)| has(fields, &[name], value, covers)),
        Value::Array(items) => items
            .iter()
            .all(|item| of_item(fields, item).is_some_and(|below| covers(below, item))),
        _ => true,
    }
}

/// Whether a manager owns something that is not wanted.
fn lacks(fields: &Value, wanted: &Value, skips_metadata: bool) -> bool {
    let mut owned = fields.as_object().into_iter().flatten();
    owned.any(|(name, below)| {
        if name == "f:status" || skips_metadata && name == "f:metadata" {
            return false;
        }
        match part(name, wanted) {
            Some(Value::Null) => false,
            Some(value) => lacks(below, value, false),
            None => name != ".",
        }
    })
}

/// Whether a manager owns something that is wanted, and that we do not own any more.
fn takes(fields: &Value, ours: &Value, wanted: &Value) -> bool {
    if is_whole(ours) {
        return false;
    }
    let mut owned = fields.as_object().into_iter().flatten();
    owned.any(|(name, below)| match (part(name, wanted), ours.get(name)) {
        (Some(value), Some(ours)) => takes(below, ours, value),
        (Some(_), None) => true,
        (None, _) => false,
    })
}

/// The part of a value that a name of `fieldsV1` means.
fn part<'v>(name: &str, value: &'v Value) -> Option<&'v Value> {
    if let Some(field) = name.strip_prefix("f:") {
        return value.get(field);
    }
    let items = value.as_array()?;
    items.iter().find(|item| is_item(name, item))
}

fn of_item<'f>(fields: &'f Value, item: &Value) -> Option<&'f Value> {
    let mut fields = fields.as_object()?.iter();
    fields
        .find(|(name, _)| is_item(name, item))
        .map(|(_, below)| below)
}

fn is_item(name: &str, item: &Value) -> bool {
    let read = |text: &str| serde_json::from_str::<Value>(text).ok();
    match name.split_once(':') {
        Some(("k", keys)) => read(keys).is_some_and(|keys| holds(&keys, item)),
        Some(("v", value)) => read(value).is_some_and(|value| value == *item),
        _ => false,
    }
}

fn is_whole(fields: &Value) -> bool {
    fields.as_object().is_some_and(serde_json::Map::is_empty)
}

/// Whether a value is as wanted, whatever the server added to it.
fn holds(wanted: &Value, live: &Value) -> bool {
    match (wanted, live) {
        (Value::Object(wanted), Value::Object(live)) => wanted
            .iter()
            .all(|(name, value)| holds(value, live.get(name).unwrap_or(&Value::Null))),
        (Value::Array(wanted), Value::Array(live)) => {
            let mut both = wanted.iter().zip(live);
            wanted.len() == live.len() && both.all(|(wanted, live)| holds(wanted, live))
        }
        (Value::Number(wanted), Value::Number(live)) => {
            wanted == live || wanted.as_f64() == live.as_f64()
        }
        // The server leaves empty parts out.
        (Value::Object(wanted), Value::Null) => wanted.is_empty(),
        (Value::Array(wanted), Value::Null) => wanted.is_empty(),
        (wanted, live) => wanted == live,
    }
}

#[cfg(test)]
mod tests;
