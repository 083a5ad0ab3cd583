//! The common line of a manifest, `key: value`, without the queue of tokens.
//!
//! These give the tokens that the queue would give, or nothing where a line is not that simple.

use std::borrow::Cow;

use super::{Scanner, Style, Token, TokenKind, keys::LONGEST_KEY};
use crate::error::Fault;

impl<'a> Scanner<'a> {
    /// The next key of the innermost block map, made of letters, digits and `-_./`; its `:` is
    /// eaten too. What follows is its value.
    #[inline]
    pub(crate) fn simple_key(&mut self) -> Option<Token<'a>> {
        let waits = self.keys.iter().any(|key| key.possible);
        if waits || !self.queue.is_empty() || self.lookahead > 0 || self.keys.len() > 1 {
            return None;
        }
        self.skip_to_token();
        if !self.key_allowed || self.column() != self.indent || !self.at(0).is_ascii_alphabetic() {
            return None;
        }
        let start = self.pos;
        let rest = self.bytes.get(start..).unwrap_or_default();
        let length = rest.iter().position(|byte| {
            !matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'/')
        })?;
        let end = start + length;
        if self.byte(end) != b':' || !self.is_blank_or_end(end + 1) || length > LONGEST_KEY {
            return None;
        }
        self.pos = end + 1;
        self.key_allowed = false;
        let kind = TokenKind::Scalar(Cow::Borrowed(self.slice(start, end)), Style::Plain);
        Some(Token { kind, start, end })
    }

    /// The value after a [`Scanner::simple_key`], when it is a scalar in the same line.
    #[inline]
    pub(crate) fn simple_value(&mut self) -> Result<Option<Token<'a>>, Fault> {
        while self.at(0) == b' ' {
            self.pos += 1;
        }
        match self.at(0) {
            quote @ (b'"' | b'\'') => self.scan_quoted(quote).map(Some),
            byte if byte.is_ascii_alphanumeric() || byte == b'/' => self.scan_plain().map(Some),
            _ => Ok(None),
        }
    }
}
