//! Lists and maps, however they are kept.

use std::{cmp::Ordering, sync::Arc};

use serde_json::Value as Json;

use super::{Bytes, ConstantKey, Entries, Key, List, Map, Text, Value};

impl std::ops::Deref for Bytes<'_> {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        match self {
            Bytes::Borrowed(bytes) => bytes,
            Bytes::Shared(bytes) => bytes,
        }
    }
}

impl From<Vec<u8>> for Bytes<'_> {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::Shared(bytes.into())
    }
}

impl<'a> List<'a> {
    /// How many elements there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            List::Json(items) => items.len(),
            List::Lent(items) => items.len(),
            List::Shared(items) => items.len(),
        }
    }

    /// Whether there is no element.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The element at `index`.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Value<'a>> {
        match self {
            List::Json(items) => items.get(index).map(Value::from),
            List::Lent(items) => items.get(index).map(Value::lend),
            List::Shared(items) => items.get(index).cloned(),
        }
    }

    /// The elements in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Value<'a>> + '_ {
        (0..self.len()).filter_map(|index| self.get(index))
    }
}

impl<'a> FromIterator<Value<'a>> for List<'a> {
    fn from_iter<T: IntoIterator<Item = Value<'a>>>(items: T) -> Self {
        List::Shared(items.into_iter().collect())
    }
}

impl<'a> From<Vec<Value<'a>>> for List<'a> {
    fn from(items: Vec<Value<'a>>) -> Self {
        List::Shared(items.into())
    }
}

impl<'a> Key<'a> {
    /// The value as a key: text, numbers and booleans can be one. A whole `double` is the `int`
    /// that it equals.
    #[must_use]
    pub fn of(value: &Value<'a>) -> Option<Key<'a>> {
        match value {
            Value::Bool(flag) => Some(Key::Bool(*flag)),
            Value::Int(number) => Some(Key::Int(*number)),
            Value::UInt(number) => Some(Key::UInt(*number)),
            Value::String(text) => Some(Key::String(text.clone())),
            Value::Double(number) => whole(*number).map(Key::Int),
            _ => None,
        }
    }

    /// The value as the key of a map of constants, which can be anything: cel-go computes such a map
    /// before it looks at its keys.
    pub(crate) fn of_constant(value: &Value<'static>) -> Key<'static> {
        match value {
            Value::Double(_) => Key::Constant(ConstantKey(Arc::new(value.clone()))),
            value => Key::of(value)
                .unwrap_or_else(|| Key::Constant(ConstantKey(Arc::new(value.clone())))),
        }
    }

    /// The key as a value.
    #[must_use]
    pub fn to_value(&self) -> Value<'a> {
        match self {
            Key::Constant(ConstantKey(value)) => (**value).clone(),
            Key::Bool(flag) => Value::Bool(*flag),
            Key::Int(number) => Value::Int(*number),
            Key::UInt(number) => Value::UInt(*number),
            Key::String(text) => Value::String(text.clone()),
        }
    }

    /// The order of keys: by type, then by value. Unlike `Ord`, it compares keys of any lifetimes.
    fn compare(&self, other: &Key<'_>) -> Ordering {
        match (self, other) {
            (Key::Bool(left), Key::Bool(right)) => left.cmp(right),
            (Key::Int(left), Key::Int(right)) => left.cmp(right),
            (Key::UInt(left), Key::UInt(right)) => left.cmp(right),
            (Key::String(left), Key::String(right)) => left.as_str().cmp(right.as_str()),
            (Key::Constant(left), Key::Constant(right)) => left.cmp(right),
            _ => self.rank().cmp(&other.rank()),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Key::Bool(_) => 0,
            Key::Int(_) => 1,
            Key::UInt(_) => 2,
            Key::String(_) => 3,
            Key::Constant(_) => 4,
        }
    }

    /// The same number as a key of the other integer type.
    fn other_integer(&self) -> Option<Key<'static>> {
        match self {
            Key::Int(number) => u64::try_from(*number).ok().map(Key::UInt),
            Key::UInt(number) => i64::try_from(*number).ok().map(Key::Int),
            Key::Bool(_) | Key::String(_) | Key::Constant(_) => None,
        }
    }
}

impl ConstantKey {
    /// What tells keys apart.
    fn written(&self) -> (String, String) {
        (self.0.runtime_type(), self.0.to_string())
    }
}

impl PartialEq for ConstantKey {
    fn eq(&self, other: &ConstantKey) -> bool {
        self.written() == other.written()
    }
}

impl Eq for ConstantKey {}

impl PartialOrd for ConstantKey {
    fn partial_cmp(&self, other: &ConstantKey) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ConstantKey {
    fn cmp(&self, other: &ConstantKey) -> Ordering {
        self.written().cmp(&other.written())
    }
}

/// The integer that a double equals.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "what is cut off is found by the comparison"
)]
fn whole(number: f64) -> Option<i64> {
    let cut = number as i64;
    (cut as f64 == number && cut != i64::MAX).then_some(cut)
}

impl<'a> Entries<'a> {
    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value at exactly this key.
    #[must_use]
    pub fn get(&self, key: &Key<'_>) -> Option<&Value<'a>> {
        let found = self.0.binary_search_by(|(own, _)| own.compare(key)).ok()?;
        self.0.get(found).map(|(_, value)| value)
    }

    /// The entries in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&Key<'a>, &Value<'a>)> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    /// Puts a value at a key; what was there is lost.
    pub fn insert(&mut self, key: Key<'a>, value: Value<'a>) {
        match self.0.binary_search_by(|(own, _)| own.compare(&key)) {
            Ok(found) => {
                if let Some(entry) = self.0.get_mut(found) {
                    entry.1 = value;
                }
            }
            Err(place) => self.0.insert(place, (key, value)),
        }
    }
}

impl<'a> FromIterator<(Key<'a>, Value<'a>)> for Entries<'a> {
    /// Of several values at one key, the last one stays.
    fn from_iter<T: IntoIterator<Item = (Key<'a>, Value<'a>)>>(entries: T) -> Self {
        let mut entries: Vec<_> = entries.into_iter().collect();
        entries.reverse();
        entries.sort_by(|(left, _), (right, _)| left.compare(right));
        entries.dedup_by(|(later, _), (kept, _)| later.compare(kept).is_eq());
        Entries(entries)
    }
}

impl<'a> Map<'a> {
    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Map::Json(entries) => entries.len(),
            Map::Lent(entries) => entries.len(),
            Map::Shared(entries) => entries.len(),
        }
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value at a key that is text.
    #[must_use]
    pub fn field(&self, key: &str) -> Option<Value<'a>> {
        match self {
            Map::Json(entries) => entries.get(key).map(Value::from),
            Map::Lent(entries) => entries.get(&Key::String(key.into())).map(Value::lend),
            Map::Shared(entries) => entries.get(&Key::String(key.into())).cloned(),
        }
    }

    /// The value at a key. Numbers are equal across their types.
    #[must_use]
    pub fn get(&self, key: &Key<'_>) -> Option<Value<'a>> {
        self.find(key).or_else(|| self.find(&key.other_integer()?))
    }

    fn find(&self, key: &Key<'_>) -> Option<Value<'a>> {
        match self {
            Map::Json(entries) => match key {
                Key::String(text) => entries.get(text.as_str()).map(Value::from),
                _ => None,
            },
            Map::Lent(entries) => entries.get(key).map(Value::lend),
            Map::Shared(entries) => entries.get(key).cloned(),
        }
    }

    /// The entries in the order of their keys.
    pub fn iter(&self) -> Box<dyn Iterator<Item = (Key<'a>, Value<'a>)> + '_> {
        match self {
            Map::Json(entries) => Box::new(
                entries
                    .iter()
                    .map(|(key, value)| (Key::String(Text::Borrowed(key)), Value::from(value))),
            ),
            Map::Lent(entries) => Box::new(
                entries
                    .iter()
                    .map(|(key, value)| (key.clone(), value.lend())),
            ),
            Map::Shared(entries) => Box::new(
                entries
                    .iter()
                    .map(|(key, value)| (key.clone(), value.clone())),
            ),
        }
    }
}

impl<'a> FromIterator<(Key<'a>, Value<'a>)> for Map<'a> {
    fn from_iter<T: IntoIterator<Item = (Key<'a>, Value<'a>)>>(entries: T) -> Self {
        Map::Shared(Arc::new(entries.into_iter().collect()))
    }
}

impl<'a> Value<'a> {
    /// A computed value that borrows nothing, from JSON as Kubernetes' CEL reads it.
    #[must_use]
    pub fn from_json(json: Json) -> Value<'a> {
        match json {
            Json::String(text) => Value::from(text),
            Json::Array(items) => Value::List(items.into_iter().map(Value::from_json).collect()),
            Json::Object(entries) => Value::Map(
                entries
                    .into_iter()
                    .map(|(key, value)| (Key::String(key.into()), Value::from_json(value)))
                    .collect(),
            ),
            Json::Null => Value::Null,
            Json::Bool(flag) => Value::Bool(flag),
            Json::Number(number) => number
                .as_i64()
                .map(Value::Int)
                .unwrap_or_else(|| Value::Double(number.as_f64().unwrap_or_default())),
        }
    }
}
