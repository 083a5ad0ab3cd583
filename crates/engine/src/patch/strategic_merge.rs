//! Strategic merge patches with Kyverno's anchors.
//!
//! 1. `anchors` compares the conditions of the patch with the object and leaves what is to be
//!    merged; where a condition does not hold nothing is.
//! 2. `merge` merges that into the object: maps key by key, null removes a key, and lists whose
//!    elements have a merge key (`schema`) element by element. What the patch adds to such a list
//!    stands before what was there. Other lists are replaced.
//!
//! | anchor | in a patch |
//! |---|---|
//! | `(key)` | the patch, or the element of a list, counts where the key is there and matches |
//! | `<(key)` | the whole patch counts where the key of the object, or of one element, matches |
//! | `+(key)` | is merged where the object has no such key |

mod anchors;
mod fit;
mod list;
mod merge;
mod path;
mod schema;

use std::sync::Arc;

use portcullis_schema::Catalogue;
use serde_json::Value;

use super::error::PatchError;
use crate::request::NumberModel;

/// How deeply patch and object may be nested.
const MAX_DEPTH: usize = 200;

/// A strategic merge patch.
#[derive(Clone, Debug)]
pub struct StrategicMergePatch {
    patch: Value,
}

impl StrategicMergePatch {
    /// A patch, as written; numbers are read as float64, as Kyverno reads them.
    #[must_use]
    pub fn new(mut patch: Value) -> StrategicMergePatch {
        round_numbers(&mut patch);
        StrategicMergePatch { patch }
    }

    /// The object with the patch applied; the object as it is where a condition does not hold.
    ///
    /// # Errors
    /// A patch whose shape does not fit the object, or an unknown `$patch` directive.
    pub fn apply(&self, mut object: Value, numbers: NumberModel) -> Result<Value, PatchError> {
        if let Some(merge) = self.prepare(&object, numbers)? {
            merge.merge(&mut object)?;
        }
        Ok(object)
    }

    /// What is to be merged into the object, once the conditions are compared with it; none where one
    /// does not hold.
    ///
    /// # Errors
    /// A patch that is nested too deep, or that deletes the object or its kind.
    pub fn prepare(
        &self,
        object: &Value,
        numbers: NumberModel,
    ) -> Result<Option<PreparedMerge>, PatchError> {
        let text = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default();
        let shape = || schema::of_kind(text("apiVersion"), text("kind"));
        let patch = anchors::prepare(&self.patch, object, numbers)?;
        let asks_for = |patch: &Value, directive: &str| {
            patch.get("$patch").and_then(Value::as_str) == Some(directive)
        };
        if patch
            .as_ref()
            .is_some_and(|patch| asks_for(patch, "delete"))
        {
            return Err(PatchError::RemovesAll);
        }
        let keeps_kind = |patch: &Value| match patch.get("kind") {
            Some(kind) => kind.as_str().is_some_and(|kind| !kind.is_empty()),
            None => !asks_for(patch, "replace") || object.get("kind").is_none(),
        };
        if !patch.as_ref().is_none_or(keeps_kind) {
            return Err(PatchError::RemovesKind);
        }
        Ok(patch.map(|patch| PreparedMerge {
            patch,
            shape: shape(),
        }))
    }
}

/// What is left of a patch for one object.
#[derive(Clone, Debug)]
pub struct PreparedMerge {
    patch: Value,
    shape: schema::Shape,
}

impl PreparedMerge {
    /// Whether every value that is merged fits the kind of the object.
    pub(crate) fn fits(&self, object: &Value, catalogue: &Catalogue) -> bool {
        catalogue.fits(object, &self.patch)
    }

    /// Merges into the object, and says whether it is another one then. It is copied where others
    /// share it, or where the merge may fail: then it stays as it is.
    ///
    /// # Errors
    /// A patch whose shape does not fit the object, or an unknown `$patch` directive.
    pub fn merge_into(&self, object: &mut Arc<Value>) -> Result<bool, PatchError> {
        if fit::fits(Some(object), &self.patch, self.shape, 0) {
            return self.merge(Arc::make_mut(object));
        }
        let mut copy = Value::clone(object);
        let is_changed = self.merge(&mut copy)?;
        *object = Arc::new(copy);
        Ok(is_changed)
    }

    /// As [`PreparedMerge::merge_into`]; nothing of the object is left where it fails.
    fn merge(&self, object: &mut Value) -> Result<bool, PatchError> {
        let mut path = path::Path::new();
        let before = object.take();
        let merged = merge::merge(Some(before), &self.patch, self.shape, &mut path)?;
        path.note(merged.is_none());
        *object = merged.unwrap_or_default();
        Ok(path.is_changed())
    }
}

/// Integers that a float64 does not hold take the nearest value that it does.
fn round_numbers(value: &mut Value) {
    const EXACT: u64 = 1 << 53;
    match value {
        Value::Array(items) => items.iter_mut().for_each(round_numbers),
        Value::Object(entries) => entries.values_mut().for_each(round_numbers),
        Value::Number(number) => {
            let size = number.as_i64().map(i64::unsigned_abs).or(number.as_u64());
            if size.is_some_and(|size| size > EXACT)
                && let Some(rounded) = number.as_f64()
            {
                *value = rounded_number(rounded);
            }
        }
        _ => {}
    }
}

/// A whole float64 as an integer where it fits in one.
fn rounded_number(number: f64) -> Value {
    let text = format!("{number:.0}");
    match (text.parse::<i64>(), text.parse::<u64>()) {
        (Ok(integer), _) => Value::from(integer),
        (_, Ok(integer)) => Value::from(integer),
        _ => Value::from(number),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Merges into an object that nobody shares, and into one that somebody does.
    fn check(spec: &Value, patch: &Value, fits: bool) {
        let object = json!({"apiVersion": "v1", "kind": "Pod", "spec": spec});
        let patch = StrategicMergePatch::new(json!({"spec": patch}));
        let merge = patch.prepare(&object, NumberModel::Integers).unwrap();
        let merge = merge.unwrap();
        assert_eq!(fit::fits(Some(&object), &merge.patch, merge.shape, 0), fits);
        let (mut own, shared) = (Arc::new(object.clone()), Arc::new(object.clone()));
        let mut changing = Arc::clone(&shared);
        let wanted = patch.apply(object.clone(), NumberModel::Integers);
        for merged in [merge.merge_into(&mut own), merge.merge_into(&mut changing)] {
            let is_changed = wanted.clone().map(|wanted| wanted != object);
            assert_eq!(merged, is_changed, "{merge:?} into {object}");
        }
        let wanted = wanted.unwrap_or_else(|_| object.clone());
        assert_eq!((&*own, &*changing), (&wanted, &wanted));
        assert_eq!(*shared, object);
    }

    #[test]
    fn a_merge_says_whether_it_changed_something_and_fails_without_a_trace() {
        let named = |names: &[&str]| -> Value {
            let elements = names.iter().map(|name| json!({"name": name, "image": "i"}));
            json!({"containers": elements.collect::<Value>()})
        };
        let ports = |ports: Value| json!({"containers": [{"name": "a", "ports": ports}]});
        for (spec, patch, fits) in [
            (json!({"a": 1}), json!({"a": 1}), true),
            (json!({"a": 1}), json!({"a": 2}), true),
            (json!({"a": "1"}), json!({"a": 1}), true),
            (json!({"a": "1"}), json!({"a": true}), true),
            (json!({"a": null}), json!({"a": null}), true),
            (json!({}), json!({"a": null}), true),
            (json!({}), json!({"a": {"b": null}}), true),
            (json!({"a": {"b": 1}}), json!({"a": {"b": null}}), true),
            (json!({"a": [1, 2]}), json!({"a": [1, 2]}), true),
            (json!({"a": [1, 2]}), json!({"a": [2]}), true),
            (json!({"a": 1, "b": {}}), json!({"a": 2, "b": "c"}), false),
            (json!({"a": 1}), json!({"a": [1]}), false),
            (
                json!({"a": {"b": 1}}),
                json!({"a": {"$patch": "replace", "b": 1}}),
                false,
            ),
            (
                json!({"a": {"b": 1}}),
                json!({"a": {"$patch": "replace"}}),
                false,
            ),
            (
                json!({"a": {"b": 1}}),
                json!({"a": {"$patch": "delete"}}),
                false,
            ),
            (
                json!({"a": {"b": 1}}),
                json!({"a": {"$patch": "burn"}}),
                false,
            ),
            (named(&["a", "b"]), named(&["a"]), true),
            (named(&["a", "b"]), named(&["a", "b"]), true),
            (named(&["a", "b"]), named(&["b"]), true),
            (named(&["a", "b"]), named(&["c", "a"]), true),
            (
                named(&["a", "b"]),
                json!({"containers": [{"name": "b", "$patch": "delete"}]}),
                false,
            ),
            (named(&["a", "a"]), named(&["a"]), false),
            (named(&["a"]), named(&["a", "a"]), false),
            (
                named(&["a"]),
                json!({"containers": [{"$patch": "replace"}, {"name": "a", "image": "i"}]}),
                false,
            ),
            (
                ports(json!([{"containerPort": 1, "protocol": "TCP"}])),
                ports(json!([{"containerPort": 1, "protocol": "TCP", "name": "x"}])),
                true,
            ),
            (
                ports(json!([{"containerPort": 1}])),
                ports(json!([{"containerPort": 1}])),
                false,
            ),
            (
                ports(json!([{"containerPort": 1}])),
                ports(json!([{"containerPort": 1, "protocol": "UDP"}])),
                false,
            ),
        ] {
            check(&spec, &patch, fits);
        }
    }
}
