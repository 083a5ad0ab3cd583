//! Lists as sets.

use super::super::size::size;
use crate::{
    error::{EvalError, Evaluated},
    function::{Library, Overload},
    value::{List, Value},
};

/// cel-go's `sets` library.
pub const SETS: Library = Library {
    name: "ext.sets",
    overloads: &[
        Overload::new(
            "list_sets_contains_list",
            "sets.contains(list(T), list(T)) -> bool",
            |_, args| both(args, |set, part| has_all(set, part)),
        )
        .costs_when_resolved(of_pairs),
        Overload::new(
            "list_sets_equivalent_list",
            "sets.equivalent(list(T), list(T)) -> bool",
            |_, args| {
                both(args, |left, right| {
                    has_all(left, right) && has_all(right, left)
                })
            },
        )
        .costs_when_resolved(of_pairs_twice),
        Overload::new(
            "list_sets_intersects_list",
            "sets.intersects(list(T), list(T)) -> bool",
            |_, args| {
                both(args, |left, right| {
                    right.iter().any(|item| has(left, &item))
                })
            },
        )
        .costs_when_resolved(of_pairs),
    ],
    macros: &[],
    variables: &[],
};

fn of_pairs(args: &[Value<'_>]) -> u64 {
    let pairs = size(args.first()).saturating_mul(size(args.get(1)));
    pairs.saturating_add(1)
}

fn of_pairs_twice(args: &[Value<'_>]) -> u64 {
    let pairs = size(args.first()).saturating_mul(size(args.get(1)));
    pairs.saturating_mul(2).saturating_add(1)
}

fn both<'a>(args: &[Value<'a>], holds: fn(&List<'a>, &List<'a>) -> bool) -> Evaluated<'a> {
    match args {
        [Value::List(left), Value::List(right)] => Ok(Value::Bool(holds(left, right))),
        _ => Err(EvalError::no_such_overload().into()),
    }
}

fn has(list: &List<'_>, wanted: &Value<'_>) -> bool {
    list.iter().any(|item| item == *wanted)
}

fn has_all(list: &List<'_>, wanted: &List<'_>) -> bool {
    wanted.iter().all(|item| has(list, &item))
}
