//! From text to tokens.
//!
//! The longest token wins. Where none starts, the text up to the character that fits nothing is
//! reported and left out.

use super::token::{Kind, Token};

/// Text that is no token.
#[derive(Debug)]
pub(super) struct Unrecognized {
    pub start: usize,
    /// The end of the text that was read, with the character that fits nothing.
    pub end: usize,
}

/// The tokens of a text with a last one of the kind [`Kind::Eof`], and what was left out.
pub(super) fn tokens(text: &str) -> (Vec<Token>, Vec<Unrecognized>) {
    let mut tokens = Vec::with_capacity(text.len() / 4 + 2);
    let mut left_out = Vec::new();
    let mut at = 0;
    loop {
        at = skip_blank(text, at);
        let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) else {
            break;
        };
        match token(rest) {
            Ok((kind, length)) => {
                tokens.push(Token {
                    kind,
                    start: position(at),
                    end: position(at + length),
                });
                at += length;
            }
            Err(read) => {
                let failing = rest.get(read..).and_then(|rest| rest.chars().next());
                let end = at + read + failing.map_or(0, char::len_utf8);
                left_out.push(Unrecognized { start: at, end });
                at = end;
            }
        }
    }
    tokens.push(Token {
        kind: Kind::Eof,
        start: position(text.len()),
        end: position(text.len()),
    });
    (tokens, left_out)
}

/// Texts are bounded far below 4 GiB before they get here.
fn position(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn skip_blank(text: &str, mut at: usize) -> usize {
    let bytes = text.as_bytes();
    loop {
        match bytes.get(at) {
            Some(b' ' | b'\t' | b'\r' | b'\n' | 0x0c) => at += 1,
            Some(b'/') if bytes.get(at + 1) == Some(&b'/') => {
                let rest = bytes.get(at..).unwrap_or_default();
                at += rest
                    .iter()
                    .position(|byte| *byte == b'\n')
                    .unwrap_or(rest.len());
            }
            _ => return at,
        }
    }
}

/// The kind and the length of the token that the text starts with, or how far it was read.
fn token(text: &str) -> Result<(Kind, usize), usize> {
    let bytes = text.as_bytes();
    let second = bytes.get(1).copied();
    let pair = |next: u8, two: Kind, one: Result<(Kind, usize), usize>| match second {
        Some(byte) if byte == next => Ok((two, 2)),
        _ => one,
    };
    match bytes.first().copied().unwrap_or_default() {
        b'=' => pair(b'=', Kind::EqualsEquals, Err(1)),
        b'!' => pair(b'=', Kind::NotEquals, Ok((Kind::Exclamation, 1))),
        b'<' => pair(b'=', Kind::LessEquals, Ok((Kind::Less, 1))),
        b'>' => pair(b'=', Kind::GreaterEquals, Ok((Kind::Greater, 1))),
        b'&' => pair(b'&', Kind::And, Err(1)),
        b'|' => pair(b'|', Kind::Or, Err(1)),
        b'[' => Ok((Kind::LeftBracket, 1)),
        b']' => Ok((Kind::RightBracket, 1)),
        b'{' => Ok((Kind::LeftBrace, 1)),
        b'}' => Ok((Kind::RightBrace, 1)),
        b'(' => Ok((Kind::LeftParen, 1)),
        b')' => Ok((Kind::RightParen, 1)),
        b',' => Ok((Kind::Comma, 1)),
        b'-' => Ok((Kind::Minus, 1)),
        b'?' => Ok((Kind::Question, 1)),
        b':' => Ok((Kind::Colon, 1)),
        b'+' => Ok((Kind::Plus, 1)),
        b'*' => Ok((Kind::Star, 1)),
        b'/' => Ok((Kind::Slash, 1)),
        b'%' => Ok((Kind::Percent, 1)),
        b'.' if !second.is_some_and(|byte| byte.is_ascii_digit()) => Ok((Kind::Dot, 1)),
        b'.' | b'0'..=b'9' => Ok(number(bytes)),
        b'"' | b'\'' => string(bytes, false).map(|length| (Kind::String, length)),
        b'`' => quoted_identifier(bytes),
        b'a'..=b'z' | b'A'..=b'Z' | b'_' => Ok(word(text)),
        _ => Err(0),
    }
}

fn digits(bytes: &[u8], from: usize, digit: fn(&u8) -> bool) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    rest.iter().take_while(|byte| digit(byte)).count()
}

fn number(bytes: &[u8]) -> (Kind, usize) {
    let unsigned = |length: usize| match bytes.get(length) {
        Some(b'u' | b'U') => (Kind::UInt, length + 1),
        _ => (Kind::Int, length),
    };
    if let [b'0', b'x', ..] = bytes {
        let hexadecimal = digits(bytes, 2, u8::is_ascii_hexdigit);
        if hexadecimal > 0 {
            return unsigned(2 + hexadecimal);
        }
    }
    let whole = digits(bytes, 0, u8::is_ascii_digit);
    let mut length = whole;
    if bytes.get(length) == Some(&b'.') {
        let fraction = digits(bytes, length + 1, u8::is_ascii_digit);
        if fraction > 0 {
            length += 1 + fraction;
        }
    }
    if let Some(b'e' | b'E') = bytes.get(length) {
        let sign = usize::from(matches!(bytes.get(length + 1), Some(b'+' | b'-')));
        let exponent = digits(bytes, length + 1 + sign, u8::is_ascii_digit);
        if exponent > 0 {
            return (Kind::Float, length + 1 + sign + exponent);
        }
    }
    if length > whole {
        return (Kind::Float, length);
    }
    unsigned(whole)
}

/// An identifier, a keyword, or a string with a prefix.
fn word(text: &str) -> (Kind, usize) {
    let bytes = text.as_bytes();
    let (prefix, bytes_literal, raw) = match bytes {
        [b'b' | b'B', b'r' | b'R', b'"' | b'\'', ..] => (2, true, true),
        [b'b' | b'B', b'"' | b'\'', ..] => (1, true, false),
        [b'r' | b'R', b'"' | b'\'', ..] => (1, false, true),
        _ => (0, false, false),
    };
    if prefix > 0
        && let Ok(length) = string(bytes.get(prefix..).unwrap_or_default(), raw)
    {
        let kind = if bytes_literal {
            Kind::Bytes
        } else {
            Kind::String
        };
        return (kind, prefix + length);
    }
    let length = digits(bytes, 0, |byte| {
        byte.is_ascii_alphanumeric() || *byte == b'_'
    });
    let kind = match text.get(..length) {
        Some("in") => Kind::In,
        Some("true") => Kind::True,
        Some("false") => Kind::False,
        Some("null") => Kind::Null,
        _ => Kind::Identifier,
    };
    (kind, length)
}

fn quoted_identifier(bytes: &[u8]) -> Result<(Kind, usize), usize> {
    let name = digits(bytes, 1, |byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'/' | b' ')
    });
    match bytes.get(1 + name) {
        Some(b'`') if name > 0 => Ok((Kind::QuotedIdentifier, name + 2)),
        _ => Err(1 + name),
    }
}

/// The length of the string literal that starts with a quote, or how far it was read.
fn string(bytes: &[u8], raw: bool) -> Result<usize, usize> {
    let quote = bytes.first().copied().unwrap_or_default();
    if bytes.get(1) == Some(&quote) && bytes.get(2) == Some(&quote) {
        // An empty string stands where three quotes never end.
        return Ok(triple(bytes, quote, raw).unwrap_or(2));
    }
    let mut at = 1;
    loop {
        match bytes.get(at) {
            None | Some(b'\n' | b'\r') => return Err(at),
            Some(byte) if *byte == quote => return Ok(at + 1),
            Some(b'\\') if !raw => at = escape(bytes, at)?,
            Some(_) => at += 1,
        }
    }
}

fn triple(bytes: &[u8], quote: u8, raw: bool) -> Option<usize> {
    let mut at = 3;
    loop {
        match bytes.get(at)? {
            byte if *byte == quote
                && bytes.get(at + 1) == Some(&quote)
                && bytes.get(at + 2) == Some(&quote) =>
            {
                return Some(at + 3);
            }
            b'\\' if !raw => at = escape(bytes, at).ok()?,
            _ => at += 1,
        }
    }
}

/// The end of the escape sequence at the backslash `at`, or how far it was read.
fn escape(bytes: &[u8], at: usize) -> Result<usize, usize> {
    let after = at + 2;
    let sequence = |length: usize, digit: fn(&u8) -> bool| {
        let found = digits(bytes.get(..after + length).unwrap_or(bytes), after, digit);
        if found == length {
            Ok(after + length)
        } else {
            Err(after + found)
        }
    };
    match bytes.get(at + 1) {
        Some(
            b'a' | b'b' | b'f' | b'n' | b'r' | b't' | b'v' | b'"' | b'\'' | b'\\' | b'?' | b'`',
        ) => Ok(after),
        Some(b'x' | b'X') => sequence(2, u8::is_ascii_hexdigit),
        Some(b'u') => sequence(4, u8::is_ascii_hexdigit),
        Some(b'U') => sequence(8, u8::is_ascii_hexdigit),
        Some(b'0'..=b'3') => sequence(2, |byte| matches!(byte, b'0'..=b'7')),
        _ => Err(at + 1),
    }
}
