//! `regex.replace`, `regex.extract`, `regex.extractAll`.

use std::{rc::Rc, sync::Arc};

use portcullis_values::regexp::GoRegexp;

use super::super::size::size;
use super::position;
use crate::{
    effort,
    error::{EvalError, Evaluated},
    function::{Call, Library, Overload},
    patterns,
    value::Value,
};

/// cel-go's `regex` library.
pub const REGEX: Library = Library {
    name: "ext.regex",
    overloads: &[
        Overload::new(
            "regex_replace_string_string_string",
            "regex.replace(string, string, string) -> string",
            replace,
        )
        .costs_by_result(of_replacing)
        .when_resolved(),
        Overload::new(
            "regex_replace_string_string_string_int",
            "regex.replace(string, string, string, int) -> string",
            replace,
        )
        .costs_by_result(of_replacing)
        .when_resolved(),
        Overload::new(
            "regex_extract_string_string",
            "regex.extract(string, string) -> optional_type(string)",
            extract,
        )
        .costs_by_result(of_extracting)
        .when_resolved(),
        Overload::new(
            "regex_extractAll_string_string",
            "regex.extractAll(string, string) -> list(string)",
            extract_all,
        )
        .costs_by_result(of_extracting_all)
        .when_resolved(),
    ],
    macros: &[],
    variables: &[],
};

/// Searching costs a tenth for each character of the text and a quarter for each of the pattern.
#[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^52")]
fn search(args: &[Value<'_>]) -> f64 {
    let (text, pattern) = (size(args.first()), size(args.get(1)));
    (text.saturating_add(1) as f64) * 0.1 * (pattern.saturating_add(1) as f64) * 0.25
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "costs are far below 2^52 and not negative"
)]
fn total(cost: f64, result: Option<&Value<'_>>, round: fn(f64) -> f64) -> u64 {
    round(1.0 + cost + size(result) as f64) as u64
}

fn of_replacing(args: &[Value<'_>], result: Option<&Value<'_>>) -> u64 {
    total(search(args), result, f64::floor)
}

fn of_extracting(args: &[Value<'_>], result: Option<&Value<'_>>) -> u64 {
    total(search(args), result, f64::ceil)
}

fn of_extracting_all(args: &[Value<'_>], result: Option<&Value<'_>>) -> u64 {
    total(search(args), result, f64::ceil).saturating_add(10)
}

fn text<'v>(args: &'v [Value<'_>], at: usize) -> Result<&'v str, Box<EvalError>> {
    match args.get(at) {
        Some(Value::String(text)) => Ok(text),
        _ => Err(EvalError::no_such_overload().into()),
    }
}

fn compiled(args: &[Value<'_>]) -> Result<Rc<GoRegexp>, Box<EvalError>> {
    patterns::compiled(text(args, 1)?, ToString::to_string)
}

/// A part of a replacement: text, or a group by its number.
enum Piece {
    Text(String),
    Group(usize),
}

fn pieces(template: &str, groups: usize) -> Result<Vec<Piece>, Box<EvalError>> {
    let refuse = |what: String| Err(EvalError::new(what).into());
    let mut found = Vec::new();
    let mut plain = String::new();
    let mut letters = template.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            plain.push(letter);
            continue;
        }
        match letters.next() {
            Some('\\') => plain.push('\\'),
            Some(digit) => match digit
                .to_digit(10)
                .and_then(|digit| usize::try_from(digit).ok())
            {
                Some(group) if group > groups => {
                    return refuse(format!(
                        "replacement string references group {group} but regex has only {groups} group(s)"
                    ));
                }
                Some(group) => {
                    found.push(Piece::Text(std::mem::take(&mut plain)));
                    found.push(Piece::Group(group));
                }
                None => {
                    return refuse(format!(
                        "invalid replacement string: '{template}' \\ must be followed by a digit or \\"
                    ));
                }
            },
            None => {
                return refuse(format!(
                    "invalid replacement string: '{template}' \\ not allowed at end"
                ));
            }
        }
    }
    found.push(Piece::Text(plain));
    Ok(found)
}

fn replace<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let of = text(args, 0)?;
    let regex = compiled(args)?;
    let count = args.get(3).map_or(Ok(-1), position)?;
    let groups = regex.names().len().saturating_sub(1);
    let pieces = pieces(text(args, 2)?, groups)?;
    let most = usize::try_from(count).unwrap_or(usize::MAX);
    let mut replaced = String::new();
    let mut done = 0;
    for found in regex.captures_all(of).into_iter().take(most) {
        let Some(Some(whole)) = found.first().cloned() else {
            continue;
        };
        replaced.push_str(of.get(done..whole.start).unwrap_or_default());
        for piece in &pieces {
            match piece {
                Piece::Text(text) => replaced.push_str(text),
                Piece::Group(group) => {
                    let range = found.get(*group).cloned().flatten();
                    replaced.push_str(range.and_then(|range| of.get(range)).unwrap_or_default());
                }
            }
        }
        done = whole.end;
        effort::text(replaced.len())?;
    }
    replaced.push_str(of.get(done..).unwrap_or_default());
    Ok(Value::from(replaced))
}

/// What the only group of the pattern finds, or the whole pattern where it has none.
fn group_of(regex: &GoRegexp) -> Result<usize, Box<EvalError>> {
    match regex.names().len() {
        0 | 1 => Ok(0),
        2 => Ok(1),
        _ => {
            let pattern = regex.as_str();
            let problem =
                format!("regular expression has more than one capturing group: {pattern:?}");
            Err(EvalError::new(problem).into())
        }
    }
}

fn extract<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let (of, regex) = (text(args, 0)?, compiled(args)?);
    let group = group_of(&regex)?;
    let found = regex.captures(of);
    let range = found.and_then(|found| found.get(group).cloned().flatten());
    let part = range
        .and_then(|range| of.get(range))
        .map(|part| Value::from(part.to_owned()));
    Ok(Value::Optional(part.map(Arc::new)))
}

fn extract_all<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let (of, regex) = (text(args, 0)?, compiled(args)?);
    let group = group_of(&regex)?;
    let parts = regex.captures_all(of).into_iter().filter_map(|found| {
        let range = found.get(group).cloned().flatten()?;
        of.get(range).map(|part| Value::from(part.to_owned()))
    });
    Ok(Value::List(parts.collect()))
}
