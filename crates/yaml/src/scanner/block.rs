//! Block scalars: `|` keeps line breaks, `>` folds them into spaces.
//!
//! After the indicator may stand `-` (drop the last line break), `+` (keep all), and a digit 1 to
//! 9 (the indentation). At the end of the text without a line break, there is none to keep.

use std::borrow::Cow;

use super::{Scanner, Style, Token, TokenKind};
use crate::error::Fault;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Chomping {
    Strip,
    Clip,
    Keep,
}

impl<'a> Scanner<'a> {
    pub(super) fn scan_block(&mut self, literal: bool) -> Result<Token<'a>, Fault> {
        let start = self.pos;
        self.pos += 1;
        let (chomping, increment) = self.scan_block_header()?;
        let mut indent = match increment {
            0 => 0,
            _ => self.indent.max(0) + increment,
        };
        let mut end = self.pos;
        let (mut text, mut first, mut rest) = (String::new(), "", String::new());
        self.scan_block_breaks(&mut indent, &mut rest)?;
        let mut after_blank = false;
        while self.column() == indent && self.at(0) != 0 {
            let blank = self.is_blank(self.pos);
            if !literal && !after_blank && !blank && first == "\n" {
                if rest.is_empty() {
                    text.push(' ');
                }
            } else {
                text.push_str(first);
            }
            text.push_str(&rest);
            rest.clear();
            after_blank = blank;
            let line = self.pos;
            self.skip_to_break();
            text.push_str(self.slice(line, self.pos));
            end = self.pos;
            first = self.take_break();
            self.scan_block_breaks(&mut indent, &mut rest)?;
        }
        if chomping != Chomping::Strip {
            text.push_str(first);
        }
        if chomping == Chomping::Keep {
            text.push_str(&rest);
        }
        Ok(Token {
            kind: TokenKind::Scalar(Cow::Owned(text), Style::Block),
            start,
            end,
        })
    }

    fn scan_block_header(&mut self) -> Result<(Chomping, isize), Fault> {
        let mut chomping = self.take_chomping();
        let mut increment = 0;
        if self.at(0).is_ascii_digit() {
            increment = isize::from(self.at(0) - b'0');
            if increment == 0 {
                return Err(Fault::new(
                    self.pos,
                    "the indentation of a block of text is 1 to 9, not 0",
                ));
            }
            self.pos += 1;
            chomping = chomping.or_else(|| self.take_chomping());
        }
        while self.is_blank(self.pos) {
            self.pos += 1;
        }
        if self.at(0) == b'#' {
            self.skip_comment();
        }
        if self.at(0) != 0 && self.break_width(self.pos) == 0 {
            return Err(Fault::new(
                self.pos,
                "the text of a block starts on the line after `|` or `>`; if the value itself starts with `|` or `>`, put it in quotes",
            ));
        }
        self.take_break();
        Ok((chomping.unwrap_or(Chomping::Clip), increment))
    }

    fn take_chomping(&mut self) -> Option<Chomping> {
        let chomping = match self.at(0) {
            b'+' => Chomping::Keep,
            b'-' => Chomping::Strip,
            _ => return None,
        };
        self.pos += 1;
        Some(chomping)
    }

    pub(super) fn skip_to_break(&mut self) {
        loop {
            let rest = self.bytes.get(self.pos..).unwrap_or_default();
            let step = rest
                .iter()
                .position(|byte| matches!(byte, b'\n' | b'\r' | 0xC2 | 0xE2));
            self.pos += step.unwrap_or(rest.len());
            if step.is_none() || self.break_width(self.pos) > 0 {
                return;
            }
            self.pos += 1;
        }
    }

    /// Eats indentation and empty lines, and finds the indentation where it is not known.
    fn scan_block_breaks(&mut self, indent: &mut isize, breaks: &mut String) -> Result<(), Fault> {
        let mut deepest = 0;
        loop {
            while (*indent == 0 || self.column() < *indent) && self.at(0) == b' ' {
                self.pos += 1;
            }
            deepest = deepest.max(self.column());
            if (*indent == 0 || self.column() < *indent) && self.at(0) == b'\t' {
                return Err(Fault::new(
                    self.pos,
                    "found a tab where a block of text is indented; indent with spaces",
                ));
            }
            let line_break = self.take_break();
            if line_break.is_empty() {
                break;
            }
            breaks.push_str(line_break);
        }
        if *indent == 0 {
            *indent = deepest.max(self.indent + 1).max(1);
        }
        Ok(())
    }
}
