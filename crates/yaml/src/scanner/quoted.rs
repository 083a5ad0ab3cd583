//! Scalars in quotes: `'it''s'` and `"tab \t, escaped \u00e9"`, over one line or several.
//!
//! In single quotes only `''` is special. In double quotes these escapes are known: `\0 \a \b \t
//! \n \v \f \r \e \" \' \\ \N \_ \L \P`, backslash and space, backslash and line break, `\xHH`,
//! `\uHHHH`, `\UHHHHHHHH`. JSON's `\/` is not, nor are JSON's pairs of `\uD83D\uDE00`.

use std::borrow::Cow;

use super::{Scanner, Style, Token, TokenKind, plain::Fold};
use crate::error::Fault;

impl<'a> Scanner<'a> {
    pub(super) fn scan_quoted(&mut self, quote: u8) -> Result<Token<'a>, Fault> {
        let start = self.pos;
        self.pos += 1;
        let value = match self.quoted_without_escape(quote) {
            Some(text) => Cow::Borrowed(text),
            None => Cow::Owned(self.scan_quoted_parts(quote, start)?),
        };
        Ok(Token {
            kind: TokenKind::Scalar(value, Style::Quoted),
            start,
            end: self.pos,
        })
    }

    /// The common case: one line, no escape.
    fn quoted_without_escape(&mut self, quote: u8) -> Option<&'a str> {
        let rest = self.bytes.get(self.pos..)?;
        let length = rest.iter().position(|byte| {
            *byte == quote || matches!(byte, b'\\' | b'\n' | b'\r' | 0xC2 | 0xE2)
        })?;
        let end = self.pos + length;
        if self.byte(end) != quote || (quote == b'\'' && self.byte(end + 1) == b'\'') {
            return None;
        }
        let text = self.slice(self.pos, end);
        self.pos = end + 1;
        Some(text)
    }

    fn scan_quoted_parts(&mut self, quote: u8, start: usize) -> Result<String, Fault> {
        let mut text = String::new();
        loop {
            if self.is_document_indicator() {
                return Err(Fault::new(
                    start,
                    "the quoted text that starts here is not closed before the document ends; add the closing quote",
                ));
            }
            if self.at(0) == 0 {
                return Err(Fault::new(
                    start,
                    "the quoted text that starts here is never closed; add the closing quote",
                ));
            }
            let escaped_break = self.scan_quoted_run(quote, start, &mut text)?;
            if self.at(0) == quote {
                self.pos += 1;
                return Ok(text);
            }
            self.scan_quoted_blanks(escaped_break, &mut text);
        }
    }

    /// Reads up to a blank, a line break or the closing quote; true after an escaped line break.
    fn scan_quoted_run(
        &mut self,
        quote: u8,
        start: usize,
        text: &mut String,
    ) -> Result<bool, Fault> {
        let mut from = self.pos;
        while !self.is_blank_or_end(self.pos) {
            let byte = self.at(0);
            if byte == quote {
                if quote == b'"' || self.at(1) != b'\'' {
                    break;
                }
                text.push_str(self.slice(from, self.pos + 1));
                self.pos += 2;
                from = self.pos;
            } else if byte == b'\\' && quote == b'"' {
                text.push_str(self.slice(from, self.pos));
                if self.break_width(self.pos + 1) > 0 {
                    self.pos += 1;
                    self.take_break();
                    return Ok(true);
                }
                text.push(self.scan_escape(start)?);
                from = self.pos;
            } else {
                self.pos += 1;
            }
        }
        text.push_str(self.slice(from, self.pos));
        Ok(false)
    }

    fn scan_quoted_blanks(&mut self, mut broken: bool, text: &mut String) {
        let from = self.pos;
        let mut fold = Fold::default();
        let mut is_first = !broken;
        loop {
            if self.is_blank(self.pos) {
                self.pos += 1;
            } else if self.break_width(self.pos) > 0 {
                let line_break = self.take_break();
                fold.add(line_break, is_first);
                is_first = false;
                broken = true;
            } else {
                break;
            }
        }
        if broken {
            fold.append_to(text);
        } else {
            text.push_str(self.slice(from, self.pos));
        }
    }

    fn scan_escape(&mut self, start: usize) -> Result<char, Fault> {
        let at = self.pos;
        let escape = self.at(1);
        self.pos += 2;
        let meaning = match escape {
            b'0' => '\0',
            b'a' => '\x07',
            b'b' => '\x08',
            b't' | b'\t' => '\t',
            b'n' => '\n',
            b'v' => '\x0B',
            b'f' => '\x0C',
            b'r' => '\r',
            b'e' => '\x1B',
            b' ' => ' ',
            b'"' => '"',
            b'\'' => '\'',
            b'\\' => '\\',
            b'N' => '\u{85}',
            b'_' => '\u{A0}',
            b'L' => '\u{2028}',
            b'P' => '\u{2029}',
            b'x' => return self.scan_code(at, 2),
            b'u' => return self.scan_code(at, 4),
            b'U' => return self.scan_code(at, 8),
            0 => {
                return Err(Fault::new(
                    start,
                    "the quoted text that starts here is never closed; add the closing quote",
                ));
            }
            _ => {
                let found = self
                    .text
                    .get(at + 1..)
                    .and_then(|rest| rest.chars().next())
                    .unwrap_or('?');
                return Err(Fault::new(
                    at,
                    format!(
                        "`\\{found}` is not an escape that YAML knows; write `\\\\` for a backslash, or use single quotes"
                    ),
                ));
            }
        };
        Ok(meaning)
    }

    fn scan_code(&mut self, at: usize, length: usize) -> Result<char, Fault> {
        let digits = self
            .text
            .get(self.pos..self.pos + length)
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let Some(code) = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()) else {
            return Err(Fault::new(
                at,
                format!("this escape needs {length} hexadecimal digits"),
            ));
        };
        self.pos += length;
        char::from_u32(code).ok_or_else(|| Fault::new(at, "this escape is not a character; write the character itself, or `\\U` with its eight-digit code"))
    }
}
