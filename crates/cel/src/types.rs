//! The types that the checker works with.

use std::{fmt, sync::Arc};

/// A type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// Any type at all, decided when the expression is evaluated.
    Dyn,
    /// What an expression has that does not check: it agrees with everything and reports nothing.
    Error,
    /// `null_type`
    Null,
    /// `bool`
    Bool,
    /// `int`
    Int,
    /// `uint`
    UInt,
    /// `double`
    Double,
    /// `string`
    String,
    /// `bytes`
    Bytes,
    /// `google.protobuf.Duration`
    Duration,
    /// `google.protobuf.Timestamp`
    Timestamp,
    /// `google.protobuf.Any`
    Any,
    /// `wrapper(int)` and its kind: the type, or null.
    Wrapper(Arc<Type>),
    /// `list(T)`
    List(Arc<Type>),
    /// `map(K, V)`
    Map(Arc<Type>, Arc<Type>),
    /// The type of a type: `type(T)`.
    Type(Arc<Type>),
    /// A type parameter of a declaration, such as the `T` of `list(T)`.
    Param(Arc<str>),
    /// A type of a library with its parameters: `optional_type(T)`, `kubernetes.Quantity`.
    Opaque(Arc<str>, Arc<[Type]>),
    /// A message with fields, known to the environment's type provider by its name.
    Struct(Arc<str>),
}

impl Type {
    /// `list(element)`.
    #[must_use]
    pub fn list(element: Type) -> Type {
        Type::List(Arc::new(element))
    }

    /// `map(key, value)`.
    #[must_use]
    pub fn map(key: Type, value: Type) -> Type {
        Type::Map(Arc::new(key), Arc::new(value))
    }

    /// `optional_type(value)`.
    #[must_use]
    pub fn optional(value: Type) -> Type {
        Type::Opaque("optional_type".into(), [value].into())
    }

    /// `type(of)`.
    #[must_use]
    pub fn of(of: Type) -> Type {
        Type::Type(Arc::new(of))
    }

    /// A library's type without parameters.
    #[must_use]
    pub fn opaque(name: &str) -> Type {
        Type::Opaque(name.into(), [].into())
    }

    /// A message.
    #[must_use]
    pub fn message(name: &str) -> Type {
        Type::Struct(name.into())
    }
}

impl Type {
    /// Whether the type holds more than so many types, itself among them.
    #[must_use]
    pub fn is_larger_than(&self, most: usize) -> bool {
        let mut left = vec![self];
        let mut seen = 0;
        while let Some(of) = left.pop() {
            seen += 1;
            if seen > most {
                return true;
            }
            match of {
                Type::Wrapper(inner) | Type::List(inner) | Type::Type(inner) => left.push(inner),
                Type::Map(key, value) => left.extend([&**key, &**value]),
                Type::Opaque(_, inner) => left.extend(inner.iter()),
                _ => {}
            }
        }
        false
    }

    /// The name that the type has when it is a value: without its parameters.
    #[must_use]
    pub fn runtime_name(&self) -> &str {
        match self {
            Type::Dyn => "dyn",
            Type::Error => "!error!",
            Type::Null => "null_type",
            Type::Bool => "bool",
            Type::Int => "int",
            Type::UInt => "uint",
            Type::Double => "double",
            Type::String => "string",
            Type::Bytes => "bytes",
            Type::Duration => "google.protobuf.Duration",
            Type::Timestamp => "google.protobuf.Timestamp",
            Type::Any => "google.protobuf.Any",
            Type::Wrapper(of) => of.runtime_name(),
            Type::List(_) => "list",
            Type::Map(..) => "map",
            Type::Type(_) => "type",
            Type::Param(name) | Type::Struct(name) | Type::Opaque(name, _) => name,
        }
    }
}

/// The type as cel-go's errors print it.
impl fmt::Display for Type {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Wrapper(of) => write!(formatter, "wrapper({of})"),
            Type::Null => formatter.write_str("null"),
            Type::Duration => formatter.write_str("duration"),
            Type::Timestamp => formatter.write_str("timestamp"),
            Type::Any => formatter.write_str("any"),
            Type::List(element) => write!(formatter, "list({element})"),
            Type::Map(key, value) => write!(formatter, "map({key}, {value})"),
            Type::Type(of) => write!(formatter, "type({of})"),
            Type::Opaque(name, parameters) if !parameters.is_empty() => {
                formatter.write_str(name)?;
                for (position, parameter) in parameters.iter().enumerate() {
                    let before = if position == 0 { "(" } else { ", " };
                    write!(formatter, "{before}{parameter}")?;
                }
                formatter.write_str(")")
            }
            plain => formatter.write_str(plain.runtime_name()),
        }
    }
}

/// Where the checker learns of messages: `request`, `namespaceObject`, `Object.spec`, the kinds of a
/// Kubernetes version.
pub trait TypeProvider: fmt::Debug + Send + Sync {
    /// Whether `name` is a message that can be named in an expression (constructed, or compared with
    /// `type(x)`).
    fn has_message(&self, name: &str) -> bool;

    /// The type of a message's field.
    fn field(&self, message: &str, field: &str) -> Option<Type>;

    /// The names of a message's fields, to suggest the nearest.
    fn field_names(&self, message: &str) -> Vec<String>;
}
