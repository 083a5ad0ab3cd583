//! One token each: the indicators `[ ] { } , - ? :`, and what starts with `& * ! % | >`.

use super::{PossibleKey, Scanner, Token, TokenKind};
use crate::error::Fault;

impl<'a> Scanner<'a> {
    pub(super) fn fetch_stream_end(&mut self) -> Result<(), Fault> {
        if self.pos != self.line_start {
            self.line_start = self.pos;
        }
        self.unroll(-1);
        self.drop_key()?;
        self.key_allowed = false;
        self.push(TokenKind::StreamEnd, self.pos);
        Ok(())
    }

    pub(super) fn fetch_document_indicator(&mut self, byte: u8) -> Result<(), Fault> {
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

    pub(super) fn fetch_flow_start(&mut self, kind: TokenKind<'a>) -> Result<(), Fault> {
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

    pub(super) fn fetch_flow_end(&mut self, kind: TokenKind<'a>) -> Result<(), Fault> {
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

    pub(super) fn fetch_flow_entry(&mut self) -> Result<(), Fault> {
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

    pub(super) fn fetch_block_entry(&mut self, flow: bool) -> Result<(), Fault> {
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

    pub(super) fn fetch_key(&mut self, flow: bool) -> Result<(), Fault> {
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

    pub(super) fn fetch_value(&mut self, flow: bool) -> Result<(), Fault> {
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

    pub(super) fn fetch_anchor(&mut self, byte: u8) -> Result<(), Fault> {
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

    pub(super) fn fetch_tag(&mut self) -> Result<(), Fault> {
        self.save_key()?;
        self.key_allowed = false;
        let start = self.pos;
        let tag = self.scan_tag()?;
        self.push(TokenKind::Tag(Box::new(tag)), start);
        Ok(())
    }

    pub(super) fn fetch_directive(&mut self) -> Result<(), Fault> {
        self.unroll(-1);
        self.drop_key()?;
        self.key_allowed = false;
        let start = self.pos;
        let directive = self.scan_directive()?;
        self.push(directive, start);
        Ok(())
    }

    pub(super) fn fetch_block_scalar(&mut self, literal: bool) -> Result<(), Fault> {
        self.drop_key()?;
        self.key_allowed = true;
        let token = self.scan_block(literal)?;
        self.queue.push_back(token);
        Ok(())
    }
}
