//! Scalars without quotes: `a: some text`, over one line or several.
//!
//! They end at `: `, at ` #`, at a line that is not indented deeper than the collection around
//! them, and between `[` `{` `}` `]` also at `,` `?` and the brackets. A line break between two
//! lines of text becomes a space; each empty line between them becomes a line break.

use std::borrow::Cow;

use super::{Scanner, Style, Token, TokenKind};
use crate::error::Fault;

/// The line breaks between two lines of a scalar.
#[derive(Default)]
pub(super) struct Fold<'a> {
    first: &'a str,
    rest: String,
}

impl<'a> Fold<'a> {
    pub(super) fn add(&mut self, line_break: &'a str, is_first: bool) {
        if is_first {
            self.first = line_break;
        } else {
            self.rest.push_str(line_break);
        }
    }

    /// Appends what the breaks mean and forgets them.
    pub(super) fn append_to(&mut self, text: &mut String) {
        if self.first != "\n" {
            text.push_str(self.first);
        } else if self.rest.is_empty() {
            text.push(' ');
        }
        text.push_str(&self.rest);
        self.first = "";
        self.rest.clear();
    }
}

impl<'a> Scanner<'a> {
    pub(super) fn scan_plain(&mut self) -> Result<Token<'a>, Fault> {
        let start = self.pos;
        let flow = self.keys.len() > 1;
        let mut folded: Option<String> = None;
        let mut fold = Fold::default();
        let (mut line, mut end, mut broken) = (start, start, false);
        while !self.is_document_indicator() && self.at(0) != b'#' {
            let run = self.pos;
            self.skip_plain_run(flow);
            if self.pos > run {
                if broken {
                    let text = folded.get_or_insert_default();
                    text.push_str(self.slice(line, end));
                    fold.append_to(text);
                    line = run;
                    broken = false;
                }
                end = self.pos;
            }
            if !self.is_blank(self.pos) && self.break_width(self.pos) == 0 {
                break;
            }
            self.skip_plain_blanks(start, &mut fold, &mut broken)?;
            if !flow && self.column() <= self.indent {
                break;
            }
        }
        self.key_allowed |= broken;
        let last = self.slice(line, end);
        let value = match folded {
            Some(text) => Cow::Owned(text + last),
            None => Cow::Borrowed(last),
        };
        Ok(Token {
            kind: TokenKind::Scalar(value, Style::Plain),
            start,
            end,
        })
    }

    /// Moves to the next blank, line break or indicator.
    #[inline]
    fn skip_plain_run(&mut self, flow: bool) {
        loop {
            let rest = self.bytes.get(self.pos..).unwrap_or_default();
            let stop = rest.iter().position(|byte| {
                matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b':' | 0xC2 | 0xE2)
                    || (flow && matches!(byte, b',' | b'?' | b'[' | b']' | b'{' | b'}'))
            });
            let Some(stop) = stop else {
                self.pos = self.bytes.len();
                return;
            };
            self.pos += stop;
            let is_text = match self.at(0) {
                b':' => !self.is_blank_or_end(self.pos + 1),
                0xC2 | 0xE2 => self.break_width(self.pos) == 0,
                _ => false,
            };
            if !is_text {
                return;
            }
            self.pos += 1;
        }
    }

    #[inline]
    fn skip_plain_blanks(
        &mut self,
        start: usize,
        fold: &mut Fold<'a>,
        broken: &mut bool,
    ) -> Result<(), Fault> {
        loop {
            if self.is_blank(self.pos) {
                if *broken && self.column() <= self.indent && self.at(0) == b'\t' {
                    return Err(Fault::new(
                        self.pos,
                        format!(
                            "found a tab where the value that starts in line {} is indented; indent with spaces",
                            crate::error::line_column(self.text, start).0,
                        ),
                    ));
                }
                self.pos += 1;
            } else if self.break_width(self.pos) > 0 {
                let line_break = self.take_break();
                fold.add(line_break, !*broken);
                *broken = true;
            } else {
                return Ok(());
            }
        }
    }
}
