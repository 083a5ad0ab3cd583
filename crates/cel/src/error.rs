//! Why an expression has no program, or a program no result.

use std::fmt;

/// What is wrong with an expression, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// Where in the text, in bytes.
    pub offset: usize,
    /// What cel-go says, word for word.
    pub message: String,
    /// What would help: the nearest name, the types that would fit.
    pub help: Option<String>,
}

/// The step at which an expression was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Parsing and type checking.
    Compile,
    /// Making the program: constants that cannot be computed.
    Program,
}

/// An expression that has no program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompileError {
    /// Where it was refused.
    pub stage: Stage,
    /// Everything that is wrong with it, in the order of the text.
    pub issues: Vec<Issue>,
    /// The text, with a caret under each place, as cel-go prints it: `ERROR: <input>:1:3: …`.
    pub rendered: String,
}

impl fmt::Display for CompileError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.rendered)
    }
}

impl std::error::Error for CompileError {}

/// An evaluation that ended without a result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EvalError {
    /// What kind of mistake it is.
    pub kind: EvalErrorKind,
    /// What cel-go says, word for word.
    pub message: String,
    /// Where in the text, in bytes, once the interpreter knows it.
    pub offset: Option<usize>,
}

/// The kinds of mistakes that the language treats differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvalErrorKind {
    /// A map or a message has no such key: `orValue`, optional selection and `has` look for it.
    NoSuchKey,
    /// No overload takes values of these types.
    NoSuchOverload,
    /// The evaluation costs more than it may, which `||` and `&&` do not swallow.
    CostLimit,
    /// Anything else.
    Other,
}

impl EvalError {
    /// An error of a function.
    pub fn new(message: impl Into<String>) -> EvalError {
        EvalError {
            kind: EvalErrorKind::Other,
            message: message.into(),
            offset: None,
        }
    }

    /// No overload of a function takes the values; the interpreter adds the function's name and the
    /// values' types where cel-go does.
    #[must_use]
    pub fn no_such_overload() -> EvalError {
        EvalError {
            kind: EvalErrorKind::NoSuchOverload,
            message: "no such overload".to_owned(),
            offset: None,
        }
    }

    /// Whether no overload took the values.
    #[must_use]
    pub fn is_no_such_overload(&self) -> bool {
        self.kind == EvalErrorKind::NoSuchOverload
    }

    /// A map has no such key.
    #[must_use]
    pub fn no_such_key(key: &str) -> EvalError {
        EvalError {
            kind: EvalErrorKind::NoSuchKey,
            message: format!("no such key: {key}"),
            offset: None,
        }
    }
}

/// What a step of an evaluation gives. Errors are boxed: they are rare, and a small result is fast.
pub type Evaluated<'a> = Result<crate::value::Value<'a>, Box<EvalError>>;
