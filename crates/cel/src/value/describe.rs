//! Values in words: their types, and as errors print them.

use std::fmt;

use super::Value;
use crate::{
    library::standard::{duration_text, timestamp_text},
    types::Type,
};

impl Value<'_> {
    /// The type, as `type(value)` gives it: elements and keys can be anything.
    #[must_use]
    pub fn type_of(&self) -> Type {
        match self {
            Value::Null => Type::Null,
            Value::Bool(_) => Type::Bool,
            Value::Int(_) => Type::Int,
            Value::UInt(_) => Type::UInt,
            Value::Double(_) => Type::Double,
            Value::String(_) => Type::String,
            Value::Bytes(_) => Type::Bytes,
            Value::List(_) => Type::list(Type::Dyn),
            Value::Map(_) => Type::map(Type::Dyn, Type::Dyn),
            Value::Struct(of) => Type::Struct(of.type_name.clone()),
            Value::Duration(_) => Type::Duration,
            Value::Timestamp(_) => Type::Timestamp,
            Value::Type(_) => Type::of(Type::Dyn),
            Value::Optional(_) => Type::optional(Type::Dyn),
            Value::Opaque(value) => value.type_of(),
        }
    }

    /// The name of the type, without parameters.
    #[must_use]
    pub fn runtime_type(&self) -> String {
        self.type_of().runtime_name().to_owned()
    }
}

/// The value as Go prints it in errors.
impl fmt::Display for Value<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => formatter.write_str("null"),
            Value::Bool(flag) => write!(formatter, "{flag}"),
            Value::Int(number) => write!(formatter, "{number}"),
            Value::UInt(number) => write!(formatter, "{number}"),
            Value::Double(number) => {
                formatter.write_str(&portcullis_values::gofloat::format_v(*number))
            }
            Value::String(text) => formatter.write_str(text),
            Value::Bytes(bytes) => formatter.write_str(&String::from_utf8_lossy(bytes)),
            Value::Duration(nanos) => formatter.write_str(&duration_text(*nanos)),
            Value::Timestamp(at) => formatter.write_str(&timestamp_text(*at)),
            Value::Type(of) => formatter.write_str(of.runtime_name()),
            Value::Opaque(value) => formatter.write_str(&value.to_text()),
            Value::Optional(None) => formatter.write_str("optional.none()"),
            Value::Optional(Some(value)) => write!(formatter, "optional({value})"),
            Value::List(_) | Value::Map(_) | Value::Struct(_) => {
                formatter.write_str(&self.runtime_type())
            }
        }
    }
}
