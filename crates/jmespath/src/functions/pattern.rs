//! Patterns: `pattern_match`, `random`, `regex_match`, `regex_replace_all` and
//! `regex_replace_all_literal`. A regular expression in a literal is compiled with the expression.

use std::borrow::Cow;

use portcullis_values::{
    Val,
    regexp::{GoRegexp, generate},
    wildcard,
};

use super::Call;
use crate::{error::Evaluated, error::Fault};

/// Whether the text matches the pattern, where `*` is any text and `?` any character.
pub(super) fn pattern_match<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    let matched = wildcard::matches(&call.text(0)?, &call.printed(1)?);
    Ok(Val::Bool(matched))
}

/// Random text that matches the regular expression.
pub(super) fn random<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    let pattern = call.text(0)?;
    if pattern.is_empty() {
        return Err(call.argument_error(0, "a pattern"));
    }
    generate(&pattern, &mut || call.host().random())
        .map(Val::from)
        .map_err(|error| call.argument_cause(0, error))
}

pub(super) fn regex_match<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    let matched = regexp(call)?.is_match(&call.printed(1)?);
    Ok(Val::Bool(matched))
}

/// Every match replaced; `$1` and `${name}` in the replacement stand for groups.
pub(super) fn regex_replace_all<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    let replaced = regexp(call)?.replace_all(&call.printed(1)?, &call.printed(2)?);
    call.check_length(replaced.len())?;
    Ok(Val::from(replaced))
}

pub(super) fn regex_replace_all_literal<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    let replaced = regexp(call)?.replace_all_literal(&call.printed(1)?, &call.printed(2)?);
    call.check_length(replaced.len())?;
    Ok(Val::from(replaced))
}

fn regexp<'a>(call: &Call<'_, 'a>) -> Result<Cow<'a, GoRegexp>, Fault<'a>> {
    let compiled = match &call.site.regexp {
        Some(Ok(regexp)) => return Ok(Cow::Borrowed(regexp)),
        Some(Err(error)) => Err(error.clone()),
        None => GoRegexp::compile(&call.text(0)?),
    };
    compiled
        .map(Cow::Owned)
        .map_err(|error| call.argument_cause(0, error))
}
