//! How a text can be written.

use std::borrow::Cow;

use crate::{
    Mode,
    resolve::{self, Scalar},
};

/// A longer text is folded at so many bytes.
pub(super) const WIDTH: usize = 100;

/// Whether a text can stand as it is, and is read as that text by every reader.
pub(super) fn is_plain(text: &str) -> bool {
    let Some(first) = text.chars().next() else {
        return false;
    };
    let may_start = !matches!(
        first,
        '-' | '?'
            | ':'
            | ','
            | '['
            | ']'
            | '{'
            | '}'
            | '#'
            | '&'
            | '*'
            | '!'
            | '|'
            | '>'
            | '\''
            | '"'
            | '%'
            | '@'
            | '`'
            | ' '
    );
    may_start
        && !matches!(text, "=" | "<<")
        && !text.starts_with("...")
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
        && text.chars().all(is_printable)
        && !is_sexagesimal(text)
        && [Mode::Lenient, Mode::V3]
            .into_iter()
            .all(|mode| matches!(resolve::plain(Cow::Borrowed(text), mode), Scalar::Text(_)))
}

/// Whether a text is a number to base 60, as `12:30` is for some readers of YAML 1.1.
fn is_sexagesimal(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_digit())
        && text.contains(':')
        && text
            .chars()
            .all(|character| character.is_ascii_digit() || matches!(character, ':' | '.' | '_'))
}

/// Whether a text of one line is long and can be folded: words, as against JSON.
pub(super) fn is_foldable(text: &str) -> bool {
    text.len() > WIDTH
        && text.contains(' ')
        && text.split(' ').all(|word| word.len() < WIDTH)
        && !text.starts_with(' ')
        && !text.ends_with(' ')
        && text.chars().all(is_printable)
}

/// Whether a text with lines can be written line by line.
pub(super) fn is_block(text: &str) -> bool {
    text.contains('\n')
        && !text.starts_with([' ', '\t', '\n'])
        && text
            .chars()
            .all(|character| matches!(character, '\n' | '\t') || is_printable(character))
        && text
            .lines()
            .all(|line| line.is_empty() || !line.trim().is_empty())
}

/// Whether a character of one line can stand as it is.
fn is_printable(character: char) -> bool {
    match character {
        ' '..='~' => true,
        '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}' => false,
        _ => matches!(character, '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..),
    }
}

/// A text in double quotes.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            printable if is_printable(printable) => quoted.push(printable),
            other => quoted.push_str(&format!("\\u{:04X}", u32::from(other))),
        }
    }
    quoted.push('"');
    quoted
}
