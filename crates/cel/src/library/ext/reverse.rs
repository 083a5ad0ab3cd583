//! `text.reverse()`, since version 3 of cel-go's `strings` library.

use super::super::size::of_text;
use crate::{
    error::{EvalError, Evaluated},
    function::{Call, Library, Overload},
    value::Value,
};

/// What version 3 of cel-go's `strings` library adds.
pub const REVERSE: Library = Library {
    name: "ext.strings.reverse",
    overloads: &[
        Overload::new("string_reverse", "string.reverse() -> string", reverse).costs(of_text),
    ],
    macros: &[],
    variables: &[],
};

fn reverse<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    match args {
        [Value::String(text)] => Ok(Value::from(text.chars().rev().collect::<String>())),
        _ => Err(EvalError::no_such_overload().into()),
    }
}
