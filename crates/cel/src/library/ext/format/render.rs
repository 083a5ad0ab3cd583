//! Values as the clauses of a format write them.

use std::fmt::Write;

use portcullis_values::gofloat;

use super::clause::{Clause, PRECISION, Verb};
use crate::{
    effort,
    library::standard::{duration_text, timestamp_text},
    value::{Key, Value},
};

/// What versions of the library write differently.
#[derive(Clone, Copy)]
pub(super) struct Style {
    /// `%s`: appends a value.
    pub(super) whole: fn(Clause, &Value<'_>, &mut String) -> Result<(), String>,
    /// `%d`; nothing where the value is no number of its kind.
    pub(super) decimal: fn(&Value<'_>) -> Option<String>,
    /// `%f` and `%e`.
    pub(super) float: fn(Clause, &Value<'_>) -> Option<String>,
}

/// As versions before 4 write values.
pub(super) const STYLE: Style = Style {
    whole: plain,
    decimal: |value| integer(value, |size| size.to_string()),
    float,
};

impl Style {
    /// Appends a value; an error says why the clause does not take it.
    pub(super) fn append(
        self,
        clause: Clause,
        value: &Value<'_>,
        text: &mut String,
    ) -> Result<(), String> {
        let refuse = || clause.refuses(&value.runtime_type());
        let written = match clause.verb {
            Verb::String => return (self.whole)(clause, value, text),
            Verb::Fixed | Verb::Scientific => (self.float)(clause, value),
            Verb::Decimal => (self.decimal)(value),
            Verb::Binary => match value {
                Value::Bool(flag) => Some(u8::from(*flag).to_string()),
                number => integer(number, |size| format!("{size:b}")),
            },
            Verb::Octal => integer(value, |size| format!("{size:o}")),
            Verb::Hex => hex(value),
            Verb::UpperHex => hex(value).map(|digits| digits.to_uppercase()),
        };
        text.push_str(&written.ok_or_else(refuse)?);
        Ok(())
    }
}

pub(super) fn integer(value: &Value<'_>, digits: fn(u64) -> String) -> Option<String> {
    match value {
        Value::Int(number) if *number < 0 => Some(format!("-{}", digits(number.unsigned_abs()))),
        Value::Int(number) => Some(digits(number.unsigned_abs())),
        Value::UInt(number) => Some(digits(*number)),
        _ => None,
    }
}

fn hex(value: &Value<'_>) -> Option<String> {
    let bytes = |bytes: &[u8]| {
        bytes.iter().fold(String::new(), |mut digits, byte| {
            // Writing to a text does not fail.
            let _ = write!(digits, "{byte:02x}");
            digits
        })
    };
    match value {
        Value::String(text) => Some(bytes(text.as_bytes())),
        Value::Bytes(of) => Some(bytes(of)),
        number => integer(number, |size| format!("{size:x}")),
    }
}

fn float(clause: Clause, value: &Value<'_>) -> Option<String> {
    let number = match value {
        Value::Double(number) => *number,
        Value::String(text) => match text.as_str() {
            "NaN" => f64::NAN,
            "Infinity" => f64::INFINITY,
            "-Infinity" => f64::NEG_INFINITY,
            _ => return None,
        },
        _ => return None,
    };
    if number.is_nan() {
        return Some("NaN".to_owned());
    }
    if number.is_infinite() {
        return Some(if number > 0.0 { "∞" } else { "-∞" }.to_owned());
    }
    Some(match clause.verb {
        // Go's printer takes the precision of `%e` for a width.
        Verb::Scientific => {
            let width = clause.digits.unwrap_or(0);
            format!("{:>width$}", scientific(&format!("{number:.PRECISION$e}")))
        }
        _ => {
            let precision = clause.digits.unwrap_or(PRECISION);
            // Zero has no sign; what is rounded to it keeps its own.
            let number = if number == 0.0 { 0.0 } else { number };
            grouped(&format!("{number:.precision$}"))
        }
    })
}

/// `1.5e3` as `1.5×10⁰³`.
fn scientific(written: &str) -> String {
    let (digits, exponent) = written.split_once('e').unwrap_or((written, "0"));
    let (sign, size) = match exponent.strip_prefix('-') {
        Some(size) => ("⁻", size),
        None => ("", exponent),
    };
    let raised: String = format!("{size:0>2}").chars().map(superscript).collect();
    format!("{digits}×10{sign}{raised}")
}

fn superscript(digit: char) -> char {
    match digit {
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        '4' => '⁴',
        '5' => '⁵',
        '6' => '⁶',
        '7' => '⁷',
        '8' => '⁸',
        '9' => '⁹',
        _ => '⁰',
    }
}

/// A number with a comma between every three digits before the point.
fn grouped(written: &str) -> String {
    let (sign, unsigned) = match written.strip_prefix('-') {
        Some(unsigned) => ("-", unsigned),
        None => ("", written),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let mut grouped = sign.to_owned();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if !fraction.is_empty() {
        grouped.push('.');
        grouped.push_str(fraction);
    }
    grouped
}

/// An error where a text has become too long, or takes too long to write.
pub(super) fn fits(text: &str) -> Result<(), String> {
    match effort::spend(1) {
        true => effort::text(text.len()).map_err(|error| error.message),
        false => Err("the value is too large".to_owned()),
    }
}

/// A value as `%s` writes it.
fn plain(clause: Clause, value: &Value<'_>, text: &mut String) -> Result<(), String> {
    match value {
        Value::String(own) => text.push_str(own),
        Value::Bytes(bytes) => text.push_str(&String::from_utf8_lossy(bytes)),
        Value::Duration(nanos) => text.push_str(&duration_text(*nanos)),
        Value::Timestamp(at) => text.push_str(&timestamp_text(*at)),
        Value::Double(number) => text.push_str(&gofloat::format_v(*number)),
        other => return inner(clause, other, text),
    }
    Ok(())
}

/// A value as it stands in a list or a map.
fn inner(clause: Clause, value: &Value<'_>, text: &mut String) -> Result<(), String> {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(flag) => text.push_str(&flag.to_string()),
        Value::Int(number) => text.push_str(&number.to_string()),
        Value::UInt(number) => text.push_str(&number.to_string()),
        Value::Double(number) if number.is_nan() => quoted("NaN", text),
        Value::Double(f64::INFINITY) => quoted("+Inf", text),
        Value::Double(f64::NEG_INFINITY) => quoted("-Inf", text),
        Value::Double(number) => text.push_str(&format!("{number:.PRECISION$}")),
        Value::String(own) => quoted(own, text),
        Value::Bytes(bytes) => {
            text.push('b');
            quoted(&String::from_utf8_lossy(bytes), text);
        }
        Value::Duration(nanos) => {
            text.push_str(&format!("duration(\"{}\")", duration_text(*nanos)));
        }
        Value::Timestamp(at) => {
            text.push_str(&format!("timestamp(\"{}\")", timestamp_text(*at)));
        }
        Value::Type(of) => text.push_str(of.runtime_name()),
        Value::List(list) => {
            text.push('[');
            for (at, item) in list.iter().enumerate() {
                fits(text)?;
                text.push_str(if at > 0 { ", " } else { "" });
                inner(clause, &item, text)?;
            }
            text.push(']');
        }
        Value::Map(map) => {
            text.push('{');
            for (at, (key, item)) in map.iter().enumerate() {
                fits(text)?;
                text.push_str(if at > 0 { ", " } else { "" });
                match key {
                    Key::String(key) => quoted(&key, text),
                    other => inner(clause, &other.to_value(), text)?,
                }
                text.push(':');
                inner(clause, &item, text)?;
            }
            text.push('}');
        }
        Value::Struct(_) | Value::Optional(_) | Value::Opaque(_) => {
            return Err(clause.refuses(&value.runtime_type()));
        }
    }
    Ok(())
}

fn quoted(own: &str, text: &mut String) {
    text.push('"');
    text.push_str(own);
    text.push('"');
}
