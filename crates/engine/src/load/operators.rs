//! The operators of exceptions and cleanup policies, which their definition names: a cluster takes no
//! others there.

use serde_json::Value;

use super::LoadError;
use crate::conditions::Operator;

fn is_known(written: &str) -> bool {
    Operator::of_definitions().any(|name| name == written)
}

/// Looks at `spec.conditions` of a document.
pub(super) fn check(document: &Value) -> Result<(), LoadError> {
    for list in ["any", "all"] {
        let conditions = document.pointer(&format!("/spec/conditions/{list}"));
        let conditions = conditions.and_then(Value::as_array);
        for (index, condition) in conditions.into_iter().flatten().enumerate() {
            let written = condition.get("operator").and_then(Value::as_str);
            let Some(written) = written.filter(|written| !is_known(written)) else {
                continue;
            };
            let expected: Vec<&str> = Operator::of_definitions().collect();
            let expected = expected.join("`, `");
            return Err(LoadError {
                path: format!("spec.conditions.{list}[{index}].operator"),
                message: format!("`{written}` is not an operator; write one of `{expected}`"),
                refuses_file: false,
            });
        }
    }
    Ok(())
}
