//! Which scalars, aliases and collections are keys: those with a `:` behind them in their line.

use super::{Scanner, Token, TokenKind};
use crate::error::Fault;

/// A place where a key without `?` may have started.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PossibleKey {
    pub(super) possible: bool,
    /// Whether nothing but a key can stand here.
    pub(super) required: bool,
    /// Whether tokens wait in the queue until it is known that this is a key. An empty `[]` or `{}`
    /// does not wait, so Kubernetes' reader never sees one as a key.
    pub(super) waited_for: bool,
    pub(super) token: usize,
    pub(super) start: usize,
}

/// The most characters that may stand between the start of a key and its `:`.
pub(super) const LONGEST_KEY: usize = 1024;

impl<'a> Scanner<'a> {
    pub(super) fn front_may_be_key(&self) -> Result<bool, Fault> {
        match self
            .keys
            .iter()
            .find(|key| key.possible && key.waited_for && key.token == self.taken)
        {
            Some(key) => self.is_key_valid(key),
            None => Ok(false),
        }
    }

    pub(super) fn is_key_valid(&self, key: &PossibleKey) -> Result<bool, Fault> {
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

    pub(super) fn save_key(&mut self) -> Result<(), Fault> {
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

    pub(super) fn set_key(&mut self, key: PossibleKey) {
        if let Some(slot) = self.keys.last_mut() {
            *slot = key;
        }
    }

    pub(super) fn drop_key(&mut self) -> Result<(), Fault> {
        match self.keys.last_mut() {
            Some(key) if key.possible && key.required => Err(missing_colon(key.start)),
            Some(key) => {
                key.possible = false;
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// A plain or quoted scalar. Whether it is a key is decided at once where the line tells.
    pub(super) fn fetch_scalar(
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
