//! `==`, `!=`, `<` and its kind.

use std::cmp::Ordering;

use super::super::size::{characters, size};
use crate::{
    error::{EvalError, Evaluated},
    function::{Call, Implementation, Library, Overload},
    value::Value,
};

/// Equality and order.
pub const COMPARISON: Library = Library {
    name: "standard.comparison",
    overloads: OVERLOADS,
    macros: &[],
    variables: &[],
};

const fn plain(
    id: &'static str,
    signature: &'static str,
    implementation: Implementation,
) -> Overload {
    Overload::new(id, signature, implementation)
}

const fn sized(
    id: &'static str,
    signature: &'static str,
    implementation: Implementation,
) -> Overload {
    Overload::new(id, signature, implementation).costs_when_resolved(of_shorter)
}

/// The overloads of one order, for every pair of types that can be compared.
macro_rules! order {
    ($name:literal, $id:literal, $of:ident) => {
        [
            plain(
                concat!($id, "_bool"),
                concat!($name, "(bool, bool) -> bool"),
                $of,
            ),
            plain(
                concat!($id, "_int64"),
                concat!($name, "(int, int) -> bool"),
                $of,
            ),
            plain(
                concat!($id, "_int64_double"),
                concat!($name, "(int, double) -> bool"),
                $of,
            ),
            plain(
                concat!($id, "_int64_uint64"),
                concat!($name, "(int, uint) -> bool"),
                $of,
            ),
            plain(
                concat!($id, "_uint64"),
                concat!($name, "(uint, uint) -> bool"),
                $of,
            ),
            plain(
                concat!($id, "_uint64_double"),
                concat!($name, "(uint, double) -> bool"),
                $of,
            ),
            plain(
                concat!($id, "_uint64_int64"),
                concat!($name, "(uint, int) -> bool"),
                $of,
            ),
            plain(
                concat!($id, "_double"),
                concat!($name, "(double, double) -> bool"),
                $of,
            ),
            plain(
                concat!($id, "_double_int64"),
                concat!($name, "(double, int) -> bool"),
                $of,
            ),
            plain(
                concat!($id, "_double_uint64"),
                concat!($name, "(double, uint) -> bool"),
                $of,
            ),
            sized(
                concat!($id, "_string"),
                concat!($name, "(string, string) -> bool"),
                $of,
            ),
            sized(
                concat!($id, "_bytes"),
                concat!($name, "(bytes, bytes) -> bool"),
                $of,
            ),
            plain(
                concat!($id, "_timestamp"),
                concat!($name, "(timestamp, timestamp) -> bool"),
                $of,
            ),
            plain(
                concat!($id, "_duration"),
                concat!($name, "(duration, duration) -> bool"),
                $of,
            ),
        ]
    };
}

const LESS: [Overload; 14] = order!("_<_", "less", less);
const LESS_EQUALS: [Overload; 14] = order!("_<=_", "less_equals", less_equals);
const GREATER: [Overload; 14] = order!("_>_", "greater", greater);
const GREATER_EQUALS: [Overload; 14] = order!("_>=_", "greater_equals", greater_equals);

const EQUALITY: [Overload; 2] = [
    Overload::new("equals", "_==_(A, A) -> bool", equals).costs(of_shorter),
    Overload::new("not_equals", "_!=_(A, A) -> bool", not_equals).costs(of_shorter),
];

const OVERLOADS: &[Overload] = &{
    let [equals, not_equals] = EQUALITY;
    let [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13] = LESS;
    let [b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, b10, b11, b12, b13] = LESS_EQUALS;
    let [c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13] = GREATER;
    let [d0, d1, d2, d3, d4, d5, d6, d7, d8, d9, d10, d11, d12, d13] = GREATER_EQUALS;
    [
        equals, not_equals, a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, b0, b1, b2,
        b3, b4, b5, b6, b7, b8, b9, b10, b11, b12, b13, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9,
        c10, c11, c12, c13, d0, d1, d2, d3, d4, d5, d6, d7, d8, d9, d10, d11, d12, d13,
    ]
};

/// Comparing costs a tenth of the shorter side.
fn of_shorter(args: &[Value<'_>]) -> u64 {
    match args {
        [left, right] => of_shorter_side(left, right),
        _ => 1,
    }
}

/// A tenth of the smaller of two sizes, rounded up.
pub(crate) fn of_shorter_side(left: &Value<'_>, right: &Value<'_>) -> u64 {
    let inner = |value: &Value<'_>| match value {
        Value::Optional(Some(held)) => size(Some(held)),
        value => size(Some(value)),
    };
    characters(inner(left).min(inner(right)))
}

fn equals<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    match args {
        [left, right] => Ok(Value::Bool(left == right)),
        _ => Err(EvalError::no_such_overload().into()),
    }
}

fn not_equals<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    match args {
        [left, right] => Ok(Value::Bool(left != right)),
        _ => Err(EvalError::no_such_overload().into()),
    }
}

/// Whether two values stand in an order; NaN stands in none, which is an error.
fn compare(
    left: &Value<'_>,
    right: &Value<'_>,
    holds: fn(Ordering) -> bool,
) -> Result<bool, Box<EvalError>> {
    match left.partial_cmp(right) {
        Some(order) => Ok(holds(order)),
        None if is_number(left) && is_number(right) => {
            Err(EvalError::new("NaN values cannot be ordered").into())
        }
        None => Err(EvalError::no_such_overload().into()),
    }
}

fn is_number(value: &Value<'_>) -> bool {
    matches!(value, Value::Int(_) | Value::UInt(_) | Value::Double(_))
}

fn ordered<'a>(args: &[Value<'a>], holds: fn(Ordering) -> bool) -> Evaluated<'a> {
    match args {
        [left, right] => compare(left, right, holds).map(Value::Bool),
        _ => Err(EvalError::no_such_overload().into()),
    }
}

fn less<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    ordered(args, Ordering::is_lt)
}

fn less_equals<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    ordered(args, Ordering::is_le)
}

fn greater<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    ordered(args, Ordering::is_gt)
}

fn greater_equals<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    ordered(args, Ordering::is_ge)
}
