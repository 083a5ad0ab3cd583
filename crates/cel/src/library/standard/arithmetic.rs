//! `+`, `-`, `*`, `/`, `%`, on numbers, times, text and lists.

use super::super::size::{characters, size};
use crate::{
    effort,
    error::{EvalError, Evaluated},
    function::{Call, Library, Overload},
    value::{Bytes, List, Text, Timestamp, Value},
};

/// Arithmetic.
pub const ARITHMETIC: Library = Library {
    name: "standard.arithmetic",
    overloads: OVERLOADS,
    macros: &[],
    variables: &[],
};

const OVERLOADS: &[Overload] = &[
    Overload::new("add_bytes", "_+_(bytes, bytes) -> bytes", sum).costs_when_resolved(of_both),
    Overload::new("add_double", "_+_(double, double) -> double", sum),
    Overload::new(
        "add_duration_duration",
        "_+_(duration, duration) -> duration",
        sum,
    ),
    Overload::new(
        "add_duration_timestamp",
        "_+_(duration, timestamp) -> timestamp",
        sum,
    ),
    Overload::new(
        "add_timestamp_duration",
        "_+_(timestamp, duration) -> timestamp",
        sum,
    ),
    Overload::new("add_int64", "_+_(int, int) -> int", sum),
    Overload::new("add_list", "_+_(list(A), list(A)) -> list(A)", sum),
    Overload::new("add_string", "_+_(string, string) -> string", sum).costs_when_resolved(of_both),
    Overload::new("add_uint64", "_+_(uint, uint) -> uint", sum),
    Overload::new(
        "subtract_double",
        "_-_(double, double) -> double",
        difference,
    ),
    Overload::new(
        "subtract_duration_duration",
        "_-_(duration, duration) -> duration",
        difference,
    ),
    Overload::new("subtract_int64", "_-_(int, int) -> int", difference),
    Overload::new(
        "subtract_timestamp_duration",
        "_-_(timestamp, duration) -> timestamp",
        difference,
    ),
    Overload::new(
        "subtract_timestamp_timestamp",
        "_-_(timestamp, timestamp) -> duration",
        difference,
    ),
    Overload::new("subtract_uint64", "_-_(uint, uint) -> uint", difference),
    Overload::new("multiply_double", "_*_(double, double) -> double", product),
    Overload::new("multiply_int64", "_*_(int, int) -> int", product),
    Overload::new("multiply_uint64", "_*_(uint, uint) -> uint", product),
    Overload::new("divide_double", "_/_(double, double) -> double", quotient),
    Overload::new("divide_int64", "_/_(int, int) -> int", quotient),
    Overload::new("divide_uint64", "_/_(uint, uint) -> uint", quotient),
    Overload::new("modulo_int64", "_%_(int, int) -> int", remainder),
    Overload::new("modulo_uint64", "_%_(uint, uint) -> uint", remainder),
    Overload::new("negate_double", "-_(double) -> double", negated),
    Overload::new("negate_int64", "-_(int) -> int", negated),
];

const INT: &str = "integer overflow";
const UINT: &str = "unsigned integer overflow";
const DURATION: &str = "integer overflow";
const TIMESTAMP: &str = "timestamp overflow";

/// The first and last second of the years 1 to 9999.
pub(crate) const YEARS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

/// Joining costs a tenth of both sides.
fn of_both(args: &[Value<'_>]) -> u64 {
    characters(size(args.first()).saturating_add(size(args.get(1))))
}

fn checked<'a, T>(
    value: Option<T>,
    wrap: fn(T) -> Value<'a>,
    overflow: &'static str,
) -> Evaluated<'a> {
    value
        .map(wrap)
        .ok_or_else(|| EvalError::new(overflow).into())
}

fn sum<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    match args {
        [left, right] => add(left, right),
        _ => Err(EvalError::no_such_overload().into()),
    }
}

/// `left + right`
fn add<'a>(left: &Value<'a>, right: &Value<'a>) -> Evaluated<'a> {
    match (left, right) {
        (Value::Int(left), Value::Int(right)) => checked(left.checked_add(*right), Value::Int, INT),
        (Value::UInt(left), Value::UInt(right)) => {
            checked(left.checked_add(*right), Value::UInt, UINT)
        }
        (Value::Double(left), Value::Double(right)) => Ok(Value::Double(left + right)),
        (Value::String(left), Value::String(right)) => {
            effort::text(left.len() + right.len())?;
            let mut joined = String::with_capacity(left.len() + right.len());
            joined.push_str(left);
            joined.push_str(right);
            Ok(Value::String(Text::Shared(joined.into())))
        }
        (Value::Bytes(left), Value::Bytes(right)) => {
            effort::text(left.len() + right.len())?;
            let joined = [&**left, &**right].concat();
            Ok(Value::Bytes(Bytes::from(joined)))
        }
        (Value::List(left), Value::List(right)) => {
            let length = left.len() + right.len();
            effort::list(length)?;
            Ok(Value::List(join(left, right)))
        }
        (Value::Duration(left), Value::Duration(right)) => {
            checked(left.checked_add(*right), Value::Duration, DURATION)
        }
        (Value::Timestamp(at), Value::Duration(by))
        | (Value::Duration(by), Value::Timestamp(at)) => moved(*at, i128::from(*by)),
        _ => Err(EvalError::no_such_overload().into()),
    }
}

fn join<'a>(left: &List<'a>, right: &List<'a>) -> List<'a> {
    match (left.is_empty(), right.is_empty()) {
        (_, true) => left.clone(),
        (true, _) => right.clone(),
        _ => left.iter().chain(right.iter()).collect(),
    }
}

/// A timestamp so many nanoseconds later.
fn moved<'a>(at: Timestamp, by: i128) -> Evaluated<'a> {
    const SECOND: i128 = 1_000_000_000;
    let nanos = i128::from(at.nanos) + by;
    let seconds = i128::from(at.seconds) + nanos.div_euclid(SECOND);
    let moved = i64::try_from(seconds)
        .ok()
        .filter(|seconds| YEARS.contains(seconds));
    let nanos = u32::try_from(nanos.rem_euclid(SECOND)).unwrap_or_default();
    let moved = moved.map(|seconds| Timestamp { seconds, nanos });
    checked(moved, Value::Timestamp, TIMESTAMP)
}

fn difference<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    match args {
        [Value::Int(left), Value::Int(right)] => checked(left.checked_sub(*right), Value::Int, INT),
        [Value::UInt(left), Value::UInt(right)] => {
            checked(left.checked_sub(*right), Value::UInt, UINT)
        }
        [Value::Double(left), Value::Double(right)] => Ok(Value::Double(left - right)),
        [Value::Duration(left), Value::Duration(right)] => {
            checked(left.checked_sub(*right), Value::Duration, DURATION)
        }
        [Value::Timestamp(at), Value::Duration(by)] => moved(*at, -i128::from(*by)),
        [Value::Timestamp(left), Value::Timestamp(right)] => {
            let seconds = left.seconds.checked_sub(right.seconds);
            let nanos = i64::from(left.nanos) - i64::from(right.nanos);
            let between =
                seconds.and_then(|seconds| seconds.checked_mul(1_000_000_000)?.checked_add(nanos));
            checked(between, Value::Duration, DURATION)
        }
        _ => Err(EvalError::no_such_overload().into()),
    }
}

fn product<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    match args {
        [Value::Int(left), Value::Int(right)] => checked(left.checked_mul(*right), Value::Int, INT),
        [Value::UInt(left), Value::UInt(right)] => {
            checked(left.checked_mul(*right), Value::UInt, UINT)
        }
        [Value::Double(left), Value::Double(right)] => Ok(Value::Double(left * right)),
        _ => Err(EvalError::no_such_overload().into()),
    }
}

fn quotient<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    match args {
        [Value::Int(_), Value::Int(0)] | [Value::UInt(_), Value::UInt(0)] => {
            Err(EvalError::new("division by zero").into())
        }
        [Value::Int(left), Value::Int(right)] => checked(left.checked_div(*right), Value::Int, INT),
        [Value::UInt(left), Value::UInt(right)] => {
            checked(left.checked_div(*right), Value::UInt, UINT)
        }
        [Value::Double(left), Value::Double(right)] => Ok(Value::Double(left / right)),
        _ => Err(EvalError::no_such_overload().into()),
    }
}

fn remainder<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    match args {
        [Value::Int(_), Value::Int(0)] | [Value::UInt(_), Value::UInt(0)] => {
            Err(EvalError::new("modulus by zero").into())
        }
        [Value::Int(left), Value::Int(right)] => checked(left.checked_rem(*right), Value::Int, INT),
        [Value::UInt(left), Value::UInt(right)] => {
            checked(left.checked_rem(*right), Value::UInt, UINT)
        }
        _ => Err(EvalError::no_such_overload().into()),
    }
}

fn negated<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    match args {
        [value] => negate(value),
        _ => Err(EvalError::no_such_overload().into()),
    }
}

/// `-value`
fn negate<'a>(value: &Value<'a>) -> Evaluated<'a> {
    match value {
        Value::Int(number) => checked(number.checked_neg(), Value::Int, INT),
        Value::Double(number) => Ok(Value::Double(-number)),
        _ => Err(EvalError::no_such_overload().into()),
    }
}
