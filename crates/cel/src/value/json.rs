//! Values as JSON.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map as JsonMap, Value as Json};

use super::{Key, Value};
use crate::library::standard::{duration_text, timestamp_text};

/// How many values JSON may hold; 64 bytes of text count as one.
const MOST: usize = 4_000_000;

/// How durations, types and keys that are no text are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// As text.
    Text,
    /// As Go's values are, or not at all.
    Native,
    /// As `google.protobuf.Value` has them, or not at all.
    Protobuf,
}

/// The largest whole number that every reader of JSON takes; cel-go writes others as text.
const LARGEST_NUMBER: u64 = (1 << 53) - 1;

fn without_json(key: &Key<'_>) -> String {
    match key {
        Key::Bool(_) => "type conversion error from bool to 'string'".to_owned(),
        other => {
            let of = other.to_value().runtime_type();
            format!("unsupported type conversion from '{of}' to string")
        }
    }
}

/// A number as Go writes it: one without a fraction is whole.
fn shortest(number: f64) -> Json {
    let whole = number as i64;
    match whole as f64 == number && whole != i64::MAX {
        true => whole.into(),
        false => number.into(),
    }
}

impl<'a> Value<'a> {
    /// The value as JSON: bytes in base64, times as text, an empty optional as null.
    ///
    /// # Errors
    /// The value is not finite, which JSON has no form for, or too large; the text says so.
    pub fn to_json(&self) -> Result<Json, String> {
        self.json_within(&mut { MOST }, Form::Text)
    }

    /// The value as Go marshals what Kyverno makes of it: keys are text, a duration is a number.
    ///
    /// # Errors
    /// As [`to_json`](Self::to_json), and where it holds a key or a type that Go's value cannot.
    pub fn to_native_json(&self) -> Result<Json, String> {
        self.json_within(&mut { MOST }, Form::Native)
    }

    /// The value as the API server puts it into a JSON patch, as a `google.protobuf.Value`: numbers that are too large for some
    /// readers are text, and one without a fraction is whole.
    ///
    /// # Errors
    /// As [`to_json`](Self::to_json), and where it holds a key or a type that there is not.
    pub fn to_protobuf_json(&self) -> Result<Json, String> {
        self.json_within(&mut { MOST }, Form::Protobuf)
    }

    fn json_within(&self, left: &mut usize, form: Form) -> Result<Json, String> {
        let own = match self {
            Value::String(text) => text.len() / 64,
            Value::Bytes(bytes) => bytes.len() / 64,
            _ => 0,
        };
        *left = left.saturating_sub(own + 1);
        if *left == 0 {
            return Err("the value is too large to be JSON".to_owned());
        }
        Ok(match self {
            Value::Null | Value::Optional(None) => Json::Null,
            Value::Bool(flag) => Json::Bool(*flag),
            Value::Int(number)
                if form == Form::Protobuf && number.unsigned_abs() > LARGEST_NUMBER =>
            {
                number.to_string().into()
            }
            Value::UInt(number) if form == Form::Protobuf && *number > LARGEST_NUMBER => {
                number.to_string().into()
            }
            Value::Int(number) => (*number).into(),
            Value::UInt(number) => (*number).into(),
            Value::Double(number) if form == Form::Protobuf && number.is_finite() => {
                shortest(*number)
            }
            Value::Double(number) => match serde_json::Number::from_f64(*number) {
                Some(number) => Json::Number(number),
                None => return Err(format!("json: unsupported value: {self}")),
            },
            Value::String(text) => text.as_str().into(),
            Value::Bytes(bytes) => STANDARD.encode(&**bytes).into(),
            Value::List(list) => Json::Array(
                list.iter()
                    .map(|item| item.json_within(left, form))
                    .collect::<Result<_, _>>()?,
            ),
            Value::Map(map) => {
                let mut fields = JsonMap::new();
                for (key, value) in map.iter() {
                    let key = match key {
                        Key::String(text) => text.as_str().to_owned(),
                        other if form == Form::Native => {
                            let problem = without_json(&other);
                            return Err(format!(
                                "json: failed to convert CEL map to native map: {problem}"
                            ));
                        }
                        other if form == Form::Protobuf => return Err(without_json(&other)),
                        other => other.to_value().to_string(),
                    };
                    fields.insert(key, value.json_within(left, form)?);
                }
                Json::Object(fields)
            }
            Value::Struct(of) => {
                let mut fields = JsonMap::new();
                for (name, value) in &of.fields {
                    fields.insert(name.as_str().to_owned(), value.json_within(left, form)?);
                }
                Json::Object(fields)
            }
            Value::Duration(nanos) if form == Form::Native => (*nanos).into(),
            Value::Duration(nanos) => duration_text(*nanos).into(),
            Value::Timestamp(at) => timestamp_text(*at).into(),
            Value::Type(_) if form == Form::Native => {
                return Err("json: type conversion not supported for 'type'".to_owned());
            }
            Value::Type(_) if form == Form::Protobuf => {
                return Err("type conversion not supported for 'type'".to_owned());
            }
            Value::Type(of) => of.runtime_name().into(),
            Value::Optional(Some(held)) => held.json_within(left, form)?,
            Value::Opaque(_) if form == Form::Protobuf => {
                let of = self.runtime_type().to_string();
                let name = of.rsplit('.').next().unwrap_or_default();
                return Err(format!(
                    "type conversion error from '{name}' to '*structpb.Value'"
                ));
            }
            Value::Opaque(value) => value.to_text().into(),
        })
    }

    /// A value from JSON that a function decoded: every number is a `double`.
    #[must_use]
    pub fn decoded(json: Json) -> Value<'a> {
        match json {
            Json::Number(number) => Value::Double(number.as_f64().unwrap_or_default()),
            Json::Array(items) => Value::List(items.into_iter().map(Value::decoded).collect()),
            Json::Object(fields) => Value::Map(
                fields
                    .into_iter()
                    .map(|(key, value)| (Key::String(key.into()), Value::decoded(value)))
                    .collect(),
            ),
            other => Value::from_json(other),
        }
    }
}
