//! Indices, `in` and sizes.

use super::super::size::size;
use crate::{
    error::{EvalError, Evaluated},
    function::{Call, Library, Overload},
    value::{Key, List, Value},
};

/// What lists and maps are asked.
pub const COLLECTION: Library = Library {
    name: "standard.collection",
    overloads: &[
        Overload::new("index_list", "_[_](list(A), int) -> A", index),
        Overload::new("index_map", "_[_](map(A, B), A) -> B", index),
        Overload::new("in_list", "@in(A, list(A)) -> bool", is_in).costs_when_resolved(of_search),
        Overload::new("in_map", "@in(A, map(A, B)) -> bool", is_in),
        Overload::new("size_bytes", "size(bytes) -> int", sized),
        Overload::new("bytes_size", "bytes.size() -> int", sized),
        Overload::new("size_list", "size(list(A)) -> int", sized),
        Overload::new("list_size", "list(A).size() -> int", sized),
        Overload::new("size_map", "size(map(A, B)) -> int", sized),
        Overload::new("map_size", "map(A, B).size() -> int", sized),
        Overload::new("size_string", "size(string) -> int", sized),
        Overload::new("string_size", "string.size() -> int", sized),
    ],
    macros: &[],
    variables: &[],
};

/// Looking through a list costs as much as it is long.
fn of_search(args: &[Value<'_>]) -> u64 {
    size(args.get(1))
}

fn index<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    match args {
        [Value::List(list), index] => element(list, index),
        [Value::Map(map), key] => Key::of(key)
            .and_then(|key| map.get(&key))
            .ok_or_else(|| no_such_key(key)),
        _ => Err(EvalError::no_such_overload().into()),
    }
}

/// The error for a key that a map does not have.
pub(crate) fn no_such_key(key: &Value<'_>) -> Box<EvalError> {
    EvalError::no_such_key(&key.to_string()).into()
}

/// The element of a list at an index, which may be a whole `double`.
pub(crate) fn element<'a>(list: &List<'a>, index: &Value<'a>) -> Evaluated<'a> {
    let at = match Key::of(index) {
        Some(Key::Int(at)) => usize::try_from(at).ok(),
        Some(Key::UInt(at)) => usize::try_from(at).ok(),
        _ => {
            let of = index.runtime_type();
            let problem = format!("unsupported index type '{of}' in list");
            return Err(EvalError::new(problem).into());
        }
    };
    at.and_then(|at| list.get(at))
        .ok_or_else(|| EvalError::new(format!("index out of bounds: {index}")).into())
}

fn is_in<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    match args {
        [value, Value::List(list)] => Ok(Value::Bool(list.iter().any(|item| item == *value))),
        [key, Value::Map(map)] => {
            let found = Key::of(key).is_some_and(|key| map.get(&key).is_some());
            Ok(Value::Bool(found))
        }
        _ => Err(EvalError::no_such_overload().into()),
    }
}

fn sized<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let size = match args {
        [Value::String(text)] => text.chars().count(),
        [Value::Bytes(bytes)] => bytes.len(),
        [Value::List(list)] => list.len(),
        [Value::Map(map)] => map.len(),
        _ => return Err(EvalError::no_such_overload().into()),
    };
    Ok(Value::Int(i64::try_from(size).unwrap_or(i64::MAX)))
}
