//! `GenerateError`: why a rule makes nothing, with the place in the rule.

use std::fmt::Display;

/// Why a rule makes nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{path}`: {reason}")]
pub(super) struct GenerateError {
    path: String,
    reason: String,
}

impl GenerateError {
    /// An error at a place in the rule.
    pub(super) fn new(path: String, reason: &dyn Display) -> GenerateError {
        GenerateError {
            path,
            reason: reason.to_string(),
        }
    }

    /// The same error with its place below another one.
    pub(super) fn within(self, parent: &str) -> GenerateError {
        let path = match self.path.as_str() {
            "" => parent.to_owned(),
            path => format!("{parent}.{path}"),
        };
        GenerateError { path, ..self }
    }
}
