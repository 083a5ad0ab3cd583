//! References `$(path)`: each names a text of the same rule.
//!
//! An absolute one (`$(/a/b)`) starts at the pattern when the rule runs, and at the rule where Kyverno looks at
//! the policy, which it therefore refuses.

use serde_json::Value;

use super::finding::Findings;
use crate::context::references::{ReferenceError, resolve};

/// Looks at the references of a rule; the first one that names nothing is told.
pub(super) fn check(rule: &Value, path: &str, findings: &mut Findings) {
    let Err(error) = resolve(rule) else {
        return;
    };
    let (place, message) = match &error {
        ReferenceError::NotFound {
            reference,
            path: place,
        } if is_absolute(reference) => {
            return findings.warning(
                format!("{path}{place}"),
                format!("`{reference}` is absolute, and Kyverno refuses the policy"),
                "write the path relative to the reference, such as `$(./../name)`",
            );
        }
        ReferenceError::NotFound { reference, path } => {
            (path, format!("nothing stands where `{reference}` points"))
        }
        ReferenceError::NotText { reference, path } => (
            path,
            format!("what stands where `{reference}` points is not text"),
        ),
        ReferenceError::Empty { reference, path } => (path, format!("`{reference}` has no path")),
    };
    findings.error(
        format!("{path}{place}"),
        message,
        "write the path of a text in this rule, relative to the reference",
    );
}

/// Whether the path behind the operator starts at the root.
fn is_absolute(reference: &str) -> bool {
    let path = reference.trim_start_matches(['$', '(', '<', '>', '=', '!', ' ']);
    path.starts_with('/')
}
