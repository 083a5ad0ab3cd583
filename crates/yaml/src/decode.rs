//! Nodes to values: aliases written out, merges done, keys made text.
//!
//! Kubernetes reads a map twice: first with keys of any type, where a later equal key replaces an
//! earlier one, and then with all keys as text. An error of the second reading (a null key, a
//! value that JSON does not have) is therefore none when a later key replaced the entry.

mod map;

use std::{borrow::Cow, collections::HashSet};

use serde_json::Value;

use crate::{
    Mode,
    error::Fault,
    limits::Budget,
    node::{Node, NodeId, NodeKind, Tree},
    resolve::{self, Scalar},
    scanner::Style,
    spans::{Children, SpanNode},
};

/// A document's value, with the place of each value in it.
pub(crate) fn decode(
    tree: &Tree<'_>,
    mode: Mode,
    budget: &mut Budget,
) -> Result<(Value, SpanNode), Fault> {
    let Some(root) = tree.root else {
        return Ok((Value::Null, SpanNode::default()));
    };
    let mut decoder = Decoder {
        tree,
        mode,
        budget,
        open_aliases: HashSet::new(),
    };
    let item = decoder.node(root, 1)?;
    match item.defect {
        Some(fault) => Err(*fault),
        None => Ok((item.value, item.span)),
    }
}

#[derive(Default)]
struct Item {
    value: Value,
    span: SpanNode,
    /// Why the value cannot be written as JSON.
    defect: Option<Box<Fault>>,
}

struct Decoder<'t, 'a, 'b> {
    tree: &'t Tree<'a>,
    mode: Mode,
    budget: &'b mut Budget,
    open_aliases: HashSet<NodeId>,
}

impl<'t, 'a> Decoder<'t, 'a, '_> {
    fn get(&self, id: NodeId) -> Result<&'t Node<'a>, Fault> {
        self.tree
            .nodes
            .get(id)
            .ok_or_else(|| Fault::new(0, "the document refers to a value that is not in it"))
    }

    fn count(&mut self, node: &Node<'_>, depth: usize) -> Result<(), Fault> {
        self.budget.node(node.start, depth)?;
        if self.open_aliases.is_empty() {
            return Ok(());
        }
        let bytes = match &node.kind {
            NodeKind::Scalar(text, _) => text.len(),
            _ => 0,
        };
        self.budget.alias_node(node.start, bytes)
    }

    fn node(&mut self, id: NodeId, depth: usize) -> Result<Item, Fault> {
        let node = self.get(id)?;
        self.count(node, depth)?;
        let mut item = match &node.kind {
            NodeKind::Scalar(text, style) => self.scalar(node, text, *style)?,
            NodeKind::Alias(name, target) => {
                self.open_alias(id, node, name)?;
                let item = self.node(*target, depth + 1)?;
                self.open_aliases.remove(&id);
                item
            }
            NodeKind::Sequence(entries) => self.sequence(entries, depth)?,
            NodeKind::Mapping(pairs) => self.map(pairs, depth)?,
        };
        item.span.value = node.start..node.end;
        Ok(item)
    }

    fn open_alias(&mut self, id: NodeId, node: &Node<'_>, name: &str) -> Result<(), Fault> {
        if self.open_aliases.insert(id) {
            return Ok(());
        }
        Err(Fault::new(
            node.start,
            format!(
                "the value of the anchor `&{name}` contains itself; remove the alias inside it"
            ),
        ))
    }

    fn scalar(&mut self, node: &Node<'_>, text: &str, style: Style) -> Result<Item, Fault> {
        let scalar = self.resolve(node, text, style)?;
        let value = match scalar {
            Scalar::Null => Some(Value::Null),
            Scalar::Bool(bool) => Some(Value::Bool(bool)),
            Scalar::Int(int) => Some(Value::from(int)),
            Scalar::UInt(int) => Some(Value::from(int)),
            Scalar::Float(float) => resolve::float_value(float),
            Scalar::Text(text) => Some(Value::String(text.into_owned())),
            Scalar::Date(date) => date.map(Value::String),
        };
        let defect = match value {
            Some(_) => None,
            None => Some(Box::new(Fault::new(
                node.start,
                format!("`{text}` cannot be written as JSON; put it in quotes"),
            ))),
        };
        Ok(Item {
            value: value.unwrap_or_default(),
            defect,
            ..Item::default()
        })
    }

    fn resolve<'n>(
        &self,
        node: &Node<'_>,
        text: &'n str,
        style: Style,
    ) -> Result<Scalar<'n>, Fault> {
        resolve::resolve(Cow::Borrowed(text), style, node.tag.as_deref(), self.mode)
            .map_err(|message| Fault::new(node.start, message))
    }

    fn sequence(&mut self, entries: &[NodeId], depth: usize) -> Result<Item, Fault> {
        let mut item = Item::default();
        let mut values = Vec::with_capacity(entries.len());
        let mut spans = Vec::with_capacity(entries.len());
        for entry in entries {
            let entry = self.node(*entry, depth + 1)?;
            values.push(entry.value);
            spans.push(entry.span);
            item.defect = item.defect.or(entry.defect);
        }
        item.value = Value::Array(values);
        item.span.children = Children::List(spans);
        Ok(item)
    }
}
