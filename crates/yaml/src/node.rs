//! A document as a tree of nodes, with anchors and aliases in place.

use std::{borrow::Cow, collections::HashMap};

use crate::{
    error::Fault,
    events::{Event, EventKind, Events},
    limits::Budget,
    scanner::Style,
};

/// A node's place in its [`Tree`].
pub(crate) type NodeId = usize;

#[derive(Debug)]
pub(crate) struct Node<'a> {
    pub(crate) kind: NodeKind<'a>,
    pub(crate) tag: Option<Cow<'a, str>>,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

#[derive(Debug)]
pub(crate) enum NodeKind<'a> {
    Scalar(Cow<'a, str>, Style),
    /// The name and the node that it stands for.
    Alias(&'a str, NodeId),
    Sequence(Vec<NodeId>),
    Mapping(Vec<(NodeId, NodeId)>),
}

#[derive(Debug)]
pub(crate) struct Tree<'a> {
    pub(crate) nodes: Vec<Node<'a>>,
    pub(crate) root: Option<NodeId>,
}

/// Reads the tree of the first document of a text.
pub(crate) fn compose<'a>(events: &mut Events<'a>, budget: &mut Budget) -> Result<Tree<'a>, Fault> {
    let mut composer = Composer {
        events,
        budget,
        nodes: Vec::new(),
        anchors: HashMap::new(),
    };
    let root = match composer.events.start()? {
        Some(event) => Some(composer.node(event, 1)?),
        None => None,
    };
    composer.events.finish()?;
    Ok(Tree {
        nodes: composer.nodes,
        root,
    })
}

struct Composer<'a, 'b> {
    events: &'b mut Events<'a>,
    budget: &'b mut Budget,
    nodes: Vec<Node<'a>>,
    anchors: HashMap<&'a str, NodeId>,
}

impl<'a> Composer<'a, '_> {
    fn node(&mut self, event: Event<'a>, depth: usize) -> Result<NodeId, Fault> {
        self.budget.node(event.start, depth)?;
        let id = self.nodes.len();
        let (anchor, tag) = event
            .properties
            .map_or((None, None), |found| (found.anchor, found.tag));
        if let Some(name) = anchor {
            self.anchors.insert(name, id);
        }
        let (start, mut end) = (event.start, event.end);
        let kind = match event.kind {
            EventKind::Scalar(text, style) => NodeKind::Scalar(text, style),
            EventKind::Alias(name) => match self.anchors.get(name) {
                Some(target) => NodeKind::Alias(name, *target),
                None => return Err(unknown_alias(start, name)),
            },
            // The node stands in the list before its children do, so that they may name it.
            EventKind::SequenceStart | EventKind::SequenceEnd => NodeKind::Sequence(Vec::new()),
            EventKind::MappingStart | EventKind::MappingEnd => NodeKind::Mapping(Vec::new()),
        };
        let is_sequence = matches!(kind, NodeKind::Sequence(_));
        let is_mapping = matches!(kind, NodeKind::Mapping(_));
        self.nodes.push(Node {
            kind,
            tag,
            start,
            end,
        });
        if is_sequence {
            let (entries, last) = self.sequence(end, depth)?;
            end = last;
            self.set(id, NodeKind::Sequence(entries), end);
        } else if is_mapping {
            let (entries, last) = self.mapping(end, depth)?;
            end = last;
            self.set(id, NodeKind::Mapping(entries), end);
        }
        Ok(id)
    }

    fn set(&mut self, id: NodeId, kind: NodeKind<'a>, end: usize) {
        if let Some(node) = self.nodes.get_mut(id) {
            node.kind = kind;
            node.end = end;
        }
    }

    fn end_of(&self, id: NodeId) -> usize {
        self.nodes.get(id).map_or(0, |node| node.end)
    }

    fn sequence(&mut self, mut end: usize, depth: usize) -> Result<(Vec<NodeId>, usize), Fault> {
        let mut entries = Vec::new();
        loop {
            let event = self.events.next()?;
            if matches!(event.kind, EventKind::SequenceEnd) {
                return Ok((entries, end_of_collection(&event, end)));
            }
            let entry = self.node(event, depth + 1)?;
            end = end.max(self.end_of(entry));
            entries.push(entry);
        }
    }

    fn mapping(
        &mut self,
        mut end: usize,
        depth: usize,
    ) -> Result<(Vec<(NodeId, NodeId)>, usize), Fault> {
        let mut entries = Vec::new();
        loop {
            let event = self.events.next()?;
            if matches!(event.kind, EventKind::MappingEnd) {
                return Ok((entries, end_of_collection(&event, end)));
            }
            let key = self.node(event, depth + 1)?;
            let event = self.events.next()?;
            let value = self.node(event, depth + 1)?;
            end = end.max(self.end_of(key)).max(self.end_of(value));
            entries.push((key, value));
        }
    }
}

/// A collection in brackets ends at its bracket, all others after their last entry.
fn end_of_collection(event: &Event<'_>, last: usize) -> usize {
    if event.end > event.start {
        event.end
    } else {
        last
    }
}

fn unknown_alias(offset: usize, name: &str) -> Fault {
    Fault::new(
        offset,
        format!(
            "no anchor `&{name}` stands before this alias; define it, or put the value in quotes"
        ),
    )
}
