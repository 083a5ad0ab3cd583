//! Where each value and each key of a document stands in its text, as byte ranges.
//!
//! A value that an alias stands for has the alias' range; what is inside it has the ranges of the
//! anchor's value. A value that `<<` merges in has the range of the merged value.

use std::{borrow::Cow, collections::BTreeMap, ops::Range};

/// One step from a value to a value inside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathSegment<'a> {
    /// A map's key. In a list, a key of digits is the index.
    Key(&'a str),
    /// A list's index, from 0.
    Index(usize),
}

impl<'a> From<&'a str> for PathSegment<'a> {
    fn from(key: &'a str) -> Self {
        PathSegment::Key(key)
    }
}

impl From<usize> for PathSegment<'_> {
    fn from(index: usize) -> Self {
        PathSegment::Index(index)
    }
}

/// The ranges of a document's values and keys.
#[derive(Clone, Debug, Default)]
pub struct SpanTree {
    root: SpanNode,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct SpanNode {
    pub(crate) value: Range<usize>,
    pub(crate) key: Option<Range<usize>>,
    pub(crate) children: Children,
}

#[derive(Clone, Debug, Default)]
pub(crate) enum Children {
    #[default]
    None,
    List(Vec<SpanNode>),
    Map(BTreeMap<String, SpanNode>),
}

impl SpanTree {
    pub(crate) fn new(root: SpanNode) -> Self {
        SpanTree { root }
    }

    /// The range of the value at a path.
    #[must_use]
    pub fn at(&self, path: &[PathSegment<'_>]) -> Option<Range<usize>> {
        self.exact(path.iter().copied())
            .map(|node| node.value.clone())
    }

    /// The range of the key at a path; nothing for the document and for the entries of a list.
    #[must_use]
    pub fn key_at(&self, path: &[PathSegment<'_>]) -> Option<Range<usize>> {
        self.exact(path.iter().copied())
            .and_then(|node| node.key.clone())
    }

    /// The range of the value at a path, or of the key of its nearest parent that exists.
    #[must_use]
    pub fn nearest(&self, path: &[PathSegment<'_>]) -> Range<usize> {
        let (node, complete) = self.walk(path.iter().copied());
        node.place(complete)
    }

    /// [`SpanTree::at`] for a JSON pointer such as `/spec/containers/0/image`.
    #[must_use]
    pub fn at_pointer(&self, pointer: &str) -> Option<Range<usize>> {
        let path = unescape(pointer);
        self.exact(segments(&path)).map(|node| node.value.clone())
    }

    /// [`SpanTree::key_at`] for a JSON pointer.
    #[must_use]
    pub fn key_at_pointer(&self, pointer: &str) -> Option<Range<usize>> {
        let path = unescape(pointer);
        self.exact(segments(&path))
            .and_then(|node| node.key.clone())
    }

    /// [`SpanTree::nearest`] for a JSON pointer.
    #[must_use]
    pub fn nearest_pointer(&self, pointer: &str) -> Range<usize> {
        let path = unescape(pointer);
        let (node, complete) = self.walk(segments(&path));
        node.place(complete)
    }

    /// The range of the key at a JSON pointer where the key is asked for and there is one, and else
    /// [`SpanTree::nearest_pointer`].
    #[must_use]
    pub fn of_pointer(&self, pointer: &str, is_key: bool) -> Range<usize> {
        let key = is_key.then(|| self.key_at_pointer(pointer)).flatten();
        key.unwrap_or_else(|| self.nearest_pointer(pointer))
    }

    fn exact<'p>(&self, path: impl Iterator<Item = PathSegment<'p>>) -> Option<&SpanNode> {
        match self.walk(path) {
            (node, true) => Some(node),
            (_, false) => None,
        }
    }

    /// The last node on the path, and whether the whole path exists.
    fn walk<'p>(&self, path: impl Iterator<Item = PathSegment<'p>>) -> (&SpanNode, bool) {
        let mut node = &self.root;
        for segment in path {
            match node.child(segment) {
                Some(child) => node = child,
                None => return (node, false),
            }
        }
        (node, true)
    }
}

impl SpanNode {
    fn child(&self, segment: PathSegment<'_>) -> Option<&SpanNode> {
        match (&self.children, segment) {
            (Children::Map(entries), PathSegment::Key(key)) => entries.get(key),
            (Children::List(entries), PathSegment::Index(index)) => entries.get(index),
            (Children::List(entries), PathSegment::Key(key)) => {
                entries.get(key.parse::<usize>().ok()?)
            }
            _ => None,
        }
    }

    fn place(&self, complete: bool) -> Range<usize> {
        match &self.key {
            Some(key) if !complete => key.clone(),
            _ => self.value.clone(),
        }
    }
}

fn unescape(pointer: &str) -> Vec<Cow<'_, str>> {
    let unescape = |segment| match segment {
        segment if !str::contains(segment, '~') => Cow::Borrowed(segment),
        segment => Cow::Owned(segment.replace("~1", "/").replace("~0", "~")),
    };
    pointer.split('/').skip(1).map(unescape).collect()
}

fn segments<'p>(path: &'p [Cow<'_, str>]) -> impl Iterator<Item = PathSegment<'p>> {
    path.iter().map(|segment| PathSegment::Key(segment))
}
