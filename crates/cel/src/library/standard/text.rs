//! `contains`, `startsWith`, `endsWith`, `matches`.

use super::super::size::{characters, regex_characters, size};
use crate::{
    error::{EvalError, Evaluated},
    function::{Call, Library, Overload},
    patterns,
    value::Value,
};

/// What text is asked.
pub const TEXT: Library = Library {
    name: "standard.text",
    overloads: &[
        Overload::new(
            "contains_string",
            "string.contains(string) -> bool",
            contains,
        )
        .costs_when_resolved(of_search),
        Overload::new(
            "ends_with_string",
            "string.endsWith(string) -> bool",
            ends_with,
        )
        .costs_when_resolved(of_affix),
        Overload::new(
            "starts_with_string",
            "string.startsWith(string) -> bool",
            starts_with,
        )
        .costs_when_resolved(of_affix),
        Overload::new("matches", "matches(string, string) -> bool", matches)
            .costs_when_resolved(of_match),
        Overload::new("matches_string", "string.matches(string) -> bool", matches)
            .costs_when_resolved(of_match),
    ],
    macros: &[],
    variables: &[],
};

fn of_search(args: &[Value<'_>]) -> u64 {
    characters(size(args.first())).saturating_mul(characters(size(args.get(1))))
}

fn of_affix(args: &[Value<'_>]) -> u64 {
    characters(size(args.get(1)))
}

fn of_match(args: &[Value<'_>]) -> u64 {
    let text = characters(size(args.first()).saturating_add(1));
    text.saturating_mul(regex_characters(size(args.get(1))))
}

fn both<'v, 'a>(args: &'v [Value<'a>]) -> Result<(&'v str, &'v str), Box<EvalError>> {
    match args {
        [Value::String(text), Value::String(part)] => Ok((text, part)),
        _ => Err(EvalError::no_such_overload().into()),
    }
}

fn contains<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let (text, part) = both(args)?;
    Ok(Value::Bool(text.contains(part)))
}

fn ends_with<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let (text, part) = both(args)?;
    Ok(Value::Bool(text.ends_with(part)))
}

fn starts_with<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let (text, part) = both(args)?;
    Ok(Value::Bool(text.starts_with(part)))
}

fn matches<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let (text, pattern) = both(args)?;
    let regex = patterns::compiled(pattern, ToString::to_string)?;
    Ok(Value::Bool(regex.is_match(text)))
}
