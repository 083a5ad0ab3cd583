//! A pattern as a tree that is ready to be walked: keys classified by anchor and put in the order
//! in which they are evaluated.
//!
//! The order within a map is part of the language, since the first mismatch is the answer:
//! 1. keys with an anchor, except global ones, by their text;
//! 2. global anchors and keys with an anchor somewhere below, in reverse order of their text;
//! 3. all other keys by their text.

use serde_json::{Map, Value};

use super::{
    anchor::{self, AnchorKind},
    scalar::ScalarPattern,
};

/// Patterns nested deeper are an error when they are evaluated.
const MAX_DEPTH: usize = 128;

#[derive(Clone, Debug)]
pub(crate) enum Node {
    Map(Box<[Entry]>),
    /// Labels or annotations of metadata, whose keys may be wildcards.
    Tags(Tags),
    List(Box<[Node]>),
    Scalar(ScalarPattern),
    TooDeep,
}

/// The two readings of labels or annotations.
#[derive(Clone, Debug)]
pub(crate) struct Tags {
    /// Entries with a text value; others are not looked at.
    pub(crate) entries: Box<[Entry]>,
    /// Whether a key is a wildcard.
    pub(crate) wildcards: bool,
}

/// One key of a map.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// The key as written, with its anchor.
    pub(crate) written: Box<str>,
    /// The key of the object.
    pub(crate) key: Box<str>,
    pub(crate) role: Role,
    pub(crate) node: Node,
}

/// How a key is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Plain,
    /// A plain key with the pattern `*`: any value but null.
    Present,
    Condition,
    Global,
    Equality,
    Negation,
    Existence,
}

/// The group of an entry within its map, in the order of evaluation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    Anchored,
    Nested,
    Plain,
}

impl Node {
    pub(crate) fn compile(pattern: &Value) -> Node {
        compile(pattern, Place::Elsewhere, 0)
    }

    /// The pattern as it is written, save for what is nested too deep.
    pub(crate) fn to_json(&self) -> Value {
        match self {
            Node::Map(entries) | Node::Tags(Tags { entries, .. }) => entries
                .iter()
                .map(|entry| (entry.written.to_string(), entry.node.to_json()))
                .collect(),
            Node::List(items) => items.iter().map(Node::to_json).collect(),
            Node::Scalar(scalar) => scalar.as_val().to_json(),
            Node::TooDeep => Value::Null,
        }
    }

    /// Whether a key below, or this map itself, has an anchor.
    fn has_anchor(&self) -> bool {
        match self {
            Node::Map(entries) | Node::Tags(Tags { entries, .. }) => entries
                .iter()
                .any(|entry| entry.role.is_anchor() || entry.node.has_anchor()),
            Node::List(items) => items.iter().any(Node::has_anchor),
            Node::Scalar(_) | Node::TooDeep => false,
        }
    }
}

impl Role {
    fn is_anchor(self) -> bool {
        !matches!(self, Role::Plain | Role::Present)
    }

    /// Whether the entry is looked at before all fields of its map.
    pub(crate) fn decides_first(self) -> bool {
        self.is_anchor() && self != Role::Global
    }
}

/// Where a value stands, as far as wildcards in keys go.
#[derive(Clone, Copy)]
enum Place {
    Metadata,
    Tags,
    Elsewhere,
}

impl Place {
    fn of_child(self, key: &str) -> Place {
        match (self, anchor::strip(key)) {
            (Place::Metadata, "labels" | "annotations") => Place::Tags,
            (_, "metadata") => Place::Metadata,
            _ => Place::Elsewhere,
        }
    }
}

fn compile(pattern: &Value, place: Place, depth: usize) -> Node {
    if depth > MAX_DEPTH {
        return Node::TooDeep;
    }
    match (pattern, place) {
        (Value::Object(entries), Place::Tags) => Node::Tags(tags(entries, depth)),
        (Value::Object(entries), _) => Node::Map(map(entries, place, depth)),
        (Value::Array(items), _) => {
            let item = |item| compile(item, Place::Elsewhere, depth + 1);
            Node::List(items.iter().map(item).collect())
        }
        (scalar, _) => ScalarPattern::new(scalar).map_or(Node::TooDeep, Node::Scalar),
    }
}

fn map(entries: &Map<String, Value>, place: Place, depth: usize) -> Box<[Entry]> {
    let mut compiled: Vec<Entry> = entries
        .iter()
        .map(|(key, value)| Entry::new(key, compile(value, place.of_child(key), depth + 1)))
        .collect();
    sort(&mut compiled);
    compiled.into()
}

fn tags(entries: &Map<String, Value>, depth: usize) -> Tags {
    let mut compiled: Vec<Entry> = entries
        .iter()
        .filter(|(_, value)| value.is_string())
        .map(|(key, value)| Entry::new(key, compile(value, Place::Elsewhere, depth + 1)))
        .collect();
    sort(&mut compiled);
    Tags {
        wildcards: compiled.iter().any(Entry::has_wildcard),
        entries: compiled.into(),
    }
}

impl Entry {
    fn new(written: &str, node: Node) -> Entry {
        let anchor = anchor::parse(written);
        let role = match anchor.map(|anchor| anchor.kind) {
            Some(AnchorKind::Condition) => Role::Condition,
            Some(AnchorKind::Global) => Role::Global,
            Some(AnchorKind::Equality) => Role::Equality,
            Some(AnchorKind::Negation) => Role::Negation,
            Some(AnchorKind::Existence) => Role::Existence,
            // Only mutation knows additions: validation looks for the key as it is written.
            Some(AnchorKind::Addition) | None => match &node {
                Node::Scalar(scalar) if scalar.is_star() => Role::Present,
                _ => Role::Plain,
            },
        };
        let key = match anchor {
            Some(anchor) if role.is_anchor() => anchor.key,
            _ => written,
        };
        Entry {
            written: written.into(),
            key: key.into(),
            role,
            node,
        }
    }

    /// Whether the key is a wildcard.
    pub(crate) fn has_wildcard(&self) -> bool {
        portcullis_values::wildcard::has_wildcard(&self.written)
    }

    fn group(&self) -> Group {
        match self.role {
            role if role.decides_first() => Group::Anchored,
            Role::Global => Group::Nested,
            _ if self.node.has_anchor() => Group::Nested,
            _ => Group::Plain,
        }
    }

    /// This entry with another key in place of its wildcard.
    pub(crate) fn with_key(&self, key: &str) -> Entry {
        let written = match anchor::parse(&self.written) {
            Some(anchor) => anchor::Anchor { key, ..anchor }.to_string(),
            None => key.to_owned(),
        };
        Entry::new(&written, self.node.clone())
    }
}

/// Puts entries in the order of evaluation.
pub(crate) fn sort(entries: &mut [Entry]) {
    entries.sort_by_cached_key(|entry| (entry.group(), entry.written.clone()));
    let start = entries.partition_point(|entry| entry.group() < Group::Nested);
    let end = entries.partition_point(|entry| entry.group() <= Group::Nested);
    if let Some(nested) = entries.get_mut(start..end) {
        nested.reverse();
    }
}
