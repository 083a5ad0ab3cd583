//! Text: `compare`, `ends_with`, `equal_fold`, `join`, `path_canonicalize`, `replace`,
//! `replace_all`, `split`, `starts_with`, `to_boolean`, `to_lower`, `to_upper`, `trim`,
//! `trim_prefix` and `truncate`. Characters are code points.

use std::{cmp::Ordering, rc::Rc};

use portcullis_values::{Str, Val, duration::to_go_int64, gotext, regexp};

use super::{Call, call::list};
use crate::{error::Evaluated, value::GoInt};

/// -1, 0 or 1 as an integer, which is no number: `compare(a, b) < 0` is null, and only another
/// `compare` equals it.
pub(super) fn compare<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    let order = match call.bytes(0)?.cmp(call.bytes(1)?) {
        Ordering::Less => -1,
        Ordering::Equal => 0,
        Ordering::Greater => 1,
    };
    Ok(Val::Opaque(Rc::new(GoInt(order))))
}

pub(super) fn ends_with<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    Ok(Val::Bool(call.bytes(0)?.ends_with(call.bytes(1)?)))
}

pub(super) fn starts_with<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    Ok(Val::Bool(call.bytes(0)?.starts_with(call.bytes(1)?)))
}

pub(super) fn equal_fold<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    Ok(Val::Bool(regexp::equal_fold(
        &call.text(0)?,
        &call.text(1)?,
    )))
}

pub(super) fn join<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    let separator = call.text(0)?;
    let mut output = String::new();
    for (index, item) in call.list(1)?.iter().enumerate() {
        if index > 0 {
            output.push_str(&separator);
        }
        match &item {
            Val::Bytes(bytes) => output.push_str(&gotext::decode(bytes)),
            other => output.push_str(other.as_str().unwrap_or_default()),
        }
        call.check_length(output.len())?;
    }
    Ok(Val::from(output))
}

/// The shortest path that means the same: `/a/./b//../c` is `/a/c`.
pub(super) fn path_canonicalize<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    let path = call.text(0)?;
    if path.is_empty() {
        return Ok(Val::Str(path));
    }
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            other => parts.push(other),
        }
    }
    let joined = parts.join("/");
    Ok(Val::from(match (rooted, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }))
}

/// The first so many occurrences replaced; all of them for a negative count.
pub(super) fn replace<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    let count = to_go_int64(call.number(3)?);
    replace_first(call, usize::try_from(count).unwrap_or(usize::MAX))
}

pub(super) fn replace_all<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    replace_first(call, usize::MAX)
}

fn replace_first<'a>(call: &Call<'_, 'a>, count: usize) -> Evaluated<'a> {
    let (text, old, new) = (call.text(0)?, call.text(1)?, call.text(2)?);
    let found = text.matches(old.as_str()).take(count).count();
    if found == 0 {
        return Ok(Val::Str(text));
    }
    call.check_length(text.len().saturating_add(found.saturating_mul(new.len())))?;
    Ok(Val::from(text.replacen(old.as_str(), &new, count)))
}

/// The parts between the separators; an empty separator splits into characters.
pub(super) fn split<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    let (text, separator) = (call.text(0)?, call.text(1)?);
    let parts: Vec<Val<'a>> = match &text {
        Str::Borrowed(text) => parts(text, &separator, Val::from),
        Str::Shared(text) => parts(text, &separator, |part| Val::from(part.to_owned())),
    };
    Ok(list(parts))
}

fn parts<'t, 'a>(
    text: &'t str,
    separator: &str,
    part: impl Fn(&'t str) -> Val<'a>,
) -> Vec<Val<'a>> {
    if !separator.is_empty() {
        return text.split(separator).map(part).collect();
    }
    // An empty separator also matches before the first and after the last character.
    text.split("")
        .filter(|character| !character.is_empty())
        .map(part)
        .collect()
}

/// True or false, in any letter case.
pub(super) fn to_boolean<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    match gotext::to_lower(&call.text(0)?).as_str() {
        "true" => Ok(Val::Bool(true)),
        "false" => Ok(Val::Bool(false)),
        _ => Err(call.argument_error(0, "`true` or `false`")),
    }
}

pub(super) fn to_lower<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    Ok(Val::from(gotext::to_lower(&call.text(0)?)))
}

pub(super) fn to_upper<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    Ok(Val::from(gotext::to_upper(&call.text(0)?)))
}

/// The text without the characters of the second at both ends.
pub(super) fn trim<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    let cutset = call.text(1)?;
    let cut = |c: char| cutset.contains(c);
    Ok(match call.text(0)? {
        Str::Borrowed(text) => Val::from(text.trim_matches(cut)),
        Str::Shared(text) => Val::from(text.trim_matches(cut).to_owned()),
    })
}

pub(super) fn trim_prefix<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    let prefix = call.text(1)?;
    Ok(match call.text(0)? {
        Str::Borrowed(text) => Val::from(text.strip_prefix(prefix.as_str()).unwrap_or(text)),
        Str::Shared(text) => Val::from(
            text.strip_prefix(prefix.as_str())
                .unwrap_or(&text)
                .to_owned(),
        ),
    })
}

/// The first so many characters; none for a negative count.
pub(super) fn truncate<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    let text = call.text(0)?;
    let count = usize::try_from(to_go_int64(call.number(1)?)).unwrap_or(0);
    let Some((end, _)) = text.char_indices().nth(count) else {
        return Ok(Val::Str(text));
    };
    Ok(match text {
        Str::Borrowed(text) => Val::from(text.get(..end).unwrap_or_default()),
        Str::Shared(text) => Val::from(text.get(..end).unwrap_or_default().to_owned()),
    })
}
