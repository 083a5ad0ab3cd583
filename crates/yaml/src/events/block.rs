//! Lists and maps by indentation: `- entry` and `key: value`.

use super::{Event, EventKind, Events, State, marker, scalar};
use crate::{error::Fault, scanner::TokenKind};

impl<'a> Events<'a> {
    pub(super) fn block_sequence(&mut self) -> Result<Event<'a>, Fault> {
        let token = self.take()?;
        match token.kind {
            TokenKind::BlockEntry => match self.peek()?.kind {
                TokenKind::BlockEntry | TokenKind::BlockEnd => {
                    self.empty_then(State::BlockSequence, token.end)
                }
                _ => self.node_then(State::BlockSequence, true, false),
            },
            TokenKind::BlockEnd => {
                self.pop();
                Ok(marker(EventKind::SequenceEnd, token.start))
            }
            _ => Err(Fault::new(
                token.start,
                "expected the next list entry `- ` or the end of the list; align the entries of the list",
            )),
        }
    }

    pub(super) fn indentless_sequence(&mut self) -> Result<Event<'a>, Fault> {
        let token = self.peek()?;
        let (start, end) = (token.start, token.end);
        if token.kind != TokenKind::BlockEntry {
            self.pop();
            return Ok(marker(EventKind::SequenceEnd, start));
        }
        self.take()?;
        match self.peek()?.kind {
            TokenKind::BlockEntry | TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd => {
                self.empty_then(State::IndentlessSequence, end)
            }
            _ => self.node_then(State::IndentlessSequence, true, false),
        }
    }

    #[inline]
    pub(super) fn block_mapping_key(&mut self) -> Result<Event<'a>, Fault> {
        if self.peeked.is_none()
            && let Some(token) = self.scanner.simple_key()
        {
            self.state = Some(State::SimpleValue);
            return Ok(scalar(token));
        }
        let token = self.take()?;
        match token.kind {
            TokenKind::Key => match self.peek()?.kind {
                TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd => {
                    self.empty_then(State::BlockMappingValue, token.end)
                }
                _ => self.node_then(State::BlockMappingValue, true, true),
            },
            TokenKind::BlockEnd => {
                self.pop();
                Ok(marker(EventKind::MappingEnd, token.start))
            }
            _ => Err(Fault::new(
                token.start,
                "expected the next `key: value` or the end of the map; align the keys of the map, and put a value in quotes when more text follows it",
            )),
        }
    }

    #[inline]
    pub(super) fn block_mapping_value(&mut self) -> Result<Event<'a>, Fault> {
        let token = self.peek()?;
        let (start, end) = (token.start, token.end);
        if token.kind != TokenKind::Value {
            return self.empty_then(State::BlockMappingKey, start);
        }
        self.take()?;
        self.block_value(end)
    }

    #[inline]
    pub(super) fn simple_value(&mut self) -> Result<Event<'a>, Fault> {
        if let Some(token) = self.scanner.simple_value()? {
            self.state = Some(State::BlockMappingKey);
            return Ok(scalar(token));
        }
        let at = self.scanner.offset();
        self.block_value(at)
    }

    /// What follows the `:` of a block map; the empty value stands at `at`.
    fn block_value(&mut self, at: usize) -> Result<Event<'a>, Fault> {
        match self.peek()?.kind {
            TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd => {
                self.empty_then(State::BlockMappingKey, at)
            }
            _ => self.node_then(State::BlockMappingKey, true, true),
        }
    }
}
