//! Why an evaluation has no result.

use portcullis_values::Val;

/// An evaluation that ended without a result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// A map does not have the key that the expression asks for.
    #[error("{} at offset {offset}", self.message())]
    NotFound {
        /// The key.
        key: String,
        /// Where the key stands in the expression, in bytes.
        offset: usize,
    },
    /// A function or an operator cannot work with its values.
    #[error("{} at offset {offset}", self.message())]
    Runtime {
        /// What was found and what was expected.
        message: String,
        /// Where the function or operator stands in the expression, in bytes.
        offset: usize,
    },
}

impl EvalError {
    /// An error of a scope, which does not know the place; the evaluation fills it in.
    #[must_use]
    pub fn runtime(message: impl Into<String>) -> EvalError {
        EvalError::Runtime {
            message: message.into(),
            offset: 0,
        }
    }

    /// What is wrong, without the place.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            EvalError::NotFound { key, .. } => format!("unknown key `{key}`"),
            EvalError::Runtime { message, .. } => message.clone(),
        }
    }

    /// Where in the expression, in bytes.
    #[must_use]
    pub fn offset(&self) -> usize {
        match self {
            EvalError::NotFound { offset, .. } | EvalError::Runtime { offset, .. } => *offset,
        }
    }
}

/// What a step of an evaluation gives.
pub(crate) type Evaluated<'a> = Result<Val<'a>, Fault<'a>>;

/// An error on its way up through the evaluation: a missing key costs no allocation, because most
/// of them are swallowed.
#[derive(Debug)]
pub(crate) enum Fault<'a> {
    NotFound { key: &'a str, offset: usize },
    Runtime(Box<Failure>),
}

/// A runtime error and its place.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) message: String,
    pub(crate) offset: usize,
}

impl<'a> Fault<'a> {
    pub(crate) fn runtime(offset: usize, message: impl Into<String>) -> Fault<'a> {
        Fault::Runtime(Box::new(Failure {
            message: message.into(),
            offset,
        }))
    }
}

impl From<Fault<'_>> for EvalError {
    fn from(fault: Fault<'_>) -> EvalError {
        match fault {
            Fault::NotFound { key, offset } => EvalError::NotFound {
                key: key.to_owned(),
                offset,
            },
            Fault::Runtime(failure) => EvalError::Runtime {
                message: failure.message,
                offset: failure.offset,
            },
        }
    }
}
