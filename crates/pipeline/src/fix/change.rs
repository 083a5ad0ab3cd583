//! A change to a document, and what it makes of the document's value.
//!
//! The text is changed on its own ([`super::edit`]); that both agree is what makes a change safe.

use serde_json::{Map, Value};

/// One change; places are JSON pointers.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Change {
    /// A key of a map gets another name.
    Rename {
        map: String,
        from: String,
        to: &'static str,
    },
    /// A scalar gets another text.
    Replace { at: String, text: String },
    /// A map gets a further entry, in front, with the value that stands at `from`.
    Copy {
        map: String,
        key: &'static str,
        from: String,
    },
    /// A map gets a further entry, in front, with a plain text as its value.
    Insert {
        map: String,
        key: &'static str,
        text: &'static str,
    },
    /// An entry of a map goes away.
    Remove { at: String },
    /// A value becomes the only thing in a new collection.
    Wrap { at: String, into: Wrapping },
    /// An entry with a scalar moves into a new map: `key: x` becomes `map: {inner: x}`.
    Nest {
        at: String,
        map: &'static str,
        inner: &'static str,
    },
}

/// What a value is wrapped in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrapping {
    /// `[x]`
    List,
    /// `{any: [x]}`
    AnyOf,
    /// `{all: x}`
    All,
}

impl Change {
    /// Makes the change to a value; none where the value has nothing at a place that is named.
    pub(super) fn apply(&self, document: &mut Value) -> Option<()> {
        match self {
            Change::Rename { map, from, to } => {
                let map = object(document, map)?;
                let value = map.remove(from)?;
                insert(map, to, value)
            }
            Change::Replace { at, text } => {
                *document.pointer_mut(at)? = Value::String(text.clone());
                Some(())
            }
            Change::Copy { map, key, from } => {
                let value = document.pointer(from)?.clone();
                insert(object(document, map)?, key, value)
            }
            Change::Insert { map, key, text } => insert(
                object(document, map)?,
                key,
                Value::String((*text).to_owned()),
            ),
            Change::Remove { at } => {
                let (map, key) = parent(at)?;
                object(document, map)?.remove(key).map(|_| ())
            }
            Change::Wrap { at, into } => {
                let place = document.pointer_mut(at)?;
                let value = place.take();
                *place = match into {
                    Wrapping::List => Value::Array(vec![value]),
                    Wrapping::AnyOf => single("any", Value::Array(vec![value])),
                    Wrapping::All => single("all", value),
                };
                Some(())
            }
            Change::Nest {
                at,
                map: outer,
                inner,
            } => {
                let (map, key) = parent(at)?;
                let map = object(document, map)?;
                let value = map.remove(key)?;
                insert(map, outer, single(inner, value))
            }
        }
    }
}

/// The map and the key of a pointer to an entry.
pub(super) fn parent(pointer: &str) -> Option<(&str, &str)> {
    pointer.rsplit_once('/')
}

fn object<'d>(document: &'d mut Value, pointer: &str) -> Option<&'d mut Map<String, Value>> {
    document.pointer_mut(pointer)?.as_object_mut()
}

/// An entry that is there already is not written over.
fn insert(map: &mut Map<String, Value>, key: &str, value: Value) -> Option<()> {
    if map.contains_key(key) {
        return None;
    }
    map.insert(key.to_owned(), value);
    Some(())
}

fn single(key: &str, value: Value) -> Value {
    Value::Object(Map::from_iter([(key.to_owned(), value)]))
}
