//! `find` and `findAll`: what a regular expression matches.

use std::rc::Rc;

use portcullis_values::regexp::GoRegexp;

use super::super::size;
use crate::{
    error::{EvalError, Evaluated},
    function::{Call, Library, Overload},
    patterns,
    value::Value,
};

/// Kubernetes' `regex` library.
pub const REGEX: Library = Library {
    name: "kubernetes.regex",
    overloads: &[
        Overload::new("string_find_string", "string.find(string) -> string", find).costs(cost),
        Overload::new(
            "string_find_all_string",
            "string.findAll(string) -> list(string)",
            find_all,
        )
        .costs(cost),
        Overload::new(
            "string_find_all_string_int",
            "string.findAll(string, int) -> list(string)",
            find_all,
        )
        .costs(cost),
    ],
    macros: &[],
    variables: &[],
};

fn compile(pattern: &str) -> Result<Rc<GoRegexp>, Box<EvalError>> {
    patterns::compiled(pattern, |error| {
        format!("Illegal regex: error parsing regexp: {error}")
    })
}

fn find<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let [Value::String(text), Value::String(pattern)] = args else {
        return Err(EvalError::no_such_overload().into());
    };
    let found = compile(pattern)?
        .find(text)
        .and_then(|range| text.get(range))
        .unwrap_or_default();
    Ok(Value::from(found.to_owned()))
}

fn find_all<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let (text, pattern, most) = match args {
        [Value::String(text), Value::String(pattern)] => (text, pattern, -1),
        [
            Value::String(text),
            Value::String(pattern),
            Value::Int(most),
        ] => (text, pattern, *most),
        _ => return Err(EvalError::no_such_overload().into()),
    };
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    Ok(Value::List(
        compile(pattern)?
            .find_all(text)
            .into_iter()
            .take(most)
            .map(|range| Value::from(text.get(range).unwrap_or_default().to_owned()))
            .collect(),
    ))
}

/// Each character of the text is looked at by each part of the pattern, four characters long.
fn cost(args: &[Value<'_>]) -> u64 {
    let text = size::characters(size::size(args.first()).saturating_add(1));
    text.saturating_mul(size::regex_characters(size::size(args.get(1))))
}
