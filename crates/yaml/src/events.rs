//! Tokens to events: the grammar of YAML 1.1, for the first document of a text.
//!
//! ```text
//! document   = directive* "---"? node
//! node       = alias | (anchor | tag)* (scalar | sequence | mapping)?
//! ```
//!
//! What stands after the first document is not read: Kubernetes splits a stream at its `---` lines
//! before it reads a document.

mod block;
mod flow;

use std::borrow::Cow;

use crate::{
    error::Fault,
    scanner::{Scanner, Style, Token, TokenKind},
};

/// One step through a document.
#[derive(Debug)]
pub(crate) struct Event<'a> {
    pub(crate) kind: EventKind<'a>,
    /// `None` for most values: neither anchor nor tag.
    pub(crate) properties: Option<Box<Properties<'a>>>,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

#[derive(Debug)]
pub(crate) enum EventKind<'a> {
    Scalar(Cow<'a, str>, Style),
    Alias(&'a str),
    SequenceStart,
    SequenceEnd,
    MappingStart,
    MappingEnd,
}

/// What stands before a value.
#[derive(Debug, Default)]
pub(crate) struct Properties<'a> {
    pub(crate) anchor: Option<&'a str>,
    /// The tag in full, such as `tag:yaml.org,2002:str`, or `!`.
    pub(crate) tag: Option<Cow<'a, str>>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    BlockSequence,
    IndentlessSequence,
    BlockMappingKey,
    BlockMappingValue,
    /// After the `:` of a key that the scanner took for simple.
    SimpleValue,
    FlowSequenceFirst,
    FlowSequence,
    FlowPairKey,
    FlowPairValue,
    FlowPairEnd,
    FlowMappingFirst,
    FlowMapping,
    FlowMappingValue,
    FlowMappingEmptyValue,
}

#[derive(Debug)]
pub(crate) struct Events<'a> {
    scanner: Scanner<'a>,
    peeked: Option<Token<'a>>,
    state: Option<State>,
    states: Vec<State>,
    tags: Vec<(&'a str, Cow<'a, str>)>,
}

impl<'a> Events<'a> {
    pub(crate) fn new(text: &'a str, lookahead: usize) -> Self {
        Events {
            scanner: Scanner::new(text, lookahead),
            peeked: None,
            state: None,
            states: Vec::new(),
            tags: Vec::new(),
        }
    }

    pub(crate) fn text(&self) -> &'a str {
        self.scanner.text()
    }

    #[inline]
    fn peek(&mut self) -> Result<&Token<'a>, Fault> {
        let token = match self.peeked.take() {
            Some(token) => token,
            None => self.scanner.next()?,
        };
        Ok(self.peeked.insert(token))
    }

    #[inline]
    fn take(&mut self) -> Result<Token<'a>, Fault> {
        match self.peeked.take() {
            Some(token) => Ok(token),
            None => self.scanner.next(),
        }
    }

    /// The first event of the document; nothing when the text holds none.
    pub(crate) fn start(&mut self) -> Result<Option<Event<'a>>, Fault> {
        match self.peek()?.kind {
            TokenKind::StreamEnd => return Ok(None),
            TokenKind::Version(..) | TokenKind::TagDirective(..) | TokenKind::DocumentStart => {}
            _ => return self.node(true, false).map(Some),
        }
        self.directives()?;
        let token = self.take()?;
        if token.kind != TokenKind::DocumentStart {
            return Err(Fault::new(token.start, "expected `---` after a directive"));
        }
        let next = self.peek()?;
        let at = next.start;
        match next.kind {
            TokenKind::Version(..)
            | TokenKind::TagDirective(..)
            | TokenKind::DocumentStart
            | TokenKind::DocumentEnd
            | TokenKind::StreamEnd => Ok(Some(empty(at))),
            _ => self.node(true, false).map(Some),
        }
    }

    /// Reads the token after the document: what is wrong with it is an error, though it is not
    /// part of the document.
    pub(crate) fn finish(&mut self) -> Result<(), Fault> {
        self.peek().map(|_| ())
    }

    fn directives(&mut self) -> Result<(), Fault> {
        let mut version = false;
        loop {
            match self.peek()? {
                Token {
                    kind: TokenKind::Version(major, minor),
                    start,
                    ..
                } => {
                    if version || (*major, *minor) != (1, 1) {
                        return Err(Fault::new(
                            *start,
                            "expected `%YAML 1.1` once, the only version that Kubernetes reads; remove the line",
                        ));
                    }
                    version = true;
                }
                Token {
                    kind: TokenKind::TagDirective(directive),
                    start,
                    ..
                } => {
                    let (start, directive) = (*start, directive.as_ref().clone());
                    if self.tags.iter().any(|(known, _)| *known == directive.0) {
                        return Err(Fault::new(
                            start,
                            "this `%TAG` handle is already defined; remove one of the two",
                        ));
                    }
                    self.tags.push(directive);
                }
                _ => return Ok(()),
            }
            self.take()?;
        }
    }

    /// The next event inside a document.
    #[inline]
    pub(crate) fn next(&mut self) -> Result<Event<'a>, Fault> {
        let Some(state) = self.state.take() else {
            return Err(Fault::new(self.text().len(), "the document has ended"));
        };
        match state {
            State::BlockSequence => self.block_sequence(),
            State::IndentlessSequence => self.indentless_sequence(),
            State::BlockMappingKey => self.block_mapping_key(),
            State::BlockMappingValue => self.block_mapping_value(),
            State::SimpleValue => self.simple_value(),
            State::FlowSequenceFirst => self.flow_sequence(true),
            State::FlowSequence => self.flow_sequence(false),
            State::FlowPairKey => self.flow_pair_key(),
            State::FlowPairValue => self.flow_pair_value(),
            State::FlowPairEnd => self.flow_pair_end(),
            State::FlowMappingFirst => self.flow_mapping(true),
            State::FlowMapping => self.flow_mapping(false),
            State::FlowMappingValue => self.flow_mapping_value(),
            State::FlowMappingEmptyValue => {
                let at = self.peek()?.start;
                self.empty_then(State::FlowMapping, at)
            }
        }
    }

    fn pop(&mut self) {
        self.state = self.states.pop();
    }

    /// A node after which the grammar goes on in `state`.
    #[inline]
    fn node_then(
        &mut self,
        state: State,
        block: bool,
        indentless: bool,
    ) -> Result<Event<'a>, Fault> {
        self.states.push(state);
        self.node(block, indentless)
    }

    fn empty_then(&mut self, state: State, at: usize) -> Result<Event<'a>, Fault> {
        self.state = Some(state);
        Ok(empty(at))
    }

    #[inline]
    fn node(&mut self, block: bool, indentless: bool) -> Result<Event<'a>, Fault> {
        let token = self.take()?;
        match token.kind {
            TokenKind::Scalar(value, style) => {
                self.pop();
                let kind = EventKind::Scalar(value, style);
                Ok(Event {
                    kind,
                    properties: None,
                    start: token.start,
                    end: token.end,
                })
            }
            TokenKind::Alias(name) => {
                self.pop();
                let kind = EventKind::Alias(name);
                Ok(Event {
                    kind,
                    properties: None,
                    start: token.start,
                    end: token.end,
                })
            }
            TokenKind::Anchor(_) | TokenKind::Tag(..) => {
                self.node_with_properties(token, block, indentless)
            }
            _ => {
                let (start, end) = (token.start, token.end);
                match self.collection(token, block, indentless) {
                    Ok(kind) => Ok(Event {
                        kind,
                        properties: None,
                        start,
                        end,
                    }),
                    Err(token) => Err(self.no_value(&token, block)),
                }
            }
        }
    }

    /// The start of a collection, or the token that is none.
    fn collection(
        &mut self,
        token: Token<'a>,
        block: bool,
        indentless: bool,
    ) -> Result<EventKind<'a>, Token<'a>> {
        let (state, kind) = match token.kind {
            TokenKind::BlockEntry if indentless => {
                self.peeked = Some(token);
                (State::IndentlessSequence, EventKind::SequenceStart)
            }
            TokenKind::FlowSequenceStart => (State::FlowSequenceFirst, EventKind::SequenceStart),
            TokenKind::FlowMappingStart => (State::FlowMappingFirst, EventKind::MappingStart),
            TokenKind::BlockSequenceStart if block => {
                (State::BlockSequence, EventKind::SequenceStart)
            }
            TokenKind::BlockMappingStart if block => {
                (State::BlockMappingKey, EventKind::MappingStart)
            }
            _ => return Err(token),
        };
        self.state = Some(state);
        Ok(kind)
    }

    #[cold]
    fn node_with_properties(
        &mut self,
        first: Token<'a>,
        block: bool,
        indentless: bool,
    ) -> Result<Event<'a>, Fault> {
        let start = first.start;
        let mut properties = Properties::default();
        let mut token = first;
        let mut end;
        loop {
            end = token.end;
            match token.kind {
                TokenKind::Anchor(name) if properties.anchor.is_none() => {
                    properties.anchor = Some(name)
                }
                TokenKind::Tag(tag) if properties.tag.is_none() => {
                    let (handle, suffix) = *tag;
                    properties.tag = Some(self.tag(handle, suffix, token.start)?);
                }
                kind => {
                    token = Token { kind, ..token };
                    break;
                }
            }
            token = self.take()?;
        }
        // An alias takes no anchor and no tag: it is then a value of its own, and too many.
        let mut event = Event {
            kind: EventKind::Scalar(Cow::Borrowed(""), Style::Plain),
            properties: None,
            start,
            end,
        };
        match token.kind {
            TokenKind::Scalar(value, style) => {
                self.pop();
                event.end = token.end;
                event.kind = EventKind::Scalar(value, style);
            }
            _ => match self.collection(token, block, indentless) {
                Ok(kind) => event.kind = kind,
                Err(token) => {
                    self.pop();
                    event.end = self.text().len().min(end);
                    self.peeked = Some(token);
                }
            },
        }
        event.properties = Some(Box::new(properties));
        Ok(event)
    }

    fn tag(&self, handle: &str, suffix: Cow<'a, str>, at: usize) -> Result<Cow<'a, str>, Fault> {
        if handle.is_empty() {
            return Ok(suffix);
        }
        let prefix = match self.tags.iter().find(|(known, _)| *known == handle) {
            Some((_, prefix)) => prefix,
            None if handle == "!" => "!",
            None if handle == "!!" => "tag:yaml.org,2002:",
            None => {
                return Err(Fault::new(
                    at,
                    format!(
                        "the tag handle `{handle}` is not defined; if the value itself starts with `!`, put it in quotes"
                    ),
                ));
            }
        };
        Ok(Cow::Owned(format!("{prefix}{suffix}")))
    }

    #[cold]
    fn no_value(&self, token: &Token<'a>, block: bool) -> Fault {
        let message = match token.kind {
            TokenKind::StreamEnd => {
                "expected a value, found the end of the text; close the brackets and quotes"
            }
            TokenKind::BlockEntry if !block => {
                "expected a value, found `- `; a list inside brackets is written `[a, b]`"
            }
            TokenKind::BlockEntry => "expected a value, found `- `; indent the list under its key",
            _ => {
                "expected a value here; if the value starts with an indicator such as `{`, `[`, `&`, `*` or `!`, put it in quotes"
            }
        };
        Fault::new(token.start, message)
    }
}

/// The event of a scalar's token.
fn scalar(token: Token<'_>) -> Event<'_> {
    let (start, end) = (token.start, token.end);
    let kind = match token.kind {
        TokenKind::Scalar(text, style) => EventKind::Scalar(text, style),
        _ => EventKind::Scalar(Cow::Borrowed(""), Style::Plain),
    };
    Event {
        kind,
        properties: None,
        start,
        end,
    }
}

fn empty<'a>(at: usize) -> Event<'a> {
    marker(EventKind::Scalar(Cow::Borrowed(""), Style::Plain), at)
}

fn marker(kind: EventKind<'_>, at: usize) -> Event<'_> {
    Event {
        kind,
        properties: None,
        start: at,
        end: at,
    }
}
