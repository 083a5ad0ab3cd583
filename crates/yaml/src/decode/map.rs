//! Maps: keys of any kind, equal keys, and merges with `<<`.
//!
//! ```yaml
//! base: &base {a: 1, b: 2}
//! derived:
//!   <<: *base      # or a list: the first that has a key wins
//!   b: 3
//! ```

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value};

use super::{Decoder, Item};
use crate::{
    Mode,
    error::Fault,
    node::{Node, NodeId, NodeKind},
    resolve::{self, Scalar},
    spans::Children,
};

/// A key before it is made text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Null,
    Bool(bool),
    Int(i64),
    UInt(u64),
    Float(u64),
    /// Not equal to any other, so its place is part of it.
    NotANumber(usize),
    Text(String),
}

type Entries = BTreeMap<Key, Item>;

impl Decoder<'_, '_, '_> {
    pub(super) fn map(&mut self, pairs: &[(NodeId, NodeId)], depth: usize) -> Result<Item, Fault> {
        let mut entries = Entries::new();
        let mut defect = None;
        if self.mode == Mode::V3 {
            let other_key = self.first_other_key(pairs)?;
            self.fill_v3(&mut entries, pairs, other_key.is_none(), false, depth)?;
            defect = other_key.map(Box::new);
        } else {
            self.fill(&mut entries, pairs, depth)?;
        }
        let mut item = Item {
            defect,
            ..Item::default()
        };
        let (mut values, mut spans) = (Map::new(), BTreeMap::new());
        for (key, entry) in entries {
            match key.into_text() {
                Some(key) => {
                    values.insert(key.clone(), entry.value);
                    spans.insert(key, entry.span);
                    item.defect = item.defect.or(entry.defect);
                }
                None => {
                    let at = entry.span.key.map_or(0, |key| key.start);
                    let fault = Fault::new(
                        at,
                        "this key is empty, `null` or too large a number, and a key must be text; put it in quotes",
                    );
                    item.defect = item.defect.or(Some(Box::new(fault)));
                }
            }
        }
        item.value = Value::Object(values);
        item.span.children = Children::Map(spans);
        Ok(item)
    }

    /// Lenient and strict: a merge takes effect where it stands.
    fn fill(
        &mut self,
        entries: &mut Entries,
        pairs: &[(NodeId, NodeId)],
        depth: usize,
    ) -> Result<(), Fault> {
        for (key_id, value_id) in pairs {
            if self.is_merge(*key_id)? {
                for merged in self.merged_maps(*value_id)?.into_iter().rev() {
                    self.merge(entries, merged, None, depth)?;
                }
                continue;
            }
            let key = self.key(*key_id, depth + 1)?;
            let mut item = self.node(*value_id, depth + 1)?;
            let node = self.get(*key_id)?;
            item.span.key = Some(node.start..node.end);
            if entries.insert(key, item).is_some() && self.mode == Mode::Strict {
                return Err(duplicate(node));
            }
        }
        Ok(())
    }

    /// V3: a merge only adds keys that are not there, after all others.
    fn fill_v3(
        &mut self,
        entries: &mut Entries,
        pairs: &[(NodeId, NodeId)],
        text_keys: bool,
        merging: bool,
        depth: usize,
    ) -> Result<(), Fault> {
        self.refuse_duplicates(pairs)?;
        let mut merge = None;
        for (key_id, value_id) in pairs {
            if self.is_merge(*key_id)? {
                merge = Some(*value_id);
                continue;
            }
            let key = if text_keys {
                self.text_key(*key_id, depth + 1)?
            } else {
                Some(self.key(*key_id, depth + 1)?)
            };
            let Some(key) = key.filter(|key| !merging || !entries.contains_key(key)) else {
                continue;
            };
            let mut item = self.node(*value_id, depth + 1)?;
            let node = self.get(*key_id)?;
            item.span.key = Some(node.start..node.end);
            entries.insert(key, item);
        }
        let Some(merge) = merge else {
            return Ok(());
        };
        for merged in self.merged_maps(merge)? {
            self.merge(entries, merged, Some(text_keys), depth)?;
        }
        Ok(())
    }

    fn is_merge(&self, key: NodeId) -> Result<bool, Fault> {
        let node = self.get(key)?;
        Ok(match &node.kind {
            NodeKind::Scalar(text, style) => {
                resolve::is_merge(text, *style, node.tag.as_deref(), self.mode)
            }
            _ => false,
        })
    }

    /// The maps that stand after `<<`: a map, an alias of one, or a list of these.
    fn merged_maps(&self, value: NodeId) -> Result<Vec<NodeId>, Fault> {
        let ids = match &self.get(value)?.kind {
            NodeKind::Sequence(entries) => entries.clone(),
            _ => vec![value],
        };
        for id in &ids {
            let node = self.get(*id)?;
            let target = match &node.kind {
                NodeKind::Alias(_, target) => self.get(*target)?,
                _ => node,
            };
            if !matches!(target.kind, NodeKind::Mapping(_)) {
                return Err(Fault::new(
                    node.start,
                    "`<<` merges a map or a list of maps, found another value; put `<<` in quotes if it is a key",
                ));
            }
        }
        Ok(ids)
    }

    /// Adds a map to `entries`; `text_keys` is set in V3.
    fn merge(
        &mut self,
        entries: &mut Entries,
        id: NodeId,
        text_keys: Option<bool>,
        depth: usize,
    ) -> Result<(), Fault> {
        let node = self.get(id)?;
        self.count(node, depth + 1)?;
        match &node.kind {
            NodeKind::Alias(name, target) => {
                self.open_alias(id, node, name)?;
                self.merge(entries, *target, text_keys, depth + 1)?;
                self.open_aliases.remove(&id);
                Ok(())
            }
            NodeKind::Mapping(pairs) => match text_keys {
                Some(text_keys) => self.fill_v3(entries, pairs, text_keys, true, depth + 1),
                None => self.fill(entries, pairs, depth + 1),
            },
            _ => Ok(()),
        }
    }

    fn key(&mut self, id: NodeId, depth: usize) -> Result<Key, Fault> {
        let node = self.get(id)?;
        self.count(node, depth)?;
        match &node.kind {
            NodeKind::Scalar(text, style) => Ok(match self.resolve(node, text, *style)? {
                Scalar::Null => Key::Null,
                Scalar::Bool(bool) => Key::Bool(bool),
                Scalar::Int(int) => Key::Int(int),
                Scalar::UInt(int) => Key::UInt(int),
                Scalar::Float(float) if float.is_nan() => Key::NotANumber(id),
                Scalar::Float(float) => Key::Float(float.to_bits()),
                Scalar::Text(text) => Key::Text(text.into_owned()),
                Scalar::Date(_) => Key::Text(text.clone().into_owned()),
            }),
            NodeKind::Alias(name, target) => {
                self.open_alias(id, node, name)?;
                let key = self.key(*target, depth + 1)?;
                self.open_aliases.remove(&id);
                Ok(key)
            }
            NodeKind::Sequence(_) | NodeKind::Mapping(_) => Err(collection_key(node)),
        }
    }

    /// A key of a map whose own keys are all text; a null key is left out.
    fn text_key(&mut self, id: NodeId, depth: usize) -> Result<Option<Key>, Fault> {
        let mut node = self.get(id)?;
        if let NodeKind::Alias(_, target) = node.kind {
            node = self.get(target)?;
        }
        let written = match &node.kind {
            NodeKind::Scalar(text, _) => text.to_string(),
            _ => String::new(),
        };
        Ok(match self.key(id, depth)? {
            Key::Null => None,
            Key::Text(text) => Some(Key::Text(text)),
            _ => Some(Key::Text(written)),
        })
    }

    /// V3 compares keys as they are written.
    fn refuse_duplicates(&self, pairs: &[(NodeId, NodeId)]) -> Result<(), Fault> {
        let mut seen = HashSet::new();
        for (key, _) in pairs {
            let node = self.get(*key)?;
            let written = match &node.kind {
                NodeKind::Scalar(text, _) => (0, text.as_ref()),
                NodeKind::Alias(name, _) => (1, *name),
                NodeKind::Sequence(_) => (2, ""),
                NodeKind::Mapping(_) => (3, ""),
            };
            if !seen.insert(written) {
                return Err(duplicate(node));
            }
        }
        Ok(())
    }

    /// V3 gives JSON only for maps whose keys are all text as written: the first that is not.
    fn first_other_key(&self, pairs: &[(NodeId, NodeId)]) -> Result<Option<Fault>, Fault> {
        for (key, _) in pairs {
            let node = self.get(*key)?;
            if !self.is_text_key(node)? {
                return Ok(Some(Fault::new(
                    node.start,
                    "a key must be text, found another value; put the key in quotes",
                )));
            }
        }
        Ok(None)
    }

    fn is_text_key(&self, node: &Node<'_>) -> Result<bool, Fault> {
        Ok(match &node.kind {
            NodeKind::Alias(_, target) => {
                let target = self.get(*target)?;
                !matches!(target.kind, NodeKind::Alias(..)) && self.is_text_key(target)?
            }
            NodeKind::Scalar(text, style) => resolve::is_text(text, *style, node.tag.as_deref()),
            NodeKind::Sequence(_) | NodeKind::Mapping(_) => false,
        })
    }
}

impl Key {
    /// The key as text; nothing for null and for integers above `i64::MAX`.
    fn into_text(self) -> Option<String> {
        match self {
            Key::Null | Key::UInt(_) => None,
            Key::Bool(bool) => Some(bool.to_string()),
            Key::Int(int) => Some(int.to_string()),
            Key::Float(bits) => Some(resolve::float_key(f64::from_bits(bits))),
            Key::NotANumber(_) => Some(".nan".to_owned()),
            Key::Text(text) => Some(text),
        }
    }
}

fn duplicate(node: &Node<'_>) -> Fault {
    let name = match &node.kind {
        NodeKind::Scalar(text, _) => text,
        _ => "",
    };
    Fault::new(
        node.start,
        format!("the key `{name}` stands in this map twice; remove or rename one of the two"),
    )
}

fn collection_key(node: &Node<'_>) -> Fault {
    let message = match node.kind {
        NodeKind::Mapping(_) => {
            "a key must be text, found a map; if this is a template such as `{{ x }}`, put it in quotes: `\"{{ x }}\"`"
        }
        _ => "a key must be text, found a list; put the key in quotes",
    };
    Fault::new(node.start, message)
}
