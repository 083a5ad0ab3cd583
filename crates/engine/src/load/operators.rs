//! The operators of exceptions and cleanup policies, which their definition names: a cluster takes no
//! others there.

use serde_json::Value;

use super::LoadError;

const OPERATORS: &[&str] = &[
    "Equals",
    "NotEquals",
    "AnyIn",
    "AllIn",
    "AnyNotIn",
    "AllNotIn",
    "GreaterThan",
    "GreaterThanOrEquals",
    "LessThan",
    "LessThanOrEquals",
    "DurationGreaterThan",
    "DurationGreaterThanOrEquals",
    "DurationLessThan",
    "DurationLessThanOrEquals",
];

/// Looks at `spec.conditions` of a document.
pub(super) fn check(document: &Value) -> Result<(), LoadError> {
    for list in ["any", "all"] {
        let conditions = document.pointer(&format!("/spec/conditions/{list}"));
        let conditions = conditions.and_then(Value::as_array);
        for (index, condition) in conditions.into_iter().flatten().enumerate() {
            let written = condition.get("operator").and_then(Value::as_str);
            let Some(written) = written.filter(|written| !OPERATORS.contains(written)) else {
                continue;
            };
            let expected = OPERATORS.join("`, `");
            return Err(LoadError {
                path: format!("spec.conditions.{list}[{index}].operator"),
                message: format!("`{written}` is not an operator; write one of `{expected}`"),
                refuses_file: false,
            });
        }
    }
    Ok(())
}
