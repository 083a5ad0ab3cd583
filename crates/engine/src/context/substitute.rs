//! Puts the variables of values in place that come up while a policy runs.

use std::sync::Arc;

use portcullis_values::{Map, Str, Val, gojson};
use serde_json::Value;

use super::json_context::JsonContext;
use super::nesting;
use super::query::Names;
use super::references;
use super::scan;
use super::variable::{TemplateError, Written};

/// How often one text is searched for variables.
const MAX_ROUNDS: usize = 64;
/// How long a text may grow while variables are put in place.
const MAX_TEXT: usize = 16 << 20;

/// Looks through a value that was put in place: lists and maps are searched, a text is taken as
/// it is.
pub(super) fn inside<'a>(
    value: Val<'a>,
    path: &str,
    context: &JsonContext<'a>,
) -> Result<Val<'a>, TemplateError> {
    if matches!(value, Val::List(_) | Val::Map(_)) && has_braces(&value) {
        let inner = nesting::within(context.nesting(), || {
            substitute_value(&value, path, context)
        });
        return inner.unwrap_or_else(|| Err(endless(&json_text(&value))));
    }
    Ok(value)
}

fn endless(text: &str) -> TemplateError {
    let text = text.chars().take(80).collect();
    TemplateError::Endless { text }
}

fn has_braces(value: &Val<'_>) -> bool {
    match value {
        Val::Str(text) => text.as_str().contains("{{"),
        Val::List(items) => items.iter().any(|item| has_braces(&item)),
        Val::Map(entries) => entries
            .iter()
            .any(|(key, item)| key.as_str().contains("{{") || has_braces(&item)),
        _ => false,
    }
}

fn substitute_value<'a>(
    value: &Val<'a>,
    path: &str,
    context: &JsonContext<'a>,
) -> Result<Val<'a>, TemplateError> {
    let names = context.names();
    match value {
        Val::Str(text) => expand(text.as_str().to_owned(), path, &names, context),
        Val::List(items) => {
            let items: Result<_, _> = (0..)
                .zip(items.iter())
                .map(|(index, item)| substitute_value(&item, &format!("{path}/{index}"), context))
                .collect();
            items.map(Val::List)
        }
        Val::Map(entries) => {
            let entries: Result<Map<'a>, TemplateError> = entries
                .iter()
                .map(|(key, item)| {
                    let place = format!("{path}/{}", key.as_str());
                    let new_key = expand(key.as_str().to_owned(), path, &names, context)?;
                    Ok((
                        key_text(new_key, key.as_str())?,
                        substitute_value(&item, &place, context)?,
                    ))
                })
                .collect();
            entries.map(Val::Map)
        }
        other => Ok(other.clone()),
    }
}

/// A key that was put in place; it must be text, and null leaves the key as written.
pub(super) fn key_text<'a>(value: Val<'a>, written: &str) -> Result<Str<'a>, TemplateError> {
    match value {
        Val::Str(text) => Ok(text),
        Val::Null => Ok(Str::from(written.to_owned())),
        _ => Err(TemplateError::KeyNotText {
            key: written.to_owned(),
        }),
    }
}

/// A text that came up while the policy runs, with its references and variables in place.
///
/// # Errors
/// A variable that has no value, or a reference to nothing.
pub fn substitute_text<'a>(
    text: &str,
    context: &JsonContext<'a>,
) -> Result<Val<'a>, TemplateError> {
    let resolved = references::resolve(&Value::from(text))?;
    let text = resolved.as_ref().and_then(Value::as_str).unwrap_or(text);
    expand(text.to_owned(), "", &context.names(), context)
}

/// Searches a text that came up while the policy runs.
pub(super) fn expand<'a>(
    text: String,
    path: &str,
    names: &Arc<Names>,
    context: &JsonContext<'a>,
) -> Result<Val<'a>, TemplateError> {
    let mut text = text;
    for _ in 0..MAX_ROUNDS {
        let found = scan::variables(&text);
        if found.is_empty() {
            return Ok(Val::from(scan::unescape(&text).unwrap_or(text)));
        }
        let mut next = String::with_capacity(text.len());
        let mut copied = 0;
        let mut shallow = false;
        for range in found {
            let braced = text.get(range.clone()).unwrap_or_default();
            let variable = Written::parse(braced);
            if !nesting::count(context.nesting()) {
                return Err(endless(braced));
            }
            let mut value = variable.value(path, names, context)?;
            if !variable.shallow {
                value = inside(value, path, context)?;
            }
            if range.len() == text.len() {
                return Ok(value);
            }
            shallow |= variable.shallow;
            next.push_str(text.get(copied..range.start).unwrap_or_default());
            push_value(&mut next, &value);
            copied = range.end;
        }
        next.push_str(text.get(copied..).unwrap_or_default());
        if shallow {
            return Ok(Val::from(scan::unescape(&next).unwrap_or(next)));
        }
        if next.len() > MAX_TEXT {
            break;
        }
        text = next;
    }
    Err(endless(&text))
}

/// Writes a value into text: text as it is, everything else as JSON.
pub(super) fn push_value(text: &mut String, value: &Val<'_>) {
    match value {
        Val::Str(value) => text.push_str(value.as_str()),
        other => text.push_str(&json_text(other)),
    }
}

/// A value as JSON text; one that is too large or has no JSON form is `null`.
pub(super) fn json_text(value: &Val<'_>) -> String {
    gojson::encode(value, MAX_TEXT).unwrap_or_else(|_| "null".to_owned())
}
