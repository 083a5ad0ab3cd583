//! Text and bytes between quotes.

use super::ast::Literal;
use crate::error::Issue;

/// The text or bytes that a text starts with, and how long they are written; nothing if it starts
/// with something else.
pub(super) fn literal(text: &str, offset: usize) -> Result<Option<(Literal, usize)>, Issue> {
    let (is_bytes, after) = prefix(text, ['b', 'B']);
    let (is_raw, after) = prefix(after, ['r', 'R']);
    let Some(quote) = ["\"\"\"", "'''", "\"", "'"]
        .into_iter()
        .find(|quote| after.starts_with(quote))
    else {
        return Ok(None);
    };
    let body = after.get(quote.len()..).unwrap_or_default();
    let Some(end) = end(body, quote, is_raw) else {
        let found = text.lines().next().unwrap_or_default();
        return Err(Issue {
            offset,
            message: format!("Syntax error: token recognition error at: '{found}'"),
            help: Some(format!(
                "the literal does not end with {quote}, or has a bad escape"
            )),
        });
    };
    let length = text.len() - body.len() + end + quote.len();
    let body = body.get(..end).unwrap_or_default();
    let literal = decode(body, is_raw, is_bytes).map_err(|problem| Issue {
        offset,
        message: problem.to_owned(),
        help: None,
    })?;
    Ok(Some((literal, length)))
}

fn prefix(text: &str, letters: [char; 2]) -> (bool, &str) {
    match text.strip_prefix(letters) {
        Some(rest) => (true, rest),
        None => (false, text),
    }
}

/// Where the closing quote stands.
fn end(body: &str, quote: &str, is_raw: bool) -> Option<usize> {
    let one_line = quote.len() == 1;
    let mut at = 0;
    loop {
        let rest = body.get(at..)?;
        if rest.starts_with(quote) {
            return Some(at);
        }
        let first = rest.chars().next()?;
        at += match first {
            '\n' | '\r' if one_line => return None,
            '\\' if !is_raw => escape_length(rest)?,
            other => other.len_utf8(),
        };
    }
}

/// How long the escape is that a text starts with; nothing if there is no such escape.
fn escape_length(text: &str) -> Option<usize> {
    let kind = text.chars().nth(1)?;
    let digits = |count: usize, radix: u32| {
        let mut letters = text.chars().skip(2);
        let all = (0..count).all(|_| letters.next().is_some_and(|letter| letter.is_digit(radix)));
        all.then_some(count + 2)
    };
    match kind {
        'a' | 'b' | 'f' | 'n' | 'r' | 't' | 'v' | '"' | '\'' | '\\' | '?' | '`' => Some(2),
        'x' | 'X' => digits(2, 16),
        'u' => digits(4, 16),
        'U' => digits(8, 16),
        '0'..='3' => digits(2, 8),
        _ => None,
    }
}

fn decode(body: &str, is_raw: bool, is_bytes: bool) -> Result<Literal, &'static str> {
    let body = body.replace("\r\n", "\n").replace('\r', "\n");
    let mut bytes = Vec::with_capacity(body.len());
    let mut rest = body.as_str();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\\' if !is_raw => escape_length(rest).unwrap_or(1),
            other => other.len_utf8(),
        };
        let (piece, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        if first == '\\' && !is_raw {
            escape(piece, is_bytes, &mut bytes)?;
        } else {
            bytes.extend_from_slice(piece.as_bytes());
        }
        rest = after;
    }
    if is_bytes {
        return Ok(Literal::Bytes(bytes));
    }
    String::from_utf8(bytes)
        .map(Literal::String)
        .map_err(|_| "invalid UTF-8 in a text")
}

/// Appends what an escape stands for.
fn escape(written: &str, is_bytes: bool, bytes: &mut Vec<u8>) -> Result<(), &'static str> {
    let mut letters = written.chars();
    letters.next();
    let kind = letters.next().unwrap_or_default();
    let code = |digits: &str, radix| {
        u32::from_str_radix(digits, radix).map_err(|_| "unable to unescape a text")
    };
    let point = match kind {
        'a' => 0x07,
        'b' => 0x08,
        'f' => 0x0c,
        'n' => 0x0a,
        'r' => 0x0d,
        't' => 0x09,
        'v' => 0x0b,
        'u' | 'U' if is_bytes => return Err("unable to unescape string: a byte is no code point"),
        'x' | 'X' | 'u' | 'U' => code(letters.as_str(), 16)?,
        '0'..='3' => code(written.get(1..).unwrap_or_default(), 8)?,
        other => u32::from(other),
    };
    if is_bytes {
        bytes.push(u8::try_from(point).unwrap_or_default());
        return Ok(());
    }
    let letter =
        char::from_u32(point).ok_or("unable to unescape string: invalid unicode code point")?;
    let mut buffer = [0; 4];
    bytes.extend_from_slice(letter.encode_utf8(&mut buffer).as_bytes());
    Ok(())
}
