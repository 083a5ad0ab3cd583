//! cel-go's extension libraries, one file each.

mod bindings;
mod block;
mod encoders;
mod format;
mod lists;
mod math;
mod optional;
mod quote;
mod regex;
mod reverse;
mod sets;
mod strings;
mod two_variables;

pub use bindings::BINDINGS;
pub use block::BLOCK;
pub use encoders::ENCODERS;
pub use format::{FORMAT, FORMAT_4, validate as validate_format};
pub use lists::LISTS;
pub use math::MATH;
pub use optional::OPTIONAL;
pub use quote::QUOTE;
pub use regex::REGEX;
pub use reverse::REVERSE;
pub use sets::SETS;
pub use strings::STRINGS;
pub use two_variables::TWO_VARIABLES;

use crate::{
    error::EvalError,
    value::{List, Value},
};

/// A position in a list or a text.
fn position(value: &Value<'_>) -> Result<i64, Box<EvalError>> {
    match value {
        Value::Int(position) => Ok(*position),
        _ => Err(EvalError::no_such_overload().into()),
    }
}

/// The first argument, a list.
fn list_of<'v, 'a>(args: &'v [Value<'a>]) -> Result<&'v List<'a>, Box<EvalError>> {
    match args.first() {
        Some(Value::List(list)) => Ok(list),
        _ => Err(EvalError::no_such_overload().into()),
    }
}

fn int<'a>(size: usize) -> Value<'a> {
    Value::Int(i64::try_from(size).unwrap_or(i64::MAX))
}
