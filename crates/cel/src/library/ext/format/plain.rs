//! Values as the clauses of a format write them since version 4 of the library: `%e` and `%f` as Go
//! has them, `NaN` and `Infinity` in words, and text in lists and maps as it is.

use portcullis_values::gofloat;

use super::{
    clause::{Clause, PRECISION, Verb},
    render::{Style, fits, integer},
};
use crate::{
    library::standard::{duration_text, timestamp_text},
    value::Value,
};

/// As version 4 writes values.
pub(super) const STYLE: Style = Style {
    whole,
    decimal,
    float,
};

fn decimal(value: &Value<'_>) -> Option<String> {
    match value {
        Value::Double(number) => in_words(*number).map(str::to_owned),
        number => integer(number, |size| size.to_string()),
    }
}

/// What is no number of digits.
fn in_words(number: f64) -> Option<&'static str> {
    match number {
        _ if number.is_nan() => Some("NaN"),
        f64::INFINITY => Some("Infinity"),
        f64::NEG_INFINITY => Some("-Infinity"),
        _ => None,
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a clause for fractions shows integers as the nearest fraction"
)]
fn float(clause: Clause, value: &Value<'_>) -> Option<String> {
    let number = match value {
        Value::Double(number) => *number,
        Value::Int(number) => *number as f64,
        Value::UInt(number) => *number as f64,
        _ => return None,
    };
    if let Some(words) = in_words(number) {
        return Some(words.to_owned());
    }
    let precision = clause.digits.unwrap_or(PRECISION);
    Some(match clause.verb {
        Verb::Scientific => scientific(&format!("{number:.precision$e}")),
        _ => format!("{number:.precision$}"),
    })
}

/// `1.5e3` as `1.5e+03`.
fn scientific(written: &str) -> String {
    let (digits, exponent) = written.split_once('e').unwrap_or((written, "0"));
    let (sign, size) = match exponent.strip_prefix('-') {
        Some(size) => ('-', size),
        None => ('+', exponent),
    };
    format!("{digits}e{sign}{size:0>2}")
}

/// A value as `%s` writes it, alone and in lists and maps.
fn whole(clause: Clause, value: &Value<'_>, text: &mut String) -> Result<(), String> {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(flag) => text.push_str(&flag.to_string()),
        Value::Int(number) => text.push_str(&number.to_string()),
        Value::UInt(number) => text.push_str(&number.to_string()),
        Value::Double(number) => match in_words(*number) {
            Some(words) => text.push_str(words),
            None => text.push_str(&gofloat::format_v(*number)),
        },
        Value::String(own) => text.push_str(own),
        Value::Bytes(bytes) => text.push_str(&String::from_utf8_lossy(bytes)),
        Value::Duration(nanos) => text.push_str(&duration_text(*nanos)),
        Value::Timestamp(at) => text.push_str(&timestamp_text(*at)),
        Value::Type(of) => text.push_str(of.runtime_name()),
        Value::List(list) => {
            text.push('[');
            for (at, item) in list.iter().enumerate() {
                fits(text)?;
                text.push_str(if at > 0 { ", " } else { "" });
                whole(clause, &item, text)?;
            }
            text.push(']');
        }
        Value::Map(map) => {
            let mut entries = Vec::with_capacity(map.len());
            for (key, item) in map.iter() {
                fits(text)?;
                let (mut written, mut held) = (String::new(), String::new());
                whole(clause, &key.to_value(), &mut written)?;
                whole(clause, &item, &mut held)?;
                entries.push((written, held));
            }
            // Keys of several types stand in the order of what is written.
            entries.sort();
            let entries: Vec<String> = entries
                .into_iter()
                .map(|(key, held)| format!("{key}: {held}"))
                .collect();
            text.push('{');
            text.push_str(&entries.join(", "));
            text.push('}');
        }
        Value::Struct(_) | Value::Optional(_) | Value::Opaque(_) => {
            return Err(clause.refuses(&value.runtime_type()));
        }
    }
    Ok(())
}
