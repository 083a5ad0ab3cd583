//! What stands between tokens: blanks, line breaks and comments.

use super::{Scanner, TokenKind};

impl Scanner<'_> {
    /// Eats blanks, comments and line breaks.
    #[inline]
    pub(super) fn skip_to_token(&mut self) {
        if self.pos == 0 && self.text.starts_with('\u{FEFF}') {
            self.pos = '\u{FEFF}'.len_utf8();
            self.line_start = self.pos;
        }
        loop {
            let tabs = self.keys.len() > 1 || !self.key_allowed;
            while self.at(0) == b' ' || (tabs && self.at(0) == b'\t') {
                self.pos += 1;
            }
            if self.at(0) == b'#' {
                self.skip_comment();
                if self.lookahead > 0 {
                    self.skip_more_comments();
                }
            }
            if self.take_break().is_empty() {
                return;
            }
            if self.keys.len() == 1 {
                self.key_allowed = true;
            }
        }
    }

    /// V3 reads the comment behind a token with it, even behind tabs, but not behind `- `.
    pub(super) fn skip_line_comment(&mut self) {
        let mut next = self.pos;
        while self.is_blank(next) {
            next += 1;
        }
        let after_entry =
            matches!(self.queue.back(), Some(token) if token.kind == TokenKind::BlockEntry);
        if self.byte(next) == b'#' && self.pos > self.line_start && !after_entry {
            self.pos = next;
            self.skip_comment();
        }
    }

    /// V3 reads the comments that follow a comment with it, even behind tabs.
    fn skip_more_comments(&mut self) {
        loop {
            let here = (self.pos, self.line_start);
            while matches!(self.at(0), b' ' | b'\t' | b'\n' | b'\r') {
                if self.take_break().is_empty() {
                    self.pos += 1;
                }
            }
            if self.at(0) != b'#' {
                (self.pos, self.line_start) = here;
                return;
            }
            self.skip_comment();
        }
    }

    pub(super) fn skip_comment(&mut self) {
        while self.at(0) != 0 && self.break_width(self.pos) == 0 {
            let rest = self.bytes.get(self.pos + 1..).unwrap_or_default();
            let step = rest
                .iter()
                .position(|byte| matches!(byte, b'\n' | b'\r' | 0xC2 | 0xE2));
            self.pos += 1 + step.unwrap_or(rest.len());
        }
    }
}
