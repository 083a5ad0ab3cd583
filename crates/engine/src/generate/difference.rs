//! Whether an object that exists is as a rule wants it.
//!
//! Each is taken as a pattern and the other one compared with it, as Kyverno does. What the API
//! server sets does not count.

use portcullis_values::Val;
use serde_json::Value;

use crate::pattern::{Pattern, PatternOutcome};
use crate::request::NumberModel;

/// What the API server sets in `metadata`, so that nobody can want it.
pub(crate) const SERVER_SET: [&str; 6] = [
    "uid",
    "resourceVersion",
    "managedFields",
    "creationTimestamp",
    "generation",
    "selfLink",
];

/// Whether an object must be changed to be as it is wanted.
#[must_use]
pub fn differs(wanted: &Value, existing: &Value) -> bool {
    let (wanted, existing) = (bare(wanted), bare(existing));
    let fits = |pattern: &Value, object: &Value| {
        let outcome = Pattern::compile(pattern).evaluate(&Val::from(object), NumberModel::Integers);
        outcome == PatternOutcome::Pass
    };
    wanted != existing && !(fits(&wanted, &existing) && fits(&existing, &wanted))
}

fn bare(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(fields) = object.as_object_mut() {
        fields.remove("status");
    }
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.retain(|field, _| !SERVER_SET.contains(&field.as_str()));
    }
    object
}
