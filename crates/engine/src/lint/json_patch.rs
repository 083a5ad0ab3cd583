//! `patchesJson6902`: operations that exist, with a path and a value.

use portcullis_yaml::{Limits, Mode};
use serde_json::Value;

use super::finding::Findings;
use super::variables::replaced;
use crate::context::has_variable;

const OPERATIONS: &[&str] = &["add", "remove", "replace", "move", "copy", "test"];

/// Looks at a patch in a `foreach`, where it may as a whole be what a variable gives.
pub(super) fn check_element(patch: &str, path: &str, findings: &mut Findings) {
    if !has_variable(patch) || operations(&replaced(patch, "variable")).is_some() {
        findings.warnings(|found| check(patch, path, found));
    }
}

/// Looks at each operation.
pub(super) fn check(patch: &str, path: &str, findings: &mut Findings) {
    let Some(operations) = operations(&replaced(patch, "variable")) else {
        findings.error(
            path,
            "the patch is not a list of operations",
            "write each operation under `- `",
        );
        return;
    };
    for operation in &operations {
        check_operation(operation, path, findings);
    }
}

/// No variable stands in a path.
pub(super) fn check_paths(patch: &str, path: &str, findings: &mut Findings) {
    // A patch that cannot be read with its variables in it says nothing about its paths.
    let operations = operations(patch).unwrap_or_default();
    if operations.iter().any(|it| has_variable(text(it, "path"))) {
        findings.error(path, "a variable stands in a path", "write the path itself");
    }
}

/// The operations of a patch, if it is a list.
pub(super) fn operations(patch: &str) -> Option<Vec<Value>> {
    match portcullis_yaml::read(patch, Mode::Lenient, &Limits::default()) {
        Ok(Value::Array(operations)) => Some(operations),
        _ => None,
    }
}

/// A field of an operation, empty when it is no text.
pub(super) fn text<'o>(operation: &'o Value, key: &str) -> &'o str {
    let value = operation.get(key).and_then(Value::as_str);
    value.unwrap_or_default()
}

fn check_operation(operation: &Value, path: &str, findings: &mut Findings) {
    let kind = text(operation, "op");
    if !OPERATIONS.contains(&kind) {
        findings.error(
            path,
            format!("`{kind}` is not an operation"),
            "write `add`, `remove`, `replace`, `move`, `copy` or `test`",
        );
    }
    let target = text(operation, "path");
    if !target.starts_with('/') {
        findings.error(
            path,
            format!("the path `{target}` does not start with `/`"),
            "write the path as a JSON pointer",
        );
    }
    if matches!(kind, "add" | "replace" | "test") && operation.get("value").is_none() {
        findings.error(path, format!("`{kind}` has no value"), "write `value`");
    }
    if matches!(kind, "move" | "copy") && text(operation, "from").is_empty() {
        findings.error(
            path,
            format!("`{kind}` has no source"),
            "write `from` as a JSON pointer",
        );
    }
}
