//! Values as Go prints them with `%v`, and Go's names of their types.
//!
//! Kyverno's messages and its conversions of keys to text both have this form: `[a b]`,
//! `map[app:web tier:fe]`, `<nil>`, `1e+06`.

use std::fmt::{self, Display};

use portcullis_values::{Val, gofloat};

use crate::request::NumberModel;

/// Values nested deeper print as `...`.
const MAX_DEPTH: usize = 256;

/// A value that prints as Go's `%v`.
pub(crate) struct GoText<'v, 'a> {
    value: &'v Val<'a>,
    numbers: NumberModel,
    depth: usize,
}

/// Prints a value as Go's `%v` would.
pub(crate) fn display<'v, 'a>(value: &'v Val<'a>, numbers: NumberModel) -> GoText<'v, 'a> {
    GoText {
        value,
        numbers,
        depth: 0,
    }
}

/// The Go type that a JSON decoder gives the value.
pub(crate) fn type_name(value: &Val<'_>, numbers: NumberModel) -> &'static str {
    match value {
        Val::Null => "<nil>",
        Val::Bool(_) => "bool",
        Val::Int(_) if numbers == NumberModel::Integers => "int64",
        Val::Int(_) | Val::UInt(_) | Val::Double(_) => "float64",
        Val::Str(_) => "string",
        Val::List(_) | Val::Bytes(_) => "[]interface {}",
        Val::Map(_) => "map[string]interface {}",
        Val::Opaque(inner) => type_name(&Val::from_owned(inner.to_json()), numbers),
    }
}

impl Display for GoText<'_, '_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.depth > MAX_DEPTH {
            return out.write_str("...");
        }
        match self.value {
            Val::Null => out.write_str("<nil>"),
            Val::Bool(flag) => flag.fmt(out),
            Val::Int(number) if self.numbers == NumberModel::Integers => number.fmt(out),
            Val::Int(number) => out.write_str(&gofloat::format_v(*number as f64)),
            Val::UInt(number) => out.write_str(&gofloat::format_v(*number as f64)),
            Val::Double(number) => out.write_str(&gofloat::format_v(*number)),
            Val::Str(text) => out.write_str(text),
            Val::Bytes(bytes) => write!(out, "{bytes:?}"),
            Val::List(items) => {
                out.write_str("[")?;
                for (index, item) in items.iter().enumerate() {
                    let space = if index == 0 { "" } else { " " };
                    write!(out, "{space}{}", self.inner(&item))?;
                }
                out.write_str("]")
            }
            Val::Map(entries) => {
                out.write_str("map[")?;
                for (index, (key, item)) in entries.iter().enumerate() {
                    let space = if index == 0 { "" } else { " " };
                    write!(out, "{space}{}:{}", key.as_str(), self.inner(&item))?;
                }
                out.write_str("]")
            }
            Val::Opaque(inner) => {
                let value = Val::from_owned(inner.to_json());
                write!(out, "{}", display(&value, NumberModel::Integers))
            }
        }
    }
}

impl GoText<'_, '_> {
    fn inner<'v, 'a>(&self, value: &'v Val<'a>) -> GoText<'v, 'a> {
        GoText {
            value,
            numbers: self.numbers,
            depth: self.depth + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_print_as_in_go() {
        let value = json!({
            "b": [1, 2.5, "x y", null, true],
            "a": {"n": 1_000_000, "f": 1_000_000.0, "u": u64::MAX}
        });
        let value = Val::from(&value);
        assert_eq!(
            display(&value, NumberModel::Integers).to_string(),
            "map[a:map[f:1e+06 n:1000000 u:1.8446744073709552e+19] b:[1 2.5 x y <nil> true]]"
        );
        assert_eq!(
            display(&value, NumberModel::KyvernoOffline).to_string(),
            "map[a:map[f:1e+06 n:1e+06 u:1.8446744073709552e+19] b:[1 2.5 x y <nil> true]]"
        );
        assert_eq!(type_name(&Val::Int(1), NumberModel::Integers), "int64");
        assert_eq!(
            type_name(&Val::Int(1), NumberModel::KyvernoOffline),
            "float64"
        );
    }
}
