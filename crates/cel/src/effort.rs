//! How much one evaluation may do, whatever it costs.
//!
//! Costs are counted as Kubernetes counts them, which leaves much out: a list that holds another one
//! twice, 30 times over, costs little, and comparing it would not end. So that no expression takes
//! unbounded time or memory, what walks over values and text spends an allowance that the outermost
//! evaluation of a thread has. When it is used up, walks stop, and the evaluation is an error.

use std::cell::Cell;

use crate::{
    error::{EvalError, EvalErrorKind},
    value::Value,
};

/// What one evaluation may do: a part of a second's work.
const ALLOWANCE: u64 = 20_000_000;

/// The longest text or bytes that a function makes.
pub(crate) const LONGEST_TEXT: usize = 16 * 1024 * 1024;

/// The longest list that a function makes.
pub(crate) const LONGEST_LIST: usize = 4_000_000;

/// What an element of a list that is made takes, as it takes memory until the list is gone.
pub(crate) const ELEMENT: u64 = 4;

/// Functions that take as little time for a large value as for a small one.
const CONSTANT_TIME: &[&str] = &[
    "_[_]",
    "_[?_]",
    "_?._",
    "dyn",
    "type",
    "size",
    "first",
    "last",
    "or",
    "orValue",
    "value",
    "hasValue",
    "optional.of",
    "optional.ofNonZeroValue",
];

/// Whether a function of this name walks over what its lists and maps hold.
pub(crate) fn walks(function: &str) -> bool {
    !CONSTANT_TIME.contains(&function)
}

thread_local! {
    /// What the evaluation of this thread has left; nothing where there is none.
    static LEFT: Cell<Option<u64>> = const { Cell::new(None) };
}

/// The allowance of one evaluation; the evaluations inside of it share it.
#[derive(Debug)]
pub(crate) struct Allowance {
    is_outermost: bool,
}

impl Allowance {
    pub(crate) fn begin() -> Allowance {
        let is_outermost = LEFT.get().is_none();
        if is_outermost {
            LEFT.set(Some(ALLOWANCE));
        }
        Allowance { is_outermost }
    }

    /// Whether the evaluation is inside of no other.
    pub(crate) fn is_outermost(&self) -> bool {
        self.is_outermost
    }
}

impl Drop for Allowance {
    fn drop(&mut self) {
        if self.is_outermost {
            LEFT.set(None);
        }
    }
}

/// Spends a part of the allowance; whether there was as much.
pub(crate) fn spend(units: u64) -> bool {
    match LEFT.get() {
        None => true,
        Some(left) => {
            LEFT.set(Some(left.saturating_sub(units)));
            left > units
        }
    }
}

/// Spends a part of the allowance; an error where that uses it up.
pub(crate) fn take(units: u64) -> Result<(), Box<EvalError>> {
    match spend(units) {
        true => Ok(()),
        false => Err(used_up()),
    }
}

/// What walking over text takes.
pub(crate) fn of_text(length: usize) -> u64 {
    u64::try_from(length / 16).unwrap_or(u64::MAX)
}

/// What walking over a value takes, save for what is inside of its elements.
pub(crate) fn of_value(value: &Value<'_>) -> u64 {
    let length = match value {
        Value::String(text) => return of_text(text.len()),
        Value::Bytes(bytes) => return of_text(bytes.len()),
        Value::List(list) => list.len(),
        Value::Map(map) => map.len(),
        _ => 0,
    };
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// An error where the allowance is used up.
pub(crate) fn check() -> Result<(), Box<EvalError>> {
    match LEFT.get() {
        Some(0) => Err(used_up()),
        _ => Ok(()),
    }
}

/// An error where text or bytes would be too long.
pub(crate) fn text(length: usize) -> Result<(), Box<EvalError>> {
    match length > LONGEST_TEXT {
        true => Err(too_large("text", length, LONGEST_TEXT)),
        false => Ok(()),
    }
}

/// An error where a list would be too long.
pub(crate) fn list(length: usize) -> Result<(), Box<EvalError>> {
    match length > LONGEST_LIST {
        true => Err(too_large("list", length, LONGEST_LIST)),
        false => Ok(()),
    }
}

#[cold]
fn used_up() -> Box<EvalError> {
    Box::new(EvalError {
        kind: EvalErrorKind::CostLimit,
        message: "operation cancelled: the expression works on too much data".to_owned(),
        offset: None,
    })
}

#[cold]
fn too_large(what: &str, length: usize, most: usize) -> Box<EvalError> {
    let problem = format!("the {what} would be {length} long, and may be {most}");
    EvalError::new(problem).into()
}
