//! Lists and maps in brackets: `[a, b: c]` and `{a: 1, b}`.

use super::{Event, EventKind, Events, State, marker};
use crate::{error::Fault, scanner::TokenKind};

impl<'a> Events<'a> {
    pub(super) fn flow_sequence(&mut self, first: bool) -> Result<Event<'a>, Fault> {
        self.flow_separator(first, &TokenKind::FlowSequenceEnd, "`,` or `]`")?;
        match self.peek()?.kind {
            TokenKind::FlowSequenceEnd => self.flow_end(EventKind::SequenceEnd),
            TokenKind::Key => {
                let token = self.take()?;
                self.state = Some(State::FlowPairKey);
                Ok(Event {
                    kind: EventKind::MappingStart,
                    properties: None,
                    start: token.start,
                    end: token.end,
                })
            }
            _ => self.node_then(State::FlowSequence, false, false),
        }
    }

    /// Eats the `,` that must stand between two entries.
    fn flow_separator(
        &mut self,
        first: bool,
        end: &TokenKind<'a>,
        expected: &str,
    ) -> Result<(), Fault> {
        let token = self.peek()?;
        if first || token.kind == *end {
            return Ok(());
        }
        if token.kind == TokenKind::FlowEntry {
            self.take()?;
            return Ok(());
        }
        Err(Fault::new(
            token.start,
            format!(
                "expected {expected} here; if a value holds `{{{{ … }}}}` or another bracket, put it in quotes"
            ),
        ))
    }

    fn flow_end(&mut self, kind: EventKind<'a>) -> Result<Event<'a>, Fault> {
        self.pop();
        let token = self.take()?;
        Ok(Event {
            kind,
            properties: None,
            start: token.start,
            end: token.end,
        })
    }

    pub(super) fn flow_pair_key(&mut self) -> Result<Event<'a>, Fault> {
        let token = self.peek()?;
        let end = token.end;
        match token.kind {
            TokenKind::Value | TokenKind::FlowEntry | TokenKind::FlowSequenceEnd => {
                self.take()?;
                self.empty_then(State::FlowPairValue, end)
            }
            _ => self.node_then(State::FlowPairValue, false, false),
        }
    }

    pub(super) fn flow_pair_value(&mut self) -> Result<Event<'a>, Fault> {
        if self.peek()?.kind == TokenKind::Value {
            self.take()?;
            if !matches!(
                self.peek()?.kind,
                TokenKind::FlowEntry | TokenKind::FlowSequenceEnd
            ) {
                return self.node_then(State::FlowPairEnd, false, false);
            }
        }
        let at = self.peek()?.start;
        self.empty_then(State::FlowPairEnd, at)
    }

    pub(super) fn flow_pair_end(&mut self) -> Result<Event<'a>, Fault> {
        let at = self.peek()?.start;
        self.state = Some(State::FlowSequence);
        Ok(marker(EventKind::MappingEnd, at))
    }

    pub(super) fn flow_mapping(&mut self, first: bool) -> Result<Event<'a>, Fault> {
        self.flow_separator(first, &TokenKind::FlowMappingEnd, "`,` or `}`")?;
        match self.peek()?.kind {
            TokenKind::FlowMappingEnd => self.flow_end(EventKind::MappingEnd),
            TokenKind::Key => {
                self.take()?;
                let token = self.peek()?;
                let at = token.start;
                match token.kind {
                    TokenKind::Value | TokenKind::FlowEntry | TokenKind::FlowMappingEnd => {
                        self.empty_then(State::FlowMappingValue, at)
                    }
                    _ => self.node_then(State::FlowMappingValue, false, false),
                }
            }
            _ => self.node_then(State::FlowMappingEmptyValue, false, false),
        }
    }

    pub(super) fn flow_mapping_value(&mut self) -> Result<Event<'a>, Fault> {
        if self.peek()?.kind == TokenKind::Value {
            self.take()?;
            if !matches!(
                self.peek()?.kind,
                TokenKind::FlowEntry | TokenKind::FlowMappingEnd
            ) {
                return self.node_then(State::FlowMapping, false, false);
            }
        }
        let at = self.peek()?.start;
        self.empty_then(State::FlowMapping, at)
    }
}
