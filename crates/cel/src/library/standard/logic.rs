//! `&&`, `||`, `!`, `?:`: the interpreter evaluates them itself, as they may leave operands alone.

use crate::{
    error::{EvalError, Evaluated},
    function::{Call, Library, Overload},
    value::Value,
};

/// Logic.
pub const LOGIC: Library = Library {
    name: "standard.logic",
    overloads: &[
        Overload::new("conditional", "_?_:_(bool, A, A) -> A", refuse),
        Overload::new("logical_and", "_&&_(bool, bool) -> bool", refuse),
        Overload::new("logical_or", "_||_(bool, bool) -> bool", refuse),
        Overload::new("logical_not", "!_(bool) -> bool", not),
        Overload::new(
            "not_strictly_false",
            "@not_strictly_false(bool) -> bool",
            refuse,
        ),
    ],
    macros: &[],
    variables: &[],
};

fn refuse<'a>(_call: &Call<'_>, _args: &[Value<'a>]) -> Evaluated<'a> {
    Err(EvalError::no_such_overload().into())
}

fn not<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    match args {
        [Value::Bool(flag)] => Ok(Value::Bool(!flag)),
        _ => Err(EvalError::no_such_overload().into()),
    }
}
