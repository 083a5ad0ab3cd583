//! `SyntaxError`: an expression that cannot be compiled, and where.

/// An expression that is not well formed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} at offset {offset}")]
pub struct SyntaxError {
    /// The byte offset of the offending text in the expression.
    pub offset: usize,
    /// What was found and what was expected.
    pub message: String,
}

impl SyntaxError {
    pub(crate) fn new(offset: usize, message: impl Into<String>) -> SyntaxError {
        SyntaxError {
            offset,
            message: message.into(),
        }
    }
}
