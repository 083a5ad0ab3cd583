//! Messages of protocol buffers that are values of the language: `google.protobuf.Int64Value{value:
//! 5}` is `5`, and `google.protobuf.Struct{}` is a map.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    error::{EvalError, Evaluated},
    types::Type,
    value::{Bytes, Entries, List, Map, Text, Value},
};

/// A message that is a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WellKnown {
    Bool,
    Bytes,
    Double,
    Float,
    Int32,
    Int64,
    String,
    UInt32,
    UInt64,
    Struct,
    List,
    Value,
}

/// The type of the value that a message is, of which the name alone says nothing when a program runs.
pub(crate) fn type_of(message: &str) -> Option<Type> {
    match message {
        "google.protobuf.Any" => Some(Type::Any),
        _ => WellKnown::of(message).map(WellKnown::type_of),
    }
}

impl WellKnown {
    /// The message of a name.
    pub(crate) fn of(name: &str) -> Option<WellKnown> {
        Some(match name.strip_prefix("google.protobuf.")? {
            "BoolValue" => WellKnown::Bool,
            "BytesValue" => WellKnown::Bytes,
            "DoubleValue" => WellKnown::Double,
            "FloatValue" => WellKnown::Float,
            "Int32Value" => WellKnown::Int32,
            "Int64Value" => WellKnown::Int64,
            "StringValue" => WellKnown::String,
            "UInt32Value" => WellKnown::UInt32,
            "UInt64Value" => WellKnown::UInt64,
            "Struct" => WellKnown::Struct,
            "ListValue" => WellKnown::List,
            "Value" => WellKnown::Value,
            _ => return None,
        })
    }

    /// The type of a field.
    pub(crate) fn field(self, name: &str) -> Option<Type> {
        Some(match (self, name) {
            (WellKnown::Struct, "fields") | (WellKnown::Value, "struct_value") => {
                Type::map(Type::String, Type::Dyn)
            }
            (WellKnown::List, "values") | (WellKnown::Value, "list_value") => Type::list(Type::Dyn),
            (WellKnown::Value, "null_value") => Type::Null,
            (WellKnown::Value, "bool_value") => Type::Bool,
            (WellKnown::Value, "number_value") => Type::Double,
            (WellKnown::Value, "string_value") => Type::String,
            (of, "value") => of.scalar()?,
            _ => return None,
        })
    }

    /// The type of the value that the message is.
    pub(crate) fn type_of(self) -> Type {
        match self {
            WellKnown::Struct => Type::map(Type::String, Type::Dyn),
            WellKnown::List => Type::list(Type::Dyn),
            WellKnown::Value => Type::Dyn,
            other => Type::Wrapper(Arc::new(other.scalar().unwrap_or(Type::Dyn))),
        }
    }

    fn scalar(self) -> Option<Type> {
        Some(match self {
            WellKnown::Bool => Type::Bool,
            WellKnown::Bytes => Type::Bytes,
            WellKnown::Double | WellKnown::Float => Type::Double,
            WellKnown::Int32 | WellKnown::Int64 => Type::Int,
            WellKnown::String => Type::String,
            WellKnown::UInt32 | WellKnown::UInt64 => Type::UInt,
            WellKnown::Struct | WellKnown::List | WellKnown::Value => return None,
        })
    }

    /// The value of the message with its fields; what is not set is zero.
    pub(crate) fn value<'a>(self, fields: BTreeMap<Text<'a>, Value<'a>>) -> Evaluated<'a> {
        let written = fields.into_values().next();
        match written {
            Some(value) => self.checked(value),
            None => Ok(self.zero()),
        }
    }

    fn zero<'a>(self) -> Value<'a> {
        match self {
            WellKnown::Bool => Value::Bool(false),
            WellKnown::Bytes => Value::Bytes(Bytes::from(Vec::new())),
            WellKnown::Double | WellKnown::Float => Value::Double(0.0),
            WellKnown::Int32 | WellKnown::Int64 => Value::Int(0),
            WellKnown::String => Value::from(String::new()),
            WellKnown::UInt32 | WellKnown::UInt64 => Value::UInt(0),
            WellKnown::Struct => Value::Map(Map::Shared(Arc::new(Entries::default()))),
            WellKnown::List => Value::List(List::from(Vec::new())),
            WellKnown::Value => Value::Null,
        }
    }

    /// A field's value, which must be of its type and fit into it.
    fn checked(self, value: Value<'_>) -> Evaluated<'_> {
        let is_out_of_range = match (self, &value) {
            (WellKnown::Int32, Value::Int(number)) => i32::try_from(*number).is_err(),
            (WellKnown::UInt32, Value::UInt(number)) => u32::try_from(*number).is_err(),
            (WellKnown::Float, Value::Double(number)) => return Ok(Value::Double(single(*number))),
            (WellKnown::Value, Value::Int(_) | Value::UInt(_)) => true,
            (WellKnown::Value, _) => false,
            (of, value) if value.runtime_type() == of.zero().runtime_type() => false,
            (_, value) => {
                let of = value.runtime_type();
                let problem = format!("unsupported field type for google.protobuf value: {of}");
                return Err(EvalError::new(problem).into());
            }
        };
        match is_out_of_range {
            true => Err(EvalError::new("range error converting to a 32-bit number").into()),
            false => Ok(value),
        }
    }
}

/// A number with the precision of a `float`.
#[expect(
    clippy::cast_possible_truncation,
    reason = "to cut the number off is what a `float` does"
)]
fn single(number: f64) -> f64 {
    f64::from(number as f32)
}
