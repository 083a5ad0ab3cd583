//! A value as scalar patterns and conditions see it.

use portcullis_values::Val;

use crate::request::NumberModel;

/// A scalar with its number read as the request's number model has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum View<'v> {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(&'v str),
    /// A list, a map, or a value of a language's own type.
    Other,
}

impl<'v> View<'v> {
    pub(crate) fn of(value: &'v Val<'_>, numbers: NumberModel) -> View<'v> {
        match value {
            Val::Null => View::Null,
            Val::Bool(flag) => View::Bool(*flag),
            Val::Int(number) if numbers == NumberModel::Integers => View::Int(*number),
            Val::Int(number) => View::Float(*number as f64),
            Val::UInt(number) => View::Float(*number as f64),
            Val::Double(number) => View::Float(*number),
            Val::Str(text) => View::Text(text),
            Val::Bytes(_) | Val::List(_) | Val::Map(_) | Val::Opaque(_) => View::Other,
        }
    }
}

/// The plain JSON form of a value of a language's own type; none for every other value.
pub(crate) fn plain<'a>(value: &Val<'_>) -> Option<Val<'a>> {
    match value {
        Val::Opaque(inner) => Some(Val::from_owned(inner.to_json())),
        _ => None,
    }
}
