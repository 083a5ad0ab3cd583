//! `slice`, `flatten`, `sort` and the like.

use std::cmp::Ordering;

use super::{super::size::size, list_of, position};
use crate::{
    effort,
    error::{EvalError, Evaluated, Issue},
    function::{Call, Library, Overload},
    syntax::{
        ast::{Expr, ExprKind},
        macros::{Expanded, Macro, Parts, append, looped, variable},
        nodes::Nodes,
    },
    value::{List, Value},
};

/// cel-go's `lists` library.
pub const LISTS: Library = Library {
    name: "ext.lists",
    overloads: &[
        Overload::new("list_slice", "list(T).slice(int, int) -> list(T)", slice)
            .costs_by_result(of_result)
            .when_resolved(),
        Overload::new(
            "list_flatten",
            "list(list(T)).flatten() -> list(T)",
            flatten,
        )
        .costs_when_resolved(of_flattening),
        Overload::new(
            "list_flatten_int",
            "list(dyn).flatten(int) -> list(dyn)",
            flatten,
        )
        .costs_when_resolved(of_flattening),
        Overload::new("lists_range", "lists.range(int) -> list(int)", range)
            .costs_by_result(of_result)
            .when_resolved(),
        Overload::new("list_reverse", "list(T).reverse() -> list(T)", reverse)
            .costs_by_result(of_result)
            .when_resolved(),
        Overload::new("list_distinct", "list(T).distinct() -> list(T)", distinct)
            .costs_when_resolved(of_pairs),
        Overload::new("list_int_sort", "list(int).sort() -> list(int)", sort)
            .costs_by_result(of_sorting)
            .when_resolved(),
        Overload::new("list_uint_sort", "list(uint).sort() -> list(uint)", sort)
            .costs_by_result(of_sorting)
            .when_resolved(),
        Overload::new(
            "list_double_sort",
            "list(double).sort() -> list(double)",
            sort,
        )
        .costs_by_result(of_sorting)
        .when_resolved(),
        Overload::new("list_bool_sort", "list(bool).sort() -> list(bool)", sort)
            .costs_by_result(of_sorting)
            .when_resolved(),
        Overload::new(
            "list_duration_sort",
            "list(duration).sort() -> list(duration)",
            sort,
        )
        .costs_by_result(of_sorting)
        .when_resolved(),
        Overload::new(
            "list_timestamp_sort",
            "list(timestamp).sort() -> list(timestamp)",
            sort,
        )
        .costs_by_result(of_sorting)
        .when_resolved(),
        Overload::new(
            "list_string_sort",
            "list(string).sort() -> list(string)",
            sort,
        )
        .costs_by_result(of_sorting)
        .when_resolved(),
        Overload::new("list_bytes_sort", "list(bytes).sort() -> list(bytes)", sort)
            .costs_by_result(of_sorting)
            .when_resolved(),
        sorted_by(
            "list_int_sortByAssociatedKeys",
            "list(T).@sortByAssociatedKeys(list(int)) -> list(T)",
        ),
        sorted_by(
            "list_uint_sortByAssociatedKeys",
            "list(T).@sortByAssociatedKeys(list(uint)) -> list(T)",
        ),
        sorted_by(
            "list_double_sortByAssociatedKeys",
            "list(T).@sortByAssociatedKeys(list(double)) -> list(T)",
        ),
        sorted_by(
            "list_bool_sortByAssociatedKeys",
            "list(T).@sortByAssociatedKeys(list(bool)) -> list(T)",
        ),
        sorted_by(
            "list_duration_sortByAssociatedKeys",
            "list(T).@sortByAssociatedKeys(list(duration)) -> list(T)",
        ),
        sorted_by(
            "list_timestamp_sortByAssociatedKeys",
            "list(T).@sortByAssociatedKeys(list(timestamp)) -> list(T)",
        ),
        sorted_by(
            "list_string_sortByAssociatedKeys",
            "list(T).@sortByAssociatedKeys(list(string)) -> list(T)",
        ),
        sorted_by(
            "list_bytes_sortByAssociatedKeys",
            "list(T).@sortByAssociatedKeys(list(bytes)) -> list(T)",
        ),
    ],
    macros: &[Macro::member("sortBy", Some(2), sort_by)],
    variables: &[],
};

const fn sorted_by(id: &'static str, signature: &'static str) -> Overload {
    Overload::new(id, signature, sort_by_keys)
        .costs_by_result(of_sorting)
        .when_resolved()
}

/// What a list costs that a function makes.
const NEW: u64 = 11;

fn of_result(_args: &[Value<'_>], result: Option<&Value<'_>>) -> u64 {
    size(result).saturating_add(NEW)
}

fn of_flattening(args: &[Value<'_>]) -> u64 {
    let depth = match args.get(1) {
        Some(Value::Int(depth)) => u64::try_from(*depth).unwrap_or(1),
        _ => 1,
    };
    size(args.first()).saturating_mul(depth).saturating_add(NEW)
}

fn of_pairs(args: &[Value<'_>]) -> u64 {
    comparisons(args.first()).saturating_add(NEW)
}

fn of_sorting(args: &[Value<'_>], result: Option<&Value<'_>>) -> u64 {
    match result {
        // What is compared is the keys, if there are any.
        Some(_) => comparisons(args.last()).saturating_add(NEW),
        None => 1,
    }
}

/// Every element is compared with every other, back and forth; text and bytes cost a tenth more.
fn comparisons(list: Option<&Value<'_>>) -> u64 {
    let count = size(list);
    let pairs = count.saturating_mul(count);
    let is_text = match list {
        Some(Value::List(list)) => matches!(list.get(0), Some(Value::String(_) | Value::Bytes(_))),
        _ => false,
    };
    match is_text {
        true => pairs.saturating_mul(21) / 10,
        false => pairs.saturating_mul(2),
    }
}

/// `list.sortBy(name, key)`: the keys are computed first, then the list is sorted by them.
fn sort_by(nodes: &mut Nodes, parts: Parts) -> Result<Expanded, Issue> {
    const INPUT: &str = "@__sortBy_input__";
    let (Some(target), Ok([name, key])) = (parts.target, <[Expr; 2]>::try_from(parts.args)) else {
        return Ok(Expanded::Not(Parts {
            target: None,
            args: Vec::new(),
        }));
    };
    if matches!(
        target.kind,
        ExprKind::Literal(_) | ExprKind::Map(_) | ExprKind::Struct { .. }
    ) {
        let problem = "sortBy can only be applied to a list, identifier, comprehension, call or \
                       select expression";
        return Err(nodes.issue(&target, problem));
    }
    if !matches!(name.kind, ExprKind::Ident(_)) {
        return Err(nodes.issue(&name, "argument is not an identifier"));
    }
    variable(nodes, &name)?;
    let mapped = Parts {
        target: Some(nodes.ident(INPUT)),
        args: vec![name, key],
    };
    let Expanded::Into(keys) = looped(nodes, mapped, 1, append)? else {
        return Ok(Expanded::Not(Parts {
            target: None,
            args: Vec::new(),
        }));
    };
    let input = nodes.ident(INPUT);
    let sorted = nodes.member_call("@sortByAssociatedKeys", input, vec![keys]);
    Ok(Expanded::Into(nodes.bind(INPUT, target, sorted)))
}

fn slice<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let [_, from, to] = args else {
        return Err(EvalError::no_such_overload().into());
    };
    let list = list_of(args)?;
    let (from, to) = (position(from)?, position(to)?);
    let refuse =
        |why: String| Err(EvalError::new(format!("cannot slice({from}, {to}), {why}")).into());
    let (Ok(start), Ok(end)) = (usize::try_from(from), usize::try_from(to)) else {
        return refuse("negative indexes not supported".to_owned());
    };
    if start > end {
        return refuse("start index must be less than or equal to end index".to_owned());
    }
    if end > list.len() {
        return refuse(format!("list is length {}", list.len()));
    }
    Ok(Value::List(
        (start..end).filter_map(|at| list.get(at)).collect(),
    ))
}

fn flatten<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let depth = args.get(1).map_or(Ok(1), position)?;
    if depth < 0 {
        return Err(EvalError::new("level must be non-negative").into());
    }
    let mut flat = Vec::new();
    flatten_into(list_of(args)?, depth, &mut flat);
    effort::list(flat.len())?;
    Ok(Value::List(flat.into()))
}

fn flatten_into<'a>(list: &List<'a>, depth: i64, flat: &mut Vec<Value<'a>>) {
    for item in list.iter() {
        if !effort::spend(1) || flat.len() > effort::LONGEST_LIST {
            return;
        }
        match item {
            Value::List(inner) if depth > 0 => flatten_into(&inner, depth - 1, flat),
            other => flat.push(other),
        }
    }
}

/// A list is not made longer than this.
const LONGEST: i64 = effort::LONGEST_LIST as i64;

fn range<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let [count] = args else {
        return Err(EvalError::no_such_overload().into());
    };
    match position(count)? {
        count if count < 0 => {
            let problem = format!("lists.range: size must be non-negative, got {count}");
            Err(EvalError::new(problem).into())
        }
        count if count > LONGEST => {
            let problem = format!("lists.range: size must be at most {LONGEST}, got {count}");
            Err(EvalError::new(problem).into())
        }
        count => Ok(Value::List((0..count).map(Value::Int).collect())),
    }
}

fn reverse<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    Ok(Value::List(list_of(args)?.iter().rev().collect()))
}

fn distinct<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let mut found: Vec<Value<'a>> = Vec::new();
    for item in list_of(args)?.iter() {
        effort::take(u64::try_from(found.len()).unwrap_or(u64::MAX))?;
        if !found.contains(&item) {
            found.push(item);
        }
    }
    Ok(Value::List(found.into()))
}

fn sort<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let list: Vec<Value<'a>> = list_of(args)?.iter().collect();
    let keys = list.clone();
    sorted(list, &keys)
}

fn sort_by_keys<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let [Value::List(list), Value::List(keys)] = args else {
        return Err(EvalError::no_such_overload().into());
    };
    let keys: Vec<Value<'a>> = keys.iter().collect();
    sorted(list.iter().collect(), &keys)
}

fn sorted<'a>(list: Vec<Value<'a>>, keys: &[Value<'a>]) -> Evaluated<'a> {
    let Some(first) = keys.first() else {
        return Ok(Value::List(list.into()));
    };
    if first.partial_cmp(first).is_none() && !matches!(first, Value::Double(_)) {
        return Err(EvalError::new("list elements must be comparable").into());
    }
    let kind = first.runtime_type();
    if keys.iter().any(|key| key.runtime_type() != kind) {
        return Err(EvalError::new("list elements must have the same type").into());
    }
    let mut paired: Vec<(Value<'a>, &Value<'a>)> = list.into_iter().zip(keys).collect();
    paired.sort_by(|(_, left), (_, right)| left.partial_cmp(right).unwrap_or(Ordering::Equal));
    Ok(Value::List(
        paired.into_iter().map(|(item, _)| item).collect(),
    ))
}
