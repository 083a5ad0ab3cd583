//! Conversions between types, `type` and `dyn`.

use std::sync::Arc;

use portcullis_values::{
    duration::GoDuration,
    gofloat,
    gotime::{self, GoTime},
};

use super::{super::size::of_text, arithmetic::YEARS};
use crate::{
    error::{EvalError, Evaluated},
    function::{Call, Library, Overload},
    value::{Bytes, Text, Timestamp, Value},
};

/// Conversions.
pub const CONVERSION: Library = Library {
    name: "standard.conversion",
    overloads: &[
        Overload::new("type", "type(A) -> type(A)", type_of),
        Overload::new("to_dyn", "dyn(A) -> dyn", same),
        Overload::new("bool_to_bool", "bool(bool) -> bool", to_bool),
        Overload::new("string_to_bool", "bool(string) -> bool", to_bool),
        Overload::new("bytes_to_bytes", "bytes(bytes) -> bytes", to_bytes),
        Overload::new("string_to_bytes", "bytes(string) -> bytes", to_bytes)
            .costs_when_resolved(of_text),
        Overload::new("double_to_double", "double(double) -> double", to_double),
        Overload::new("int64_to_double", "double(int) -> double", to_double),
        Overload::new("string_to_double", "double(string) -> double", to_double),
        Overload::new("uint64_to_double", "double(uint) -> double", to_double),
        Overload::new(
            "duration_to_duration",
            "duration(duration) -> duration",
            to_duration,
        ),
        Overload::new(
            "string_to_duration",
            "duration(string) -> duration",
            to_duration,
        ),
        Overload::new("int64_to_int64", "int(int) -> int", to_int),
        Overload::new("double_to_int64", "int(double) -> int", to_int),
        Overload::new("duration_to_int64", "int(duration) -> int", to_int),
        Overload::new("string_to_int64", "int(string) -> int", to_int),
        Overload::new("timestamp_to_int64", "int(timestamp) -> int", to_int),
        Overload::new("uint64_to_int64", "int(uint) -> int", to_int),
        Overload::new("string_to_string", "string(string) -> string", to_text),
        Overload::new("bool_to_string", "string(bool) -> string", to_text),
        Overload::new("bytes_to_string", "string(bytes) -> string", to_text)
            .costs_when_resolved(of_text),
        Overload::new("double_to_string", "string(double) -> string", to_text),
        Overload::new("duration_to_string", "string(duration) -> string", to_text),
        Overload::new("int64_to_string", "string(int) -> string", to_text),
        Overload::new(
            "timestamp_to_string",
            "string(timestamp) -> string",
            to_text,
        ),
        Overload::new("uint64_to_string", "string(uint) -> string", to_text),
        Overload::new(
            "timestamp_to_timestamp",
            "timestamp(timestamp) -> timestamp",
            to_timestamp,
        ),
        Overload::new(
            "int64_to_timestamp",
            "timestamp(int) -> timestamp",
            to_timestamp,
        ),
        Overload::new(
            "string_to_timestamp",
            "timestamp(string) -> timestamp",
            to_timestamp,
        ),
        Overload::new("uint64_to_uint64", "uint(uint) -> uint", to_uint),
        Overload::new("double_to_uint64", "uint(double) -> uint", to_uint),
        Overload::new("int64_to_uint64", "uint(int) -> uint", to_uint),
        Overload::new("string_to_uint64", "uint(string) -> uint", to_uint),
    ],
    macros: &[],
    variables: &[],
};

fn one<'v, 'a>(args: &'v [Value<'a>]) -> Result<&'v Value<'a>, Box<EvalError>> {
    match args {
        [value] => Ok(value),
        _ => Err(EvalError::no_such_overload().into()),
    }
}

fn cannot(from: &Value<'_>, to: &str) -> Box<EvalError> {
    let from = from.runtime_type();
    EvalError::new(format!("type conversion error from '{from}' to '{to}'")).into()
}

fn type_of<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    match one(args)? {
        value @ Value::Opaque(held) if !held.tells_type() => Err(cannot(value, "type")),
        value => Ok(Value::Type(Arc::new(value.type_of()))),
    }
}

fn same<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    one(args).cloned()
}

fn to_bool<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    match one(args)? {
        Value::Bool(flag) => Ok(Value::Bool(*flag)),
        value @ Value::String(text) => match text.as_str() {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(Value::Bool(true)),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(Value::Bool(false)),
            _ => Err(cannot(value, "bool")),
        },
        _ => Err(EvalError::no_such_overload().into()),
    }
}

fn to_bytes<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    match one(args)? {
        Value::Bytes(bytes) => Ok(Value::Bytes(bytes.clone())),
        Value::String(Text::Borrowed(text)) => Ok(Value::Bytes(Bytes::Borrowed(text.as_bytes()))),
        Value::String(text) => Ok(Value::Bytes(Bytes::from(text.as_bytes().to_vec()))),
        _ => Err(EvalError::no_such_overload().into()),
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "as Go converts integers to floats"
)]
fn to_double<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let number = match one(args)? {
        Value::Double(number) => *number,
        Value::Int(number) => *number as f64,
        Value::UInt(number) => *number as f64,
        value @ Value::String(text) => parse_float(text).ok_or_else(|| cannot(value, "double"))?,
        _ => return Err(EvalError::no_such_overload().into()),
    };
    Ok(Value::Double(number))
}

/// A float as Go's `strconv.ParseFloat` reads it, without hexadecimal ones.
fn parse_float(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let sign = if text.starts_with('-') { -1.0 } else { 1.0 };
    match unsigned.to_ascii_lowercase().as_str() {
        "inf" | "infinity" => return Some(sign * f64::INFINITY),
        "nan" => return Some(f64::NAN),
        _ => {}
    }
    let starts_well = unsigned.starts_with(|letter: char| letter.is_ascii_digit() || letter == '.');
    let number: f64 = starts_well.then(|| text.parse().ok())??;
    number.is_finite().then_some(number)
}

/// A duration as Go's `time.ParseDuration` reads it.
pub(crate) fn parse_duration(text: &str) -> Option<i64> {
    GoDuration::parse(text).ok().map(GoDuration::nanoseconds)
}

fn to_duration<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    match one(args)? {
        Value::Duration(duration) => Ok(Value::Duration(*duration)),
        value @ Value::String(text) => parse_duration(text)
            .map(Value::Duration)
            .ok_or_else(|| cannot(value, "google.protobuf.Duration")),
        _ => Err(EvalError::no_such_overload().into()),
    }
}

/// The integer that a double is cut off to, if it is far enough from the ends of the range that the
/// cut is exact.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the range is checked before"
)]
fn cut(number: f64) -> Option<i64> {
    const LIMIT: f64 = 9_223_372_036_854_775_807.0;
    (number > -LIMIT && number < LIMIT).then_some(number as i64)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the range is checked before"
)]
fn cut_unsigned(number: f64) -> Option<u64> {
    const LIMIT: f64 = 18_446_744_073_709_551_615.0;
    (0.0..LIMIT).contains(&number).then_some(number as u64)
}

fn to_int<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let overflow = || Box::new(EvalError::new("integer overflow"));
    match one(args)? {
        Value::Int(number) => Ok(Value::Int(*number)),
        Value::UInt(number) => i64::try_from(*number)
            .map(Value::Int)
            .map_err(|_| overflow()),
        Value::Double(number) => cut(*number).map(Value::Int).ok_or_else(overflow),
        Value::Duration(nanos) => Ok(Value::Int(*nanos)),
        Value::Timestamp(at) => Ok(Value::Int(at.seconds)),
        value @ Value::String(text) => text
            .parse()
            .map(Value::Int)
            .map_err(|_| cannot(value, "int")),
        _ => Err(EvalError::no_such_overload().into()),
    }
}

fn to_uint<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let overflow = || Box::new(EvalError::new("unsigned integer overflow"));
    match one(args)? {
        Value::UInt(number) => Ok(Value::UInt(*number)),
        Value::Int(number) => u64::try_from(*number)
            .map(Value::UInt)
            .map_err(|_| overflow()),
        Value::Double(number) => cut_unsigned(*number).map(Value::UInt).ok_or_else(overflow),
        value @ Value::String(text) => {
            let unsigned = Some(text.as_str()).filter(|text| !text.starts_with('+'));
            let number = unsigned.and_then(|text| text.parse().ok());
            number.map(Value::UInt).ok_or_else(|| cannot(value, "uint"))
        }
        _ => Err(EvalError::no_such_overload().into()),
    }
}

fn to_text<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let text = match one(args)? {
        Value::String(text) => return Ok(Value::String(text.clone())),
        Value::Bool(flag) => flag.to_string(),
        Value::Int(number) => number.to_string(),
        Value::UInt(number) => number.to_string(),
        Value::Double(number) => gofloat::format_v(*number),
        Value::Duration(nanos) => duration_text(*nanos),
        Value::Timestamp(at) => timestamp_text(*at),
        Value::Bytes(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => {
                let problem = "invalid UTF-8 in bytes, cannot convert to string";
                return Err(EvalError::new(problem).into());
            }
        },
        _ => return Err(EvalError::no_such_overload().into()),
    };
    Ok(Value::from(text))
}

/// A duration in seconds, of which a float64 knows the fraction: `1.5s`.
#[expect(
    clippy::cast_precision_loss,
    reason = "Go rounds the seconds to a float64 too"
)]
pub(crate) fn duration_text(nanos: i64) -> String {
    let (seconds, rest) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
    match rest {
        0 => format!("{seconds}s"),
        rest => format!("{}s", seconds as f64 + rest as f64 / 1e9),
    }
}

/// A timestamp as RFC 3339 has it, in UTC.
pub(crate) fn timestamp_text(at: Timestamp) -> String {
    GoTime::from_unix(at.seconds, at.nanos).format("2006-01-02T15:04:05.999999999Z07:00")
}

/// A timestamp of the years 1 to 9999 as RFC 3339 has it.
pub(crate) fn parse_timestamp(text: &str) -> Option<Timestamp> {
    // Go's layout takes a comma in the place of the point, and CEL does not.
    if text.contains(',') {
        return None;
    }
    let time = gotime::parse("2006-01-02T15:04:05Z07:00", text).ok()?;
    let at = Timestamp {
        seconds: time.unix_seconds(),
        nanos: time.nanosecond(),
    };
    YEARS.contains(&at.seconds).then_some(at)
}

fn to_timestamp<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    match one(args)? {
        Value::Timestamp(at) => Ok(Value::Timestamp(*at)),
        Value::Int(seconds) => match YEARS.contains(seconds) {
            true => Ok(Value::Timestamp(Timestamp {
                seconds: *seconds,
                nanos: 0,
            })),
            false => Err(EvalError::new("timestamp overflow").into()),
        },
        Value::String(text) if text.contains(',') => {
            let problem = format!("invalid RFC 3339 timestamp {text:?}");
            Err(EvalError::new(problem).into())
        }
        from @ Value::String(text) => parse_timestamp(text)
            .map(Value::Timestamp)
            .ok_or_else(|| cannot(from, "google.protobuf.Timestamp")),
        _ => Err(EvalError::no_such_overload().into()),
    }
}
