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
mod list;
mod merge;
mod path;
mod schema;

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
    pub fn apply(&self, object: Value, numbers: NumberModel) -> Result<Value, PatchError> {
        let Some(patch) = anchors::prepare(&self.patch, &object, numbers)? else {
            return Ok(object);
        };
        let text = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default();
        let shape = schema::of_kind(text("apiVersion"), text("kind"));
        let merged = merge::merge(Some(object), &patch, shape, &mut path::Path::new())?;
        Ok(merged.unwrap_or_default())
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
