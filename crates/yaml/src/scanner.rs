//! Text to tokens, by the rules of YAML 1.1 as Kubernetes' reader knows them.
//!
//! A key without `?` is only recognised at its `:`, which must stand on the same line and within
//! 1,024 characters. Most keys are plain or quoted scalars, so the scanner looks for the `:` as
//! soon as the scalar ends; all others (`&a key:`, `[a]: b`) wait in the queue as possible keys.
//! Kubernetes' reader also breaks lines at NEL, LS and PS.

mod block;
mod plain;
mod properties;
mod quoted;

use std::{borrow::Cow, collections::VecDeque};

use crate::error::Fault;

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
    TagDirective(&'a str, Cow<'a, str>),
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
    Tag(&'a str, Cow<'a, str>),
    Scalar(Cow<'a, str>, Style),
}

#[derive(Clone, Debug)]
pub(crate) struct Token<'a> {
    pub(crate) kind: TokenKind<'a>,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// A place where a key without `?` may have started.
#[derive(Clone, Copy, Debug, Default)]
struct PossibleKey {
    possible: bool,
    /// Whether nothing but a key can stand here.
    required: bool,
    /// Whether tokens wait in the queue until it is known that this is a key. An empty `[]` or `{}`
    /// does not wait, so Kubernetes' reader never sees one as a key.
    waited_for: bool,
    token: usize,
    start: usize,
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

/// The most characters that may stand between the start of a key and its `:`.
const LONGEST_KEY: usize = 1024;

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
        }
    }

    fn front_may_be_key(&self) -> Result<bool, Fault> {
        match self
            .keys
            .iter()
            .find(|key| key.possible && key.waited_for && key.token == self.taken)
        {
            Some(key) => self.is_key_valid(key),
            None => Ok(false),
        }
    }

    fn is_key_valid(&self, key: &PossibleKey) -> Result<bool, Fault> {
        if !key.possible {
            return Ok(false);
        }
        if key.start >= self.line_start && self.is_key_short(key.start) {
            return Ok(true);
        }
        if key.required {
            Err(missing_colon(key.start))
        } else {
            Ok(false)
        }
    }

    fn is_key_short(&self, start: usize) -> bool {
        self.pos - start <= LONGEST_KEY
            || self
                .text
                .get(start..self.pos)
                .is_some_and(|key| key.chars().count() <= LONGEST_KEY)
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

    /// Eats blanks, comments and line breaks.
    #[inline]
    fn skip_to_token(&mut self) {
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

    /// V3 reads the comments that follow a comment with it, even behind tabs.
    fn skip_more_comments(&mut self) {
        loop {
            let here = (self.pos, self.line_start);
            while self.is_blank(self.pos) || !self.take_break().is_empty() {
                self.pos += usize::from(self.is_blank(self.pos));
            }
            if self.at(0) != b'#' {
                (self.pos, self.line_start) = here;
                return;
            }
            self.skip_comment();
        }
    }

    fn skip_comment(&mut self) {
        while self.at(0) != 0 && self.break_width(self.pos) == 0 {
            let rest = self.bytes.get(self.pos + 1..).unwrap_or_default();
            let step = rest
                .iter()
                .position(|byte| matches!(byte, b'\n' | b'\r' | 0xC2 | 0xE2));
            self.pos += 1 + step.unwrap_or(rest.len());
        }
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

    fn save_key(&mut self) -> Result<(), Fault> {
        if !self.key_allowed {
            return Ok(());
        }
        self.drop_key()?;
        let key = PossibleKey {
            possible: true,
            required: self.is_key_required(),
            waited_for: true,
            token: self.taken + self.queue.len(),
            start: self.pos,
        };
        self.set_key(key);
        Ok(())
    }

    fn is_key_required(&self) -> bool {
        self.keys.len() == 1 && self.indent == self.column()
    }

    fn set_key(&mut self, key: PossibleKey) {
        if let Some(slot) = self.keys.last_mut() {
            *slot = key;
        }
    }

    fn drop_key(&mut self) -> Result<(), Fault> {
        match self.keys.last_mut() {
            Some(key) if key.possible && key.required => Err(missing_colon(key.start)),
            Some(key) => {
                key.possible = false;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn fetch_stream_end(&mut self) -> Result<(), Fault> {
        if self.pos != self.line_start {
            self.line_start = self.pos;
        }
        self.unroll(-1);
        self.drop_key()?;
        self.key_allowed = false;
        self.push(TokenKind::StreamEnd, self.pos);
        Ok(())
    }

    fn fetch_document_indicator(&mut self, byte: u8) -> Result<(), Fault> {
        self.unroll(-1);
        self.drop_key()?;
        self.key_allowed = false;
        let start = self.pos;
        self.pos += 3;
        self.push(
            if byte == b'-' {
                TokenKind::DocumentStart
            } else {
                TokenKind::DocumentEnd
            },
            start,
        );
        Ok(())
    }

    fn fetch_flow_start(&mut self, kind: TokenKind<'a>) -> Result<(), Fault> {
        self.save_key()?;
        let token = self.taken + self.queue.len();
        self.keys.push(PossibleKey {
            token,
            ..PossibleKey::default()
        });
        self.key_allowed = true;
        self.push_indicator(kind);
        Ok(())
    }

    fn fetch_flow_end(&mut self, kind: TokenKind<'a>) -> Result<(), Fault> {
        self.drop_key()?;
        if self.keys.len() > 1
            && let Some(closed) = self.keys.pop()
        {
            for key in self.keys.iter_mut().filter(|key| key.token == closed.token) {
                key.waited_for = false;
            }
        }
        self.key_allowed = false;
        self.push_indicator(kind);
        Ok(())
    }

    fn fetch_flow_entry(&mut self) -> Result<(), Fault> {
        self.drop_key()?;
        self.key_allowed = true;
        self.push_indicator(TokenKind::FlowEntry);
        Ok(())
    }

    fn push_indicator(&mut self, kind: TokenKind<'a>) {
        let start = self.pos;
        self.pos += 1;
        self.push(kind, start);
    }

    fn fetch_block_entry(&mut self, flow: bool) -> Result<(), Fault> {
        if !flow {
            if !self.key_allowed {
                return Err(Fault::new(
                    self.pos,
                    "a list entry `- ` cannot start here; put it on a line of its own",
                ));
            }
            self.roll(
                self.column(),
                usize::MAX,
                TokenKind::BlockSequenceStart,
                self.pos,
            );
        }
        self.drop_key()?;
        self.key_allowed = true;
        self.push_indicator(TokenKind::BlockEntry);
        Ok(())
    }

    fn fetch_key(&mut self, flow: bool) -> Result<(), Fault> {
        if !flow {
            if !self.key_allowed {
                return Err(Fault::new(
                    self.pos,
                    "a key `? ` cannot start here; put it on a line of its own",
                ));
            }
            self.roll(
                self.column(),
                usize::MAX,
                TokenKind::BlockMappingStart,
                self.pos,
            );
        }
        self.drop_key()?;
        self.key_allowed = !flow;
        self.push_indicator(TokenKind::Key);
        Ok(())
    }

    fn fetch_value(&mut self, flow: bool) -> Result<(), Fault> {
        let key = self.keys.last().copied().unwrap_or_default();
        if self.is_key_valid(&key)? {
            let index = key.token.checked_sub(self.taken).unwrap_or(usize::MAX);
            let column = (key.start - self.line_start) as isize;
            let token = Token {
                kind: TokenKind::Key,
                start: key.start,
                end: key.start,
            };
            self.queue.insert(index.min(self.queue.len()), token);
            self.roll(column, index, TokenKind::BlockMappingStart, key.start);
            self.set_key(PossibleKey {
                possible: false,
                ..key
            });
            self.key_allowed = false;
        } else {
            if !flow {
                if !self.key_allowed {
                    return Err(Fault::new(
                        self.pos,
                        "found `:` inside a value; put the value in quotes, or the key on a line of its own",
                    ));
                }
                self.roll(
                    self.column(),
                    usize::MAX,
                    TokenKind::BlockMappingStart,
                    self.pos,
                );
            }
            self.key_allowed = !flow;
        }
        self.push_indicator(TokenKind::Value);
        Ok(())
    }

    fn fetch_anchor(&mut self, byte: u8) -> Result<(), Fault> {
        self.save_key()?;
        self.key_allowed = false;
        let start = self.pos;
        let name = self.scan_anchor()?;
        self.push(
            if byte == b'*' {
                TokenKind::Alias(name)
            } else {
                TokenKind::Anchor(name)
            },
            start,
        );
        Ok(())
    }

    fn fetch_tag(&mut self) -> Result<(), Fault> {
        self.save_key()?;
        self.key_allowed = false;
        let start = self.pos;
        let (handle, suffix) = self.scan_tag()?;
        self.push(TokenKind::Tag(handle, suffix), start);
        Ok(())
    }

    fn fetch_directive(&mut self) -> Result<(), Fault> {
        self.unroll(-1);
        self.drop_key()?;
        self.key_allowed = false;
        let start = self.pos;
        let directive = self.scan_directive()?;
        self.push(directive, start);
        Ok(())
    }

    fn fetch_block_scalar(&mut self, literal: bool) -> Result<(), Fault> {
        self.drop_key()?;
        self.key_allowed = true;
        let token = self.scan_block(literal)?;
        self.queue.push_back(token);
        Ok(())
    }

    /// A plain or quoted scalar. Whether it is a key is decided at once where the line tells.
    fn fetch_scalar(
        &mut self,
        scan: impl FnOnce(&mut Self) -> Result<Token<'a>, Fault>,
    ) -> Result<(), Fault> {
        let allowed = self.key_allowed;
        if allowed {
            self.drop_key()?;
        }
        let (start, column, required) = (self.pos, self.column(), self.is_key_required());
        self.key_allowed = false;
        let token = scan(self)?;
        if !allowed {
            self.queue.push_back(token);
            return Ok(());
        }
        let number = self.taken + self.queue.len();
        if let Some(key) = self.keys.last_mut() {
            key.token = number;
        }
        let flow = self.keys.len() > 1;
        // Outside of all collections, what follows is not read unless it may make this a key.
        let inside = flow || self.indent >= 0;
        if start >= self.line_start {
            let mut next = self.pos;
            while self.is_blank(next) {
                next += 1;
            }
            match self.byte(next) {
                b':' if (flow || self.is_blank_or_end(next + 1)) && next - start <= LONGEST_KEY => {
                    self.push_key(token, column, next);
                    return Ok(());
                }
                b'\n' | b'\r' | b'#' | b',' | b']' | b'}' | 0 if inside && !required => {
                    self.queue.push_back(token);
                    return Ok(());
                }
                _ => {}
            }
        } else if !required {
            self.queue.push_back(token);
            return Ok(());
        }
        self.set_key(PossibleKey {
            possible: true,
            required,
            waited_for: true,
            token: number,
            start,
        });
        self.queue.push_back(token);
        Ok(())
    }

    /// Queues a scalar as the key that it is; its `:` stands at `colon`.
    fn push_key(&mut self, token: Token<'a>, column: isize, colon: usize) {
        let start = token.start;
        self.roll(column, usize::MAX, TokenKind::BlockMappingStart, start);
        self.queue.push_back(Token {
            kind: TokenKind::Key,
            start,
            end: start,
        });
        self.queue.push_back(token);
        self.pos = colon + 1;
        self.queue.push_back(Token {
            kind: TokenKind::Value,
            start: colon,
            end: self.pos,
        });
    }
}

fn missing_colon(offset: usize) -> Fault {
    Fault::new(
        offset,
        "expected `key: value` here, found text without a `:` after it; add the `:`, or indent the line so that it belongs to the value above",
    )
}
