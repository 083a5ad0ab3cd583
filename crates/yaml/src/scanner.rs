//! Text to tokens, by the rules of YAML 1.1 as Kubernetes' reader knows them.
//!
//! A key without `?` is only recognised at its `:`, which must stand on the same line and within
//! 1,024 characters. Most keys are plain or quoted scalars, so the scanner looks for the `:` as
//! soon as the scalar ends; all others (`&a key:`, `[a]: b`) wait in the queue as possible keys.
//! Kubernetes' reader also breaks lines at NEL, LS and PS.

mod blanks;
mod block;
mod indicators;
mod keys;
mod line;
mod plain;
mod properties;
mod quoted;

use std::{borrow::Cow, collections::VecDeque};

use crate::error::Fault;
use keys::PossibleKey;

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    Quoted,
    Block,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind<'a> {
    StreamEnd,
    /// `%YAML major.minor`
    Version(u8, u8),
    /// `%TAG handle prefix`
    TagDirective(Box<(&'a str, Cow<'a, str>)>),
    DocumentStart,
    DocumentEnd,
    BlockSequenceStart,
    BlockMappingStart,
    BlockEnd,
    FlowSequenceStart,
    FlowSequenceEnd,
    FlowMappingStart,
    FlowMappingEnd,
    BlockEntry,
    FlowEntry,
    Key,
    Value,
    Alias(&'a str),
    Anchor(&'a str),
    /// handle and suffix
    Tag(Box<(&'a str, Cow<'a, str>)>),
    Scalar(Cow<'a, str>, Style),
}

#[derive(Clone, Debug)]
pub(crate) struct Token<'a> {
    pub(crate) kind: TokenKind<'a>,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

#[derive(Debug)]
pub(crate) struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    pos: usize,
    line_start: usize,
    /// The column of the innermost block collection, or -1.
    indent: isize,
    indents: Vec<isize>,
    /// One entry per level of `[` and `{`, and one for the block level.
    keys: Vec<PossibleKey>,
    key_allowed: bool,
    queue: VecDeque<Token<'a>>,
    /// How many tokens have left the queue.
    taken: usize,
    /// How many tokens must follow the one that is handed out.
    lookahead: usize,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a str, lookahead: usize) -> Self {
        Scanner {
            text,
            bytes: text.as_bytes(),
            pos: 0,
            line_start: 0,
            indent: -1,
            indents: Vec::new(),
            keys: vec![PossibleKey::default()],
            key_allowed: true,
            queue: VecDeque::new(),
            taken: 0,
            lookahead,
        }
    }

    pub(crate) fn text(&self) -> &'a str {
        self.text
    }

    /// How far the text is read.
    pub(crate) fn offset(&self) -> usize {
        self.pos
    }

    /// The next token; after the end of the text, `StreamEnd` again and again.
    #[inline]
    pub(crate) fn next(&mut self) -> Result<Token<'a>, Fault> {
        loop {
            if self.queue.len() > self.lookahead
                && !self.front_may_be_key()?
                && let Some(token) = self.queue.pop_front()
            {
                self.taken += 1;
                return Ok(token);
            }
            self.fetch()?;
            if self.lookahead > 0 {
                self.skip_line_comment();
            }
        }
    }

    fn push(&mut self, kind: TokenKind<'a>, start: usize) {
        self.queue.push_back(Token {
            kind,
            start,
            end: self.pos,
        });
    }

    #[inline]
    fn at(&self, ahead: usize) -> u8 {
        self.byte(self.pos + ahead)
    }

    #[inline]
    fn byte(&self, pos: usize) -> u8 {
        self.bytes.get(pos).copied().unwrap_or(0)
    }

    fn column(&self) -> isize {
        (self.pos - self.line_start) as isize
    }

    fn slice(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or_default()
    }

    /// The width of the line break at `pos`, or 0.
    #[inline]
    fn break_width(&self, pos: usize) -> usize {
        match self.byte(pos) {
            b'\n' => 1,
            b'\r' => 1 + usize::from(self.byte(pos + 1) == b'\n'),
            0xC2 if self.byte(pos + 1) == 0x85 => 2,
            0xE2 if self.byte(pos + 1) == 0x80 && matches!(self.byte(pos + 2), 0xA8 | 0xA9) => 3,
            _ => 0,
        }
    }

    fn is_blank(&self, pos: usize) -> bool {
        matches!(self.byte(pos), b' ' | b'\t')
    }

    /// A blank, a line break or the end of the text.
    #[inline]
    fn is_blank_or_end(&self, pos: usize) -> bool {
        match self.byte(pos) {
            b' ' | b'\t' | b'\n' | b'\r' | 0 => true,
            0xC2 | 0xE2 => self.break_width(pos) > 0,
            _ => false,
        }
    }

    /// Eats a line break and returns what it means in a scalar.
    fn take_break(&mut self) -> &'a str {
        let width = self.break_width(self.pos);
        let meaning = if width == 3 {
            self.slice(self.pos, self.pos + 3)
        } else if width > 0 {
            "\n"
        } else {
            ""
        };
        self.pos += width;
        if width > 0 {
            self.line_start = self.pos;
        }
        meaning
    }

    fn is_document_indicator(&self) -> bool {
        self.pos == self.line_start
            && matches!(
                (self.at(0), self.at(1), self.at(2)),
                (b'-', b'-', b'-') | (b'.', b'.', b'.')
            )
            && self.is_blank_or_end(self.pos + 3)
    }

    fn fetch(&mut self) -> Result<(), Fault> {
        self.skip_to_token();
        self.unroll(self.column());
        let flow = self.keys.len() > 1;
        let byte = self.at(0);
        if self.pos == self.line_start {
            if byte == b'%' {
                return self.fetch_directive();
            }
            if self.is_document_indicator() {
                return self.fetch_document_indicator(byte);
            }
        }
        match byte {
            0 => self.fetch_stream_end(),
            b'[' => self.fetch_flow_start(TokenKind::FlowSequenceStart),
            b'{' => self.fetch_flow_start(TokenKind::FlowMappingStart),
            b']' => self.fetch_flow_end(TokenKind::FlowSequenceEnd),
            b'}' => self.fetch_flow_end(TokenKind::FlowMappingEnd),
            b',' => self.fetch_flow_entry(),
            b'-' if self.is_blank_or_end(self.pos + 1) => self.fetch_block_entry(flow),
            b'?' if flow || self.is_blank_or_end(self.pos + 1) => self.fetch_key(flow),
            b':' if flow || self.is_blank_or_end(self.pos + 1) => self.fetch_value(flow),
            b'*' | b'&' => self.fetch_anchor(byte),
            b'!' => self.fetch_tag(),
            b'|' | b'>' if !flow => self.fetch_block_scalar(byte == b'|'),
            b'\'' | b'"' => self.fetch_scalar(|scanner| scanner.scan_quoted(byte)),
            b'#' | b'|' | b'>' | b'%' | b'@' | b'`' => Err(self.no_token(byte)),
            b'\t' => Err(Fault::new(
                self.pos,
                "found a tab where indentation is expected; indent with spaces",
            )),
            _ => self.fetch_scalar(Scanner::scan_plain),
        }
    }

    fn no_token(&self, byte: u8) -> Fault {
        let found = char::from(byte);
        Fault::new(
            self.pos,
            format!("a value cannot start with `{found}`; put the value in quotes"),
        )
    }

    /// Closes the block collections that are indented deeper than `column`.
    #[inline]
    fn unroll(&mut self, column: isize) {
        while self.keys.len() == 1 && self.indent > column {
            self.push(TokenKind::BlockEnd, self.pos);
            self.indent = self.indents.pop().unwrap_or(-1);
        }
    }

    /// Opens a block collection at `column` when it is deeper than the innermost one; its token
    /// goes before the queue's entry `index`.
    fn roll(&mut self, column: isize, index: usize, kind: TokenKind<'a>, start: usize) {
        if self.keys.len() == 1 && self.indent < column {
            self.indents.push(self.indent);
            self.indent = column;
            self.queue.insert(
                index.min(self.queue.len()),
                Token {
                    kind,
                    start,
                    end: start,
                },
            );
        }
    }
}
