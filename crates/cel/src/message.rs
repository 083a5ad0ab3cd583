//! Messages that a library brings: the fields that they have, and how a value of them is read from
//! JSON.
//!
//! A message behaves as in protocol buffers: a field that is not set reads as the zero value of its
//! type, and `has` says whether it is set.

use std::{any::Any, collections::BTreeMap};

use base64::{
    Engine,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde_json::Value as Json;

use crate::{
    declaration::type_of,
    library::standard::parse_timestamp,
    types::{Type, TypeProvider},
    value::{Bytes, Key, List, Map, Opaque, Timestamp, Value},
};

/// A message: its name, and its fields with their types as signatures write them. A field of a
/// message is named as in CEL, in snake case for protocol buffers.
pub type Description = (&'static str, &'static [(&'static str, &'static str)]);

/// How the fields are named in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// As protocol buffers name them, in snake case or in camel case; another one is an error.
    Protobuf,
    /// As Go's `encoding/json` reads them, in any case; others are left out.
    Go,
}

/// The messages of a library.
#[derive(Clone, Copy, Debug)]
pub struct Messages(pub &'static [Description]);

impl Messages {
    fn fields(self, message: &str) -> Option<&'static [(&'static str, &'static str)]> {
        let found = self.0.iter().find(|(name, _)| *name == message);
        found.map(|(_, fields)| *fields)
    }

    /// A value of a message from JSON.
    ///
    /// # Errors
    /// What does not fit, with its path.
    pub fn read(
        self,
        message: &str,
        json: &Json,
        naming: Naming,
    ) -> Result<Value<'static>, String> {
        let Some((name, fields)) = self.0.iter().find(|(name, _)| *name == message) else {
            return Err(format!("no message `{message}`"));
        };
        let reader = Reader {
            messages: self,
            naming,
        };
        reader.message(name, fields, json, "")
    }
}

impl TypeProvider for Messages {
    fn has_message(&self, name: &str) -> bool {
        self.fields(name).is_some()
    }

    fn field(&self, message: &str, field: &str) -> Option<Type> {
        let mut fields = self.fields(message)?.iter();
        let (_, written) = fields.find(|(name, _)| *name == field)?;
        type_of(written)
    }

    fn field_names(&self, message: &str) -> Vec<String> {
        let fields = self.fields(message).unwrap_or_default().iter();
        fields.map(|(name, _)| (*name).to_owned()).collect()
    }
}

/// A message as a value.
#[derive(Debug)]
struct Message {
    messages: Messages,
    name: &'static str,
    fields: BTreeMap<&'static str, Value<'static>>,
}

impl Opaque for Message {
    fn type_of(&self) -> Type {
        Type::message(self.name)
    }

    fn equals(&self, other: &dyn Opaque) -> bool {
        let other = other.as_any().downcast_ref::<Message>();
        other.is_some_and(|other| {
            let same =
                |(name, value): (&&str, &Value<'static>)| other.fields.get(name) == Some(value);
            self.name == other.name
                && self.fields.len() == other.fields.len()
                && self.fields.iter().all(same)
        })
    }

    fn to_text(&self) -> String {
        self.name.to_owned()
    }

    fn field<'a>(&self, name: &str) -> Option<Value<'a>> {
        if let Some(value) = self.fields.get(name) {
            return Some(value.clone());
        }
        let of = self.messages.field(self.name, name)?;
        Some(zero(self.messages, &of))
    }

    fn has(&self, name: &str) -> bool {
        self.fields.contains_key(name)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// What a field reads as that is not set.
fn zero<'a>(messages: Messages, of: &Type) -> Value<'a> {
    match of {
        Type::String => Value::from(""),
        Type::Int => Value::Int(0),
        Type::UInt => Value::UInt(0),
        Type::Double => Value::Double(0.0),
        Type::Bool => Value::Bool(false),
        Type::Bytes => Value::Bytes(Bytes::Borrowed(&[])),
        Type::Timestamp => Value::Timestamp(Timestamp {
            seconds: 0,
            nanos: 0,
        }),
        Type::List(_) => Value::List(List::from_iter([])),
        Type::Map(..) => Value::Map(Map::from_iter([])),
        Type::Struct(name) => match messages.0.iter().find(|(known, _)| **known == **name) {
            Some((name, _)) => Value::opaque(Message {
                messages,
                name,
                fields: BTreeMap::new(),
            }),
            None => Value::Null,
        },
        _ => Value::Null,
    }
}

struct Reader {
    messages: Messages,
    naming: Naming,
}

type Read = Result<Value<'static>, String>;

impl Reader {
    fn message(
        &self,
        name: &'static str,
        fields: &'static [(&'static str, &'static str)],
        json: &Json,
        path: &str,
    ) -> Read {
        let Json::Object(entries) = json else {
            return Err(expected(path, "an object", json));
        };
        let mut values = BTreeMap::new();
        for (key, value) in entries {
            let path = join(path, key);
            let known = fields.iter().find(|(field, _)| self.is_named(field, key));
            match known {
                // Null is as good as nothing.
                Some(_) if value.is_null() => {}
                Some((field, written)) => {
                    let of = type_of(written).unwrap_or(Type::Dyn);
                    values.insert(*field, self.value(&of, value, &path)?);
                }
                None if self.naming == Naming::Go => {}
                None => return Err(format!("`{path}`: `{name}` has no such field")),
            }
        }
        Ok(Value::opaque(Message {
            messages: self.messages,
            name,
            fields: values,
        }))
    }

    fn is_named(&self, field: &str, key: &str) -> bool {
        match self.naming {
            Naming::Go => field.eq_ignore_ascii_case(key),
            Naming::Protobuf => field == key || camel_case(field) == key,
        }
    }

    fn value(&self, of: &Type, json: &Json, path: &str) -> Read {
        let wrong = |what| Err(expected(path, what, json));
        Ok(match (of, json) {
            (Type::String, Json::String(text)) => Value::from(text.clone()),
            (Type::String, _) => return wrong("text"),
            (Type::Bool, Json::Bool(flag)) => Value::Bool(*flag),
            (Type::Bool, _) => return wrong("true or false"),
            (Type::Int, _) => match whole(json) {
                Some(number) => Value::Int(number),
                None => return wrong("a whole number"),
            },
            (Type::Double, Json::Number(number)) => {
                Value::Double(number.as_f64().unwrap_or_default())
            }
            (Type::Double, _) => return wrong("a number"),
            (Type::Bytes, Json::String(text)) => match bytes(text) {
                Some(bytes) => Value::Bytes(Bytes::Shared(bytes.into())),
                None => return wrong("base64"),
            },
            (Type::Bytes, _) => return wrong("base64"),
            (Type::Timestamp, Json::String(text)) => match parse_timestamp(text) {
                Some(time) => Value::Timestamp(time),
                None => return wrong("a time"),
            },
            (Type::Timestamp, _) => return wrong("a time"),
            (Type::List(of), Json::Array(items)) => {
                let items = items.iter().enumerate();
                let items = items.map(|(at, item)| self.value(of, item, &format!("{path}[{at}]")));
                Value::List(List::from_iter(items.collect::<Result<Vec<_>, _>>()?))
            }
            (Type::List(_), _) => return wrong("a list"),
            (Type::Map(_, of), Json::Object(entries)) => {
                let entries = entries.iter().map(|(key, value)| {
                    let value = self.value(of, value, &join(path, key))?;
                    Ok((Key::String(key.clone().into()), value))
                });
                Value::Map(Map::from_iter(entries.collect::<Result<Vec<_>, String>>()?))
            }
            (Type::Map(..), _) => return wrong("an object"),
            (Type::Struct(name), _) => {
                let known = self.messages.0.iter().find(|(known, _)| **known == **name);
                let Some((name, fields)) = known else {
                    return Ok(Value::decoded(json.clone()));
                };
                self.message(name, fields, json, path)?
            }
            _ => Value::decoded(json.clone()),
        })
    }
}

fn expected(path: &str, what: &str, found: &Json) -> String {
    let found = match found {
        Json::Null => "null",
        Json::Bool(_) => "a truth value",
        Json::Number(_) => "a number",
        Json::String(_) => "text",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    };
    match path {
        "" => format!("expected {what}, found {found}"),
        path => format!("`{path}`: expected {what}, found {found}"),
    }
}

fn join(path: &str, key: &str) -> String {
    match path {
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    }
}

/// `context_extensions` as `contextExtensions`.
fn camel_case(field: &str) -> String {
    let mut words = field.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| {
        let mut letters = word.chars();
        let capital = letters.next().map(|letter| letter.to_ascii_uppercase());
        name + &capital.into_iter().chain(letters).collect::<String>()
    })
}

/// A number of 64 bits, which protocol buffers write as text.
fn whole(json: &Json) -> Option<i64> {
    match json {
        Json::String(text) => text.parse().ok(),
        Json::Number(number) => number.as_i64(),
        _ => None,
    }
}

/// Bytes from base64 in either alphabet, with or without padding.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let lenient = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let alphabet = if text.contains(['-', '_']) {
        &URL_SAFE
    } else {
        &STANDARD
    };
    GeneralPurpose::new(alphabet, lenient).decode(text).ok()
}
