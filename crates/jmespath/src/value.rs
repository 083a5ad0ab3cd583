//! Values as JMESPath sees them: numbers, emptiness, and the few types that are not JSON.

use std::{any::Any, rc::Rc};

use portcullis_values::{Opaque, Val};
use serde_json::Value;

/// A Go `int64`, which is no number in JMESPath: `type` refuses it, `==` with a number is false,
/// `<` gives null. Kyverno's own code leaves some of them in its context, such as `elementIndex`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GoInt64(pub i64);

/// A Go `int`, which `compare` returns; no number either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GoInt(pub(crate) i64);

/// `&expression` as a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    /// Its number in the program.
    pub(crate) index: usize,
    /// The program that it belongs to, told by its address.
    pub(crate) program: usize,
}

impl Opaque for GoInt64 {
    fn type_name(&self) -> &'static str {
        "integer"
    }

    fn to_json(&self) -> Value {
        self.0.into()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Opaque for GoInt {
    fn type_name(&self) -> &'static str {
        "integer"
    }

    fn to_json(&self) -> Value {
        self.0.into()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Opaque for Reference {
    fn type_name(&self) -> &'static str {
        "expression"
    }

    fn to_json(&self) -> Value {
        Value::Object(serde_json::Map::new())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl GoInt64 {
    /// The integer as a value.
    #[must_use]
    pub fn into_val<'a>(self) -> Val<'a> {
        Val::Opaque(Rc::new(self))
    }
}

/// The value of the type `T`, if `value` is one.
pub(crate) fn opaque<'v, T: 'static>(value: &'v Val<'_>) -> Option<&'v T> {
    match value {
        Val::Opaque(opaque) => opaque.as_any().downcast_ref(),
        _ => None,
    }
}

/// The float64 that a number stands for.
#[expect(clippy::cast_precision_loss, reason = "JMESPath knows float64 only")]
pub(crate) fn number(value: &Val<'_>) -> Option<f64> {
    match value {
        Val::Int(number) => Some(*number as f64),
        Val::UInt(number) => Some(*number as f64),
        Val::Double(number) => Some(*number),
        _ => None,
    }
}

/// A computed number, as an integer where that is exact.
pub(crate) fn from_number<'a>(number: f64) -> Val<'a> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let negative_zero = number == 0.0 && number.is_sign_negative();
    if number.trunc() == number && number.abs() <= EXACT && !negative_zero {
        #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
        return Val::Int(number as i64);
    }
    Val::Double(number)
}

/// A length or a position as a number.
pub(crate) fn from_count<'a>(count: usize) -> Val<'a> {
    Val::Int(i64::try_from(count).unwrap_or(i64::MAX))
}

/// Whether JMESPath takes the value as false: null, false, and empty text, lists and maps.
pub(crate) fn is_false(value: &Val<'_>) -> bool {
    match value {
        Val::Null => true,
        Val::Bool(flag) => !flag,
        Val::Str(text) => text.is_empty(),
        Val::Bytes(bytes) => bytes.is_empty(),
        Val::List(list) => list.is_empty(),
        Val::Map(map) => map.is_empty(),
        Val::Int(_) | Val::UInt(_) | Val::Double(_) | Val::Opaque(_) => false,
    }
}

/// The name of a value's type, with an article for messages.
pub(crate) fn type_name(value: &Val<'_>) -> &'static str {
    match value {
        Val::Null => "null",
        Val::Bool(_) => "boolean",
        Val::Int(_) | Val::UInt(_) | Val::Double(_) => "number",
        Val::Str(_) | Val::Bytes(_) => "string",
        Val::List(_) => "array",
        Val::Map(_) => "object",
        Val::Opaque(opaque) => opaque.type_name(),
    }
}
