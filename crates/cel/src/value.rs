//! The values that expressions compute with.
//!
//! A value that stands in the request is borrowed from its `serde_json::Value`, a constant from the
//! compiled program, and what is computed is shared, so a clone never copies a list or a map.
//! Values are `Send` and `Sync`, so that a compiled program can hold them; it lends its constants
//! ([`Value::lend`]) instead of counting references, which would make threads wait for each other.

mod collection;
mod comparison;
mod describe;
mod json;

use std::{any::Any, borrow::Borrow, cmp::Ordering, collections::BTreeMap, fmt, sync::Arc};

use serde_json::Value as Json;

use crate::types::Type;

/// A value. It is 24 bytes long at most.
#[derive(Clone, Debug)]
pub enum Value<'a> {
    /// `null`
    Null,
    /// `bool`
    Bool(bool),
    /// `int`
    Int(i64),
    /// `uint`
    UInt(u64),
    /// `double`
    Double(f64),
    /// `string`
    String(Text<'a>),
    /// `bytes`
    Bytes(Bytes<'a>),
    /// `list`
    List(List<'a>),
    /// `map`
    Map(Map<'a>),
    /// A message that the expression built, such as `Object{}`.
    Struct(Arc<Struct<'a>>),
    /// `google.protobuf.Duration`, in nanoseconds
    Duration(i64),
    /// `google.protobuf.Timestamp`
    Timestamp(Timestamp),
    /// A type.
    Type(Arc<Type>),
    /// `optional_type`
    Optional(Option<Arc<Value<'a>>>),
    /// A value of a library's own type.
    Opaque(Arc<dyn Opaque>),
}

/// Text, borrowed or shared.
#[derive(Clone)]
pub enum Text<'a> {
    /// Borrowed from the request or from a compiled program.
    Borrowed(&'a str),
    /// Computed.
    Shared(Arc<str>),
}

/// Bytes, borrowed or shared.
#[derive(Clone, Debug)]
pub enum Bytes<'a> {
    /// Borrowed from a compiled program.
    Borrowed(&'a [u8]),
    /// Computed.
    Shared(Arc<[u8]>),
}

/// A list, borrowed or computed.
#[derive(Clone, Debug)]
pub enum List<'a> {
    /// Borrowed from the request.
    Json(&'a [Json]),
    /// Borrowed from a compiled program.
    Lent(&'a [Value<'a>]),
    /// Computed.
    Shared(Arc<[Value<'a>]>),
}

/// A map, borrowed or computed.
#[derive(Clone, Debug)]
pub enum Map<'a> {
    /// Borrowed from the request.
    Json(&'a serde_json::Map<String, Json>),
    /// Borrowed from a compiled program.
    Lent(&'a Entries<'a>),
    /// Computed.
    Shared(Arc<Entries<'a>>),
}

/// The entries of a computed map, in the order of their keys, each key once.
#[derive(Clone, Debug, Default)]
pub struct Entries<'a>(Vec<(Key<'a>, Value<'a>)>);

/// The key of a map.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key<'a> {
    /// A `bool`.
    Bool(bool),
    /// An `int`.
    Int(i64),
    /// A `uint`.
    UInt(u64),
    /// A `string`.
    String(Text<'a>),
    /// Anything else, which only a map of constants may have for a key.
    Constant(ConstantKey),
}

/// A key that nothing finds again: `null`, a fraction, a list.
#[derive(Clone, Debug)]
pub struct ConstantKey(Arc<Value<'static>>);

/// A message that the expression built.
#[derive(Clone, Debug)]
pub struct Struct<'a> {
    /// The name of its type, such as `Object.spec`.
    pub type_name: Arc<str>,
    /// The fields that were set.
    pub fields: BTreeMap<Text<'a>, Value<'a>>,
}

/// A point in time between the years 1 and 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    /// Seconds since 1970-01-01T00:00:00Z.
    pub seconds: i64,
    /// Nanoseconds of the second.
    pub nanos: u32,
}

/// A value of a library's own type, such as `kubernetes.Quantity`.
pub trait Opaque: fmt::Debug + Send + Sync {
    /// The type.
    fn type_of(&self) -> Type;
    /// Whether the other value, of any type, is the same.
    fn equals(&self, other: &dyn Opaque) -> bool;
    /// Whether `==` with a value of another type, `null` aside, is an error.
    fn equals_only_its_type(&self) -> bool {
        false
    }
    /// The value as text, as Go's `String()` writes it.
    fn to_text(&self) -> String;
    /// The value of a field, where the type has fields.
    fn field<'a>(&self, _name: &str) -> Option<Value<'a>> {
        None
    }
    /// Whether a field is set, which one that reads as a zero value may not be.
    fn has(&self, name: &str) -> bool {
        self.field(name).is_some()
    }
    /// Whether `type` tells the type.
    fn tells_type(&self) -> bool {
        true
    }
    /// For a library to find its own type again.
    fn as_any(&self) -> &dyn Any;
}

impl Text<'_> {
    /// The same text, borrowed from where it is kept.
    #[must_use]
    pub fn lend(&self) -> Text<'_> {
        Text::Borrowed(self)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Text::Borrowed(text) => text,
            Text::Shared(text) => text,
        }
    }
}

impl std::ops::Deref for Text<'_> {
    type Target = str;
    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl Borrow<str> for Text<'_> {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl std::hash::Hash for Text<'_> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl PartialEq for Text<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Text<'_> {}

impl PartialOrd for Text<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), formatter)
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Text::Borrowed(text)
    }
}

impl From<String> for Text<'_> {
    fn from(text: String) -> Self {
        Text::Shared(text.into())
    }
}

impl<'a> From<&'a Json> for Value<'a> {
    /// The value as Kubernetes' CEL reads JSON: a number is an `int` where it is a whole one that
    /// fits, and a `double` otherwise.
    fn from(json: &'a Json) -> Self {
        match json {
            Json::Null => Value::Null,
            Json::Bool(flag) => Value::Bool(*flag),
            Json::Number(number) => number
                .as_i64()
                .map(Value::Int)
                .unwrap_or_else(|| Value::Double(number.as_f64().unwrap_or_default())),
            Json::String(text) => Value::String(Text::Borrowed(text)),
            Json::Array(items) => Value::List(List::Json(items)),
            Json::Object(entries) => Value::Map(Map::Json(entries)),
        }
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Value::String(Text::Borrowed(text))
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Value::String(Text::from(text))
    }
}

impl From<bool> for Value<'_> {
    fn from(flag: bool) -> Self {
        Value::Bool(flag)
    }
}

impl<'a> Value<'a> {
    /// The same value, borrowed from where it is kept.
    #[must_use]
    pub fn lend(&'a self) -> Value<'a> {
        match self {
            Value::String(text) => Value::String(Text::Borrowed(text)),
            Value::Bytes(Bytes::Shared(bytes)) => Value::Bytes(Bytes::Borrowed(bytes)),
            Value::List(List::Shared(items)) => Value::List(List::Lent(items)),
            Value::Map(Map::Shared(entries)) => Value::Map(Map::Lent(entries)),
            other => other.clone(),
        }
    }

    /// A value of a library's own type.
    pub fn opaque(value: impl Opaque + 'static) -> Value<'a> {
        Value::Opaque(Arc::new(value))
    }

    /// The library's own value of type `T`, if this is one.
    #[must_use]
    pub fn downcast<T: 'static>(&self) -> Option<&T> {
        match self {
            Value::Opaque(value) => value.as_any().downcast_ref(),
            _ => None,
        }
    }
}
