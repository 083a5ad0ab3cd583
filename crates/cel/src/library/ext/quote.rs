//! `strings.quote`.

use super::super::size::of_text;
use crate::{
    error::{EvalError, Evaluated},
    function::{Call, Library, Overload},
    value::Value,
};

/// `strings.quote` of cel-go's `strings` library.
pub const QUOTE: Library = Library {
    name: "ext.strings.quote",
    overloads: &[
        Overload::new("strings_quote", "strings.quote(string) -> string", quote)
            .costs_when_resolved(of_text),
    ],
    macros: &[],
    variables: &[],
};

fn quote<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let [Value::String(text)] = args else {
        return Err(EvalError::no_such_overload().into());
    };
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for letter in text.chars() {
        match letter {
            '\u{7}' => quoted.push_str("\\a"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{c}' => quoted.push_str("\\f"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{b}' => quoted.push_str("\\v"),
            '\\' => quoted.push_str("\\\\"),
            '"' => quoted.push_str("\\\""),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    Ok(Value::from(quoted))
}
