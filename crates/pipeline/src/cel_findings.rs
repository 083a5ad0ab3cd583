//! Mistakes in the CEL of a policy, with a caret under them in the policy's file.
//!
//! ```text
//! error: undefined field 'replcas'
//!   ╭▸ policies/web/policy.yaml:14:32
//! 14 │       expression: object.spec.replcas > 1
//!    ╰╴                              ━━━━━━━ did you mean `replicas`?
//! ```

use std::{collections::BTreeSet, ops::Range, sync::Arc};

use portcullis_api::cel_policy_exception::CelPolicyException;
use portcullis_engine::{
    cel::typing::{self, TypeFinding},
    compile_options::CompileError,
    load::Loaded,
};
use portcullis_schema::Catalogue;
use portcullis_yaml::{Document, place_in_scalar};
use serde_json::Value;

use crate::{
    diagnostic::{Diagnostic, Place},
    offline::places,
};

/// Where spans of a policy's text stand in a file.
type Placed<'p> = &'p dyn Fn(Range<usize>) -> Place;

/// What is wrong with the expressions of a policy by the schemas of the kinds that it matches. The
/// document is read from the text.
#[must_use]
pub fn of_types(
    loaded: &Loaded,
    catalogue: &Arc<Catalogue>,
    (text, document): (&str, &Document),
    place: Placed<'_>,
) -> Vec<Diagnostic> {
    let found = typing::check(loaded, catalogue).into_iter();
    found
        .map(|finding| mistake(finding, "the policy matches", (text, document), place))
        .collect()
}

/// As [`of_types`], of an exception for the policies that it names.
#[must_use]
pub fn of_exception(
    exception: &CelPolicyException,
    policies: &[&Loaded],
    catalogue: &Arc<Catalogue>,
    written: (&str, &Document),
    place: Placed<'_>,
) -> Vec<Diagnostic> {
    let about = match policies {
        [_] => "the policy that it names matches",
        _ => "the policies that it names match",
    };
    let found = typing::check_exception(exception, policies, catalogue).into_iter();
    found
        .map(|finding| mistake(finding, about, written, place))
        .collect()
}

fn mistake(
    finding: TypeFinding,
    about: &str,
    (text, document): (&str, &Document),
    place: Placed<'_>,
) -> Diagnostic {
    let span = span_of(text, document, &finding.path, finding.offset);
    let label = finding.help.unwrap_or_default();
    let kinds = finding.kinds.join(", ");
    Diagnostic::error(format!("{}: {}", finding.path, finding.message))
        .at(place(span), label)
        .help(format!("{about} {kinds}"))
}

/// The errors without those of derived rules, which repeat the mistakes of an expression in other
/// words of the same path.
pub fn written(errors: &[CompileError]) -> impl Iterator<Item = &CompileError> {
    let mut paths = BTreeSet::new();
    let is_cel = |error: &CompileError| error.message.starts_with("ERROR: <input>:");
    let errors = errors.iter();
    errors.filter(move |error| !is_cel(error) || paths.insert((&error.policy, &error.path)))
}

/// What keeps an expression from being compiled, each mistake at its place; nothing if the message
/// is not about an expression.
#[must_use]
pub fn of_refusal(
    path: &str,
    message: &str,
    (text, document): (&str, &Document),
    place: Placed<'_>,
) -> Vec<Diagnostic> {
    let pointer = places::pointer(path);
    let expression = document.value.pointer(&pointer).and_then(Value::as_str);
    let found = issues(message).into_iter();
    found
        .map(|(row, column, problem, help)| {
            let offset = offset_of(expression.unwrap_or_default(), row, column);
            let span = span_of(text, document, path, offset);
            let diagnostic = Diagnostic::error(format!("{path}: {problem}"));
            diagnostic.at(place(span), help.unwrap_or(problem))
        })
        .collect()
}

/// The mistakes of a message as CEL's compiler writes it: row, column, what is wrong, and what would
/// help.
fn issues(message: &str) -> Vec<(usize, usize, &str, Option<&str>)> {
    let mut issues = Vec::new();
    for line in message.lines() {
        if let Some(issue) = line.strip_prefix("ERROR: <input>:").and_then(issue) {
            issues.push(issue);
        } else if let Some((_, _, _, help)) = issues.last_mut()
            && let Some(said) = line.strip_prefix(" = ")
        {
            *help = Some(said);
        }
    }
    issues
}

fn issue(line: &str) -> Option<(usize, usize, &str, Option<&str>)> {
    let (row, rest) = line.split_once(':')?;
    let (column, problem) = rest.split_once(": ")?;
    Some((row.parse().ok()?, column.parse().ok()?, problem, None))
}

/// The byte of a row and column, both from 1; columns count characters.
fn offset_of(expression: &str, row: usize, column: usize) -> usize {
    let mut start = 0;
    for line in expression.split_inclusive('\n').take(row.saturating_sub(1)) {
        start += line.len();
    }
    let line = expression.get(start..).unwrap_or_default();
    let ahead = line
        .chars()
        .take(column.saturating_sub(1))
        .map(char::len_utf8);
    start + ahead.sum::<usize>()
}

/// The bytes of the name or sign at an offset of an expression, in the text of its document.
fn span_of(text: &str, document: &Document, path: &str, offset: usize) -> Range<usize> {
    let pointer = places::pointer(path);
    let whole = document.spans.of_pointer(&pointer, false);
    let expression = document.value.pointer(&pointer).and_then(Value::as_str);
    let place = |expression: &str, offset: usize| {
        let scalar = text.get(whole.clone())?;
        Some(whole.start + place_in_scalar(scalar, expression, offset)?)
    };
    let found = expression.and_then(|expression| {
        let token = token_at(expression, offset);
        let last = expression.get(token.clone())?.char_indices().next_back();
        let start = place(expression, token.start)?;
        let Some((last, letter)) = last else {
            return Some(start..start);
        };
        let last = place(expression, token.start + last)?;
        Some(start..(last + letter.len_utf8()).max(start))
    });
    found.unwrap_or(whole)
}

/// The name that an offset is about: the field behind a dot, the function before its arguments, or
/// the word or sign itself.
fn token_at(expression: &str, offset: usize) -> Range<usize> {
    let is_name = |letter: char| letter.is_alphanumeric() || letter == '_';
    let rest = expression.get(offset..).unwrap_or_default();
    let name_from = |start: usize| {
        let rest = expression.get(start..).unwrap_or_default();
        let length = rest.find(|letter| !is_name(letter)).unwrap_or(rest.len());
        start..start + length
    };
    match rest.chars().next() {
        Some('.') => {
            let behind = rest.trim_start_matches(['.', '?']).trim_start();
            name_from(offset + rest.len() - behind.len())
        }
        Some('(') => {
            let ahead = expression.get(..offset).unwrap_or_default();
            let name = ahead.trim_end_matches(is_name).len();
            match name < offset {
                true => name..offset,
                false => offset..offset + 1,
            }
        }
        Some(letter) if is_name(letter) => name_from(offset),
        Some('&' | '|' | '=' | '!' | '<' | '>') => {
            let is_sign = |letter: char| "&|=!<>".contains(letter);
            let length = rest.find(|letter| !is_sign(letter)).unwrap_or(rest.len());
            offset..offset + length
        }
        Some(letter) => offset..offset + letter.len_utf8(),
        None => offset..offset,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_signs() {
        for (expression, offset, expected) in [
            ("object.spec.x > 1", 11, "x"),
            ("object.?spec.x", 6, "spec"),
            ("size(a)", 4, "size"),
            ("(a)", 0, "("),
            ("a && b", 2, "&&"),
            ("ab == 1", 0, "ab"),
            ("a + b", 2, "+"),
            ("a", 1, ""),
            ("a", 9, ""),
            ("ä.ö", 2, "ö"),
        ] {
            let token = token_at(expression, offset);
            assert_eq!(
                expression.get(token).unwrap_or_default(),
                expected,
                "{expression}"
            );
        }
    }

    #[test]
    fn mistakes_of_a_message() {
        let message = "ERROR: <input>:2:3: no\n | é b\n | ．.^\n = do: this\nERROR: <input>:x: y";
        assert_eq!(issues(message), [(2, 3, "no", Some("do: this"))]);
        assert_eq!(offset_of("a\né b", 2, 3), 5);
        assert_eq!(offset_of("a", 9, 9), 1);
        assert!(issues("the expression gives `int`").is_empty());
    }
}
