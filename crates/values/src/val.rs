//! `Val<'a>`: a borrowed view of a JSON value, or a computed one.
//!
//! Every language of the product evaluates on this type. A value that stands in the request is
//! borrowed from its `serde_json::Value`; a computed value owns its parts behind an `Rc`, so a
//! clone never copies a list or a map. Maps iterate in key order.

use std::{borrow::Borrow, cmp::Ordering, collections::BTreeMap, fmt, rc::Rc};

use serde_json::Value;

/// A JSON value, or one of the values that only a policy language has.
#[derive(Clone, Debug, Default)]
pub enum Val<'a> {
    /// JSON null.
    #[default]
    Null,
    /// JSON true or false.
    Bool(bool),
    /// An integer that fits an `i64`.
    Int(i64),
    /// An integer above `i64::MAX`.
    UInt(u64),
    /// Any other number.
    Double(f64),
    /// Text.
    Str(Str<'a>),
    /// Bytes, which only CEL has.
    Bytes(Rc<[u8]>),
    /// A list.
    List(List<'a>),
    /// A map with text keys.
    Map(Map<'a>),
    /// A value of a language's own type, such as a duration or a Go `int64`.
    Opaque(Rc<dyn Opaque>),
}

/// A value of a language's own type.
pub trait Opaque: fmt::Debug {
    /// The type's name as the language prints it.
    fn type_name(&self) -> &'static str;
    /// The value as JSON.
    fn to_json(&self) -> Value;
    /// For a language to find its own type again.
    fn as_any(&self) -> &dyn std::any::Any;
}

/// Text, borrowed or shared.
#[derive(Clone)]
pub enum Str<'a> {
    /// Borrowed from the request or from a compiled policy.
    Borrowed(&'a str),
    /// Computed.
    Shared(Rc<str>),
}

/// A list, borrowed or computed.
#[derive(Clone, Debug)]
pub enum List<'a> {
    /// Borrowed from the request or from a compiled policy.
    Borrowed(&'a [Value]),
    /// Computed.
    Shared(Rc<[Val<'a>]>),
}

/// A map, borrowed or computed.
#[derive(Clone, Debug)]
pub enum Map<'a> {
    /// Borrowed from the request or from a compiled policy.
    Borrowed(&'a serde_json::Map<String, Value>),
    /// Computed.
    Shared(Rc<BTreeMap<Str<'a>, Val<'a>>>),
}

impl Str<'_> {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Str::Borrowed(text) => text,
            Str::Shared(text) => text,
        }
    }
}

impl Borrow<str> for Str<'_> {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl std::ops::Deref for Str<'_> {
    type Target = str;
    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq for Str<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Str<'_> {}

impl PartialOrd for Str<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Str<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl fmt::Debug for Str<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), formatter)
    }
}

impl<'a> From<&'a str> for Str<'a> {
    fn from(text: &'a str) -> Self {
        Str::Borrowed(text)
    }
}

impl From<String> for Str<'_> {
    fn from(text: String) -> Self {
        Str::Shared(text.into())
    }
}

impl<'a> List<'a> {
    /// How many items there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            List::Borrowed(items) => items.len(),
            List::Shared(items) => items.len(),
        }
    }

    /// Whether there is no item.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The item at `index`.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Val<'a>> {
        match self {
            List::Borrowed(items) => items.get(index).map(Val::from),
            List::Shared(items) => items.get(index).cloned(),
        }
    }

    /// The items in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Val<'a>> + '_ {
        (0..self.len()).filter_map(|index| self.get(index))
    }
}

impl<'a> FromIterator<Val<'a>> for List<'a> {
    fn from_iter<T: IntoIterator<Item = Val<'a>>>(items: T) -> Self {
        List::Shared(items.into_iter().collect())
    }
}

impl<'a> Map<'a> {
    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Map::Borrowed(entries) => entries.len(),
            Map::Shared(entries) => entries.len(),
        }
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value at `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Val<'a>> {
        match self {
            Map::Borrowed(entries) => entries.get(key).map(Val::from),
            Map::Shared(entries) => entries.get(key).cloned(),
        }
    }

    /// The entries in key order.
    pub fn iter(&self) -> Box<dyn Iterator<Item = (Str<'a>, Val<'a>)> + '_> {
        match self {
            Map::Borrowed(entries) => Box::new(
                entries
                    .iter()
                    .map(|(key, value)| (Str::Borrowed(key.as_str()), Val::from(value))),
            ),
            Map::Shared(entries) => Box::new(
                entries
                    .iter()
                    .map(|(key, value)| (key.clone(), value.clone())),
            ),
        }
    }
}

impl<'a> FromIterator<(Str<'a>, Val<'a>)> for Map<'a> {
    fn from_iter<T: IntoIterator<Item = (Str<'a>, Val<'a>)>>(entries: T) -> Self {
        Map::Shared(Rc::new(entries.into_iter().collect()))
    }
}

impl<'a> From<&'a Value> for Val<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Null => Val::Null,
            Value::Bool(flag) => Val::Bool(*flag),
            Value::Number(number) => number
                .as_i64()
                .map(Val::Int)
                .or_else(|| number.as_u64().map(Val::UInt))
                .unwrap_or_else(|| Val::Double(number.as_f64().unwrap_or_default())),
            Value::String(text) => Val::Str(Str::Borrowed(text)),
            Value::Array(items) => Val::List(List::Borrowed(items)),
            Value::Object(entries) => Val::Map(Map::Borrowed(entries)),
        }
    }
}

impl<'a> From<&'a str> for Val<'a> {
    fn from(text: &'a str) -> Self {
        Val::Str(Str::Borrowed(text))
    }
}

impl From<String> for Val<'_> {
    fn from(text: String) -> Self {
        Val::Str(Str::from(text))
    }
}

impl From<bool> for Val<'_> {
    fn from(flag: bool) -> Self {
        Val::Bool(flag)
    }
}

impl<'a> Val<'a> {
    /// A computed value that borrows nothing.
    #[must_use]
    pub fn from_owned(value: Value) -> Val<'a> {
        match value {
            Value::String(text) => Val::from(text),
            Value::Array(items) => Val::List(items.into_iter().map(Val::from_owned).collect()),
            Value::Object(entries) => Val::Map(
                entries
                    .into_iter()
                    .map(|(key, value)| (Str::from(key), Val::from_owned(value)))
                    .collect(),
            ),
            Value::Null => Val::Null,
            Value::Bool(flag) => Val::Bool(flag),
            Value::Number(number) => number
                .as_i64()
                .map(Val::Int)
                .or_else(|| number.as_u64().map(Val::UInt))
                .unwrap_or_else(|| Val::Double(number.as_f64().unwrap_or_default())),
        }
    }

    /// The text, if this is text.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Val::Str(text) => Some(text.as_str()),
            _ => None,
        }
    }

    /// Whether this is null.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Val::Null)
    }

    /// The value as JSON. Bytes become base64 text only in CEL's own conversion; here they become
    /// a list of numbers. A number without a JSON form becomes null.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Val::Null => Value::Null,
            Val::Bool(flag) => Value::Bool(*flag),
            Val::Int(number) => Value::from(*number),
            Val::UInt(number) => Value::from(*number),
            Val::Double(number) => Value::from(*number),
            Val::Str(text) => Value::from(text.as_str()),
            Val::Bytes(bytes) => Value::from(bytes.to_vec()),
            Val::List(List::Borrowed(items)) => Value::from(items.to_vec()),
            Val::List(list) => list.iter().map(|item| item.to_json()).collect(),
            Val::Map(Map::Borrowed(entries)) => Value::Object((*entries).clone()),
            Val::Map(map) => Value::Object(
                map.iter()
                    .map(|(key, value)| (key.as_str().to_owned(), value.to_json()))
                    .collect(),
            ),
            Val::Opaque(value) => value.to_json(),
        }
    }
}
