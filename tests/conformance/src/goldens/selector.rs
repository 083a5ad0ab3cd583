//! Golden table `selector`: a label selector, labels, and whether the one selects the other.

use std::collections::BTreeMap;

use portcullis_api::label_selector::LabelSelector;
use portcullis_engine::matching::Selector;
use serde_json::Value;

use super::answer::compare;

/// Replays one case.
///
/// # Errors
/// The difference between the answer and what was found.
pub fn check(case: &Value) -> Result<(), String> {
    let written: Option<LabelSelector> = read(case, "/in/selector")?;
    let labels: Option<BTreeMap<String, String>> = read(case, "/in/labels")?;
    let labels = labels.unwrap_or_default();
    let Some(written) = written else {
        return compare(case, Ok(Value::Bool(false)));
    };
    let answer = Selector::of(&written).and_then(|selector| selector.try_matches(&labels));
    compare(
        case,
        answer.map(Value::Bool).map_err(|error| error.to_string()),
    )
}

fn read<T: serde::de::DeserializeOwned>(case: &Value, pointer: &str) -> Result<Option<T>, String> {
    let value = case.pointer(pointer).filter(|value| !value.is_null());
    let value = value.map(serde::Deserialize::deserialize).transpose();
    value.map_err(|error| format!("`{pointer}` cannot be read: {error}"))
}
