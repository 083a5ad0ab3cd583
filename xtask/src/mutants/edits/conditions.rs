//! Edits of conditions: what they read, how they compare, and with what.

use serde_json::{Value, json};

use super::{Edit, expression, renaming, replacement};

/// The edits of one entry of a condition, or of a list of conditions.
pub(super) fn of_entry(key: &str, child: &Value, pointer: &str) -> Vec<Edit> {
    let text = child.as_str().unwrap_or_default();
    let several = child.as_array().is_some_and(|items| items.len() > 1);
    match key {
        "any" if several => vec![renaming(pointer, "all")],
        "all" if several => vec![renaming(pointer, "any")],
        "key" => expression::edits(text, pointer),
        "operator" => {
            let others = [opposite(text), shifted(text)].into_iter().flatten();
            others.map(|other| replacement(pointer, other)).collect()
        }
        "value" => of_value(child, pointer),
        _ => Vec::new(),
    }
}

fn of_value(value: &Value, pointer: &str) -> Vec<Edit> {
    match value {
        Value::Number(number) => number
            .as_i64()
            .map(|number| replacement(pointer, json!(number + 1)))
            .into_iter()
            .collect(),
        Value::String(text) if text.contains("{{") => expression::edits(text, pointer),
        // The operator's opposite stands for another text or flag; a list is made shorter.
        _ => Vec::new(),
    }
}

fn opposite(operator: &str) -> Option<&'static str> {
    Some(match operator {
        "Equals" => "NotEquals",
        "NotEquals" => "Equals",
        "AnyIn" => "AllNotIn",
        "AllNotIn" => "AnyIn",
        "AllIn" => "AnyNotIn",
        "AnyNotIn" => "AllIn",
        "GreaterThan" => "LessThanOrEquals",
        "LessThanOrEquals" => "GreaterThan",
        "GreaterThanOrEquals" => "LessThan",
        "LessThan" => "GreaterThanOrEquals",
        "DurationGreaterThan" => "DurationLessThanOrEquals",
        "DurationLessThanOrEquals" => "DurationGreaterThan",
        "DurationGreaterThanOrEquals" => "DurationLessThan",
        "DurationLessThan" => "DurationGreaterThanOrEquals",
        _ => return None,
    })
}

/// The operator that decides otherwise only at the boundary.
fn shifted(operator: &str) -> Option<&'static str> {
    Some(match operator {
        "GreaterThan" => "GreaterThanOrEquals",
        "GreaterThanOrEquals" => "GreaterThan",
        "LessThan" => "LessThanOrEquals",
        "LessThanOrEquals" => "LessThan",
        "DurationGreaterThan" => "DurationGreaterThanOrEquals",
        "DurationGreaterThanOrEquals" => "DurationGreaterThan",
        "DurationLessThan" => "DurationLessThanOrEquals",
        "DurationLessThanOrEquals" => "DurationLessThan",
        // Otherwise only for a list of which some are in.
        "AnyIn" => "AllIn",
        "AllIn" => "AnyIn",
        "AnyNotIn" => "AllNotIn",
        "AllNotIn" => "AnyNotIn",
        _ => return None,
    })
}
