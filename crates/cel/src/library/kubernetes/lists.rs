//! `isSorted`, `sum`, `min`, `max`, `indexOf` and `lastIndexOf` of lists.

use std::cmp::Ordering;

use super::super::size;
use crate::{
    error::{EvalError, Evaluated},
    function::{Call, Implementation, Library, Overload},
    value::{List, Value},
};

/// Kubernetes' `lists` library.
pub const LISTS: Library = Library {
    name: "kubernetes.lists",
    overloads: OVERLOADS,
    macros: &[],
    variables: &[],
};

const fn walk(
    id: &'static str,
    signature: &'static str,
    implementation: Implementation,
) -> Overload {
    Overload::new(id, signature, implementation).costs(size::of_traversal)
}

const OVERLOADS: &[Overload] = &[
    walk(
        "list_int_is_sorted_bool",
        "list(int).isSorted() -> bool",
        is_sorted,
    ),
    walk(
        "list_uint_is_sorted_bool",
        "list(uint).isSorted() -> bool",
        is_sorted,
    ),
    walk(
        "list_double_is_sorted_bool",
        "list(double).isSorted() -> bool",
        is_sorted,
    ),
    walk(
        "list_bool_is_sorted_bool",
        "list(bool).isSorted() -> bool",
        is_sorted,
    ),
    walk(
        "list_duration_is_sorted_bool",
        "list(duration).isSorted() -> bool",
        is_sorted,
    ),
    walk(
        "list_timestamp_is_sorted_bool",
        "list(timestamp).isSorted() -> bool",
        is_sorted,
    ),
    walk(
        "list_string_is_sorted_bool",
        "list(string).isSorted() -> bool",
        is_sorted,
    ),
    walk(
        "list_bytes_is_sorted_bool",
        "list(bytes).isSorted() -> bool",
        is_sorted,
    ),
    walk("list_int_sum_int", "list(int).sum() -> int", sum),
    walk(
        "list_uint_sum_uint",
        "list(uint).sum() -> uint",
        |_, args| sum_from(args, Value::UInt(0)),
    ),
    walk(
        "list_double_sum_double",
        "list(double).sum() -> double",
        |_, args| sum_from(args, Value::Double(0.0)),
    ),
    walk(
        "list_duration_sum_duration",
        "list(duration).sum() -> duration",
        |_, args| sum_from(args, Value::Duration(0)),
    ),
    walk("list_int_max_int", "list(int).max() -> int", max),
    walk("list_uint_max_uint", "list(uint).max() -> uint", max),
    walk(
        "list_double_max_double",
        "list(double).max() -> double",
        max,
    ),
    walk("list_bool_max_bool", "list(bool).max() -> bool", max),
    walk(
        "list_duration_max_duration",
        "list(duration).max() -> duration",
        max,
    ),
    walk(
        "list_timestamp_max_timestamp",
        "list(timestamp).max() -> timestamp",
        max,
    ),
    walk(
        "list_string_max_string",
        "list(string).max() -> string",
        max,
    ),
    walk("list_bytes_max_bytes", "list(bytes).max() -> bytes", max),
    walk("list_int_min_int", "list(int).min() -> int", min),
    walk("list_uint_min_uint", "list(uint).min() -> uint", min),
    walk(
        "list_double_min_double",
        "list(double).min() -> double",
        min,
    ),
    walk("list_bool_min_bool", "list(bool).min() -> bool", min),
    walk(
        "list_duration_min_duration",
        "list(duration).min() -> duration",
        min,
    ),
    walk(
        "list_timestamp_min_timestamp",
        "list(timestamp).min() -> timestamp",
        min,
    ),
    walk(
        "list_string_min_string",
        "list(string).min() -> string",
        min,
    ),
    walk("list_bytes_min_bytes", "list(bytes).min() -> bytes", min),
    walk("list_a_index_of_int", "list(T).indexOf(T) -> int", index_of),
    walk(
        "list_a_last_index_of_int",
        "list(T).lastIndexOf(T) -> int",
        last_index_of,
    ),
];

fn list<'v, 'a>(args: &'v [Value<'a>]) -> Result<&'v List<'a>, Box<EvalError>> {
    match args.first() {
        Some(Value::List(list)) => Ok(list),
        _ => Err(EvalError::no_such_overload().into()),
    }
}

fn order(left: &Value<'_>, right: &Value<'_>) -> Result<Ordering, Box<EvalError>> {
    match (left, right, left.partial_cmp(right)) {
        (_, _, Some(order)) => Ok(order),
        // NaN is neither before nor after another number.
        (Value::Double(_), Value::Double(_), None) => Ok(Ordering::Equal),
        _ => Err(EvalError::no_such_overload().into()),
    }
}

fn is_sorted<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let list = list(args)?;
    let mut last: Option<Value<'a>> = None;
    for item in list.iter() {
        if let Some(last) = &last
            && order(last, &item)?.is_gt()
        {
            return Ok(Value::Bool(false));
        }
        last = Some(item);
    }
    Ok(Value::Bool(true))
}

fn sum<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    sum_from(args, Value::Int(0))
}

/// The sum of a list; `nothing` where it is empty.
fn sum_from<'a>(args: &[Value<'a>], nothing: Value<'a>) -> Evaluated<'a> {
    let mut items = list(args)?.iter();
    let Some(first) = items.next() else {
        return Ok(nothing);
    };
    items.try_fold(first, |sum, item| add(&sum, &item))
}

fn add<'a>(left: &Value<'a>, right: &Value<'a>) -> Evaluated<'a> {
    let overflow = |what: &str| Box::new(EvalError::new(what));
    match (left, right) {
        (Value::Int(left), Value::Int(right)) => left
            .checked_add(*right)
            .map(Value::Int)
            .ok_or_else(|| overflow("integer overflow")),
        (Value::UInt(left), Value::UInt(right)) => left
            .checked_add(*right)
            .map(Value::UInt)
            .ok_or_else(|| overflow("unsigned integer overflow")),
        (Value::Double(left), Value::Double(right)) => Ok(Value::Double(left + right)),
        (Value::Duration(left), Value::Duration(right)) => left
            .checked_add(*right)
            .map(Value::Duration)
            .ok_or_else(|| overflow("integer overflow")),
        _ => Err(EvalError::no_such_overload().into()),
    }
}

fn min<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    extreme(list(args)?, "min", Ordering::Less)
}

fn max<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    extreme(list(args)?, "max", Ordering::Greater)
}

/// The first element that stands in this order to all others.
fn extreme<'a>(list: &List<'a>, name: &str, wanted: Ordering) -> Evaluated<'a> {
    let mut items = list.iter();
    let Some(mut found) = items.next() else {
        return Err(EvalError::new(format!("{name} called on empty list")).into());
    };
    order(&found, &found)?;
    for item in items {
        if order(&item, &found)? == wanted {
            found = item;
        }
    }
    Ok(found)
}

fn position<'a>(position: Option<usize>) -> Value<'a> {
    Value::Int(position.map_or(-1, |at| i64::try_from(at).unwrap_or(i64::MAX)))
}

fn index_of<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let [Value::List(list), wanted] = args else {
        return Err(EvalError::no_such_overload().into());
    };
    Ok(position(list.iter().position(|item| item == *wanted)))
}

fn last_index_of<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let [Value::List(list), wanted] = args else {
        return Err(EvalError::no_such_overload().into());
    };
    let from_end = list.iter().rev().position(|item| item == *wanted);
    Ok(position(from_end.map(|at| list.len() - 1 - at)))
}
