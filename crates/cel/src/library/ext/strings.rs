//! Characters and parts of text.

use super::super::size::{characters, of_text, of_traversal, size};
use super::{int, position};
use crate::{
    effort,
    error::{EvalError, Evaluated},
    function::{Call, Implementation, Library, Overload},
    value::{List, Value},
};

/// cel-go's `strings` library, without quoting and formatting.
pub const STRINGS: Library = Library {
    name: "ext.strings",
    overloads: &[
        Overload::new(
            "string_char_at_int",
            "string.charAt(int) -> string",
            char_at,
        ),
        Overload::new(
            "string_index_of_string",
            "string.indexOf(string) -> int",
            index_of,
        )
        .costs(of_traversal),
        Overload::new(
            "string_index_of_string_int",
            "string.indexOf(string, int) -> int",
            index_of,
        )
        .costs(of_traversal),
        Overload::new(
            "string_last_index_of_string",
            "string.lastIndexOf(string) -> int",
            last_index_of,
        )
        .costs(of_traversal),
        Overload::new(
            "string_last_index_of_string_int",
            "string.lastIndexOf(string, int) -> int",
            last_index_of,
        )
        .costs(of_traversal),
        Overload::new("string_lower_ascii", "string.lowerAscii() -> string", LOWER).costs(of_text),
        Overload::new("string_upper_ascii", "string.upperAscii() -> string", UPPER).costs(of_text),
        Overload::new(
            "string_replace_string_string",
            "string.replace(string, string) -> string",
            replace,
        )
        .costs(of_rewriting),
        Overload::new(
            "string_replace_string_string_int",
            "string.replace(string, string, int) -> string",
            replace,
        )
        .costs(of_rewriting),
        Overload::new(
            "string_split_string",
            "string.split(string) -> list(string)",
            split,
        )
        .costs(of_rewriting),
        Overload::new(
            "string_split_string_int",
            "string.split(string, int) -> list(string)",
            split,
        )
        .costs(of_rewriting),
        Overload::new(
            "string_substring_int",
            "string.substring(int) -> string",
            substring,
        )
        .costs(of_text),
        Overload::new(
            "string_substring_int_int",
            "string.substring(int, int) -> string",
            substring,
        )
        .costs(of_text),
        Overload::new("string_trim", "string.trim() -> string", TRIM).costs(of_text),
        Overload::new("list_join", "list(string).join() -> string", join)
            .costs_by_result(of_result),
        Overload::new(
            "list_join_string",
            "list(string).join(string) -> string",
            join,
        )
        .costs_by_result(of_result),
    ],
    macros: &[],
    variables: &[],
};

fn of_result(_args: &[Value<'_>], result: Option<&Value<'_>>) -> u64 {
    characters(size(result).saturating_mul(2))
}

/// Reading the text and making the result.
fn of_rewriting(args: &[Value<'_>]) -> u64 {
    characters(size(args.first()).saturating_mul(2))
}

fn text<'v>(value: Option<&'v Value<'_>>) -> Result<&'v str, Box<EvalError>> {
    match value {
        Some(Value::String(text)) => Ok(text),
        _ => Err(EvalError::no_such_overload().into()),
    }
}

fn out_of_range(at: i64) -> Box<EvalError> {
    EvalError::new(format!("index out of range: {at}")).into()
}

/// Where the character stands in bytes, up to the end of the text.
fn byte_of(text: &str, at: i64) -> Option<usize> {
    let at = usize::try_from(at).ok()?;
    let mut places = text.char_indices().map(|(place, _)| place);
    places
        .nth(at)
        .or_else(|| (text.chars().count() == at).then_some(text.len()))
}

fn char_at<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let [of, at] = args else {
        return Err(EvalError::no_such_overload().into());
    };
    let (of, at) = (text(Some(of))?, position(at)?);
    let place = byte_of(of, at).ok_or_else(|| out_of_range(at))?;
    let rest = of.get(place..).unwrap_or_default();
    Ok(Value::from(rest.chars().take(1).collect::<String>()))
}

fn index_of<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let (of, part) = (text(args.first())?, text(args.get(1))?);
    let from = args.get(2).map_or(Ok(0), position)?;
    if from < 0 {
        return Err(out_of_range(from));
    }
    let Some(start) = byte_of(of, from) else {
        return Ok(behind_the_end(of, part));
    };
    let found = of.get(start..).and_then(|rest| rest.find(part));
    Ok(match found {
        Some(at) => int(characters_before(of, start + at)),
        None => Value::Int(-1),
    })
}

/// Behind its end, a text holds nothing but the empty text, which is found at the end.
fn behind_the_end<'a>(of: &str, part: &str) -> Value<'a> {
    match part.is_empty() {
        true => int(of.chars().count()),
        false => Value::Int(-1),
    }
}

fn characters_before(text: &str, place: usize) -> usize {
    text.get(..place).map_or(0, |before| before.chars().count())
}

fn last_index_of<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let (of, part) = (text(args.first())?, text(args.get(1))?);
    let Some(last) = args.get(2) else {
        return Ok(match of.rfind(part) {
            Some(at) => int(characters_before(of, at)),
            None => Value::Int(-1),
        });
    };
    let last = position(last)?;
    if last < 0 {
        return Err(out_of_range(last));
    }
    let start = byte_of(of, last).filter(|start| *start < of.len());
    let Some(start) = start else {
        return Ok(behind_the_end(of, part));
    };
    let end = (start + part.len()).min(of.len());
    // The part may begin at the last position, and reach beyond it.
    let reach = of
        .get(..end)
        .or_else(|| of.get(..start))
        .unwrap_or_default();
    Ok(match reach.rfind(part) {
        Some(at) => int(characters_before(of, at)),
        None => Value::Int(-1),
    })
}

fn changed<'a>(args: &[Value<'a>], change: fn(&str) -> String) -> Evaluated<'a> {
    Ok(Value::from(change(text(args.first())?)))
}

const LOWER: Implementation = |_, args| changed(args, str::to_ascii_lowercase);
const UPPER: Implementation = |_, args| changed(args, str::to_ascii_uppercase);
const TRIM: Implementation = |_, args| changed(args, |text| text.trim().to_owned());

fn replace<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let (of, old, new) = (text(args.first())?, text(args.get(1))?, text(args.get(2))?);
    let count = args.get(3).map_or(Ok(-1), position)?;
    if new.len() > old.len() {
        let most = usize::try_from(count).unwrap_or(usize::MAX);
        let longer = of.matches(old).take(most).count();
        effort::text(of.len() + longer.saturating_mul(new.len() - old.len()))?;
    }
    Ok(Value::from(match usize::try_from(count) {
        Ok(count) => of.replacen(old, new, count),
        Err(_) => of.replace(old, new),
    }))
}

fn split<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let (of, by) = (text(args.first())?, text(args.get(1))?);
    let most = args.get(2).map_or(Ok(-1), position)?;
    let part = |part: &str| Value::from(part.to_owned());
    let parts: List<'a> = match (usize::try_from(most), by.is_empty()) {
        (Ok(0), _) => List::from(Vec::new()),
        (most, true) => {
            let count = of.chars().count();
            let most = most.unwrap_or(count).min(count);
            let place = |at: usize| {
                let at = i64::try_from(at).unwrap_or(i64::MAX);
                byte_of(of, at).unwrap_or(of.len())
            };
            let mut parts: Vec<Value<'a>> = of
                .chars()
                .take(most.saturating_sub(1))
                .map(|letter| Value::from(letter.to_string()))
                .collect();
            let rest = of.get(place(most.saturating_sub(1))..).unwrap_or_default();
            parts.extend((most > 0).then(|| part(rest)));
            parts.into()
        }
        (Ok(most), false) => of.splitn(most, by).map(part).collect(),
        (Err(_), false) => of.split(by).map(part).collect(),
    };
    Ok(Value::List(parts))
}

fn substring<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let of = text(args.first())?;
    let from = args.get(1).map_or(Ok(0), position)?;
    let start = byte_of(of, from).ok_or_else(|| out_of_range(from));
    let Some(to) = args.get(2) else {
        return Ok(Value::from(of.get(start?..).unwrap_or_default().to_owned()));
    };
    let to = position(to)?;
    if from > to {
        let problem = format!("invalid substring range. start: {from}, end: {to}");
        return Err(EvalError::new(problem).into());
    }
    let (start, end) = (start?, byte_of(of, to).ok_or_else(|| out_of_range(to))?);
    Ok(Value::from(
        of.get(start..end).unwrap_or_default().to_owned(),
    ))
}

fn join<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let by = args.get(1).map_or(Ok(""), |by| text(Some(by)))?;
    let mut joined = String::new();
    for (at, item) in super::list_of(args)?.iter().enumerate() {
        if at > 0 {
            joined.push_str(by);
        }
        let item = text(Some(&item))?;
        effort::text(joined.len() + item.len())?;
        joined.push_str(item);
    }
    Ok(Value::from(joined))
}
