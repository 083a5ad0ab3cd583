//! Values that may be absent.

use std::sync::Arc;

use super::list_of;
use crate::{
    error::{EvalError, Evaluated, Issue},
    function::{Call, Library, Overload},
    syntax::{
        ast::{Expr, operator},
        macros::{Expanded, Macro, Parts, variable},
        nodes::Nodes,
    },
    value::Value,
};

/// cel-go's optional types.
pub const OPTIONAL: Library = Library {
    name: "optional",
    overloads: &[
        Overload::new("optional_of", "optional.of(V) -> optional_type(V)", of),
        Overload::new(
            "optional_ofNonZeroValue",
            "optional.ofNonZeroValue(V) -> optional_type(V)",
            of_non_zero,
        ),
        Overload::new(
            "optional_none",
            "optional.none() -> optional_type(V)",
            |_, _| Ok(Value::Optional(None)),
        ),
        Overload::new(
            "optional_hasValue",
            "optional_type(V).hasValue() -> bool",
            has_value,
        ),
        Overload::new("optional_value", "optional_type(V).value() -> V", value),
        Overload::new(
            "optional_or_optional",
            "optional_type(V).or(optional_type(V)) -> optional_type(V)",
            refuse,
        ),
        Overload::new(
            "optional_orValue_value",
            "optional_type(V).orValue(V) -> V",
            refuse,
        ),
        Overload::new(
            "optional_unwrap",
            "optional.unwrap(list(optional_type(V))) -> list(V)",
            unwrap,
        ),
        Overload::new(
            "optional_unwrapOpt",
            "list(optional_type(V)).unwrapOpt() -> list(V)",
            unwrap,
        ),
        Overload::new("list_first", "list(V).first() -> optional_type(V)", first),
        Overload::new("list_last", "list(V).last() -> optional_type(V)", last),
        Overload::new(
            "list_optindex_optional_int",
            "_[?_](list(V), int) -> optional_type(V)",
            refuse,
        ),
        Overload::new(
            "optional_list_optindex_optional_int",
            "_[?_](optional_type(list(V)), int) -> optional_type(V)",
            refuse,
        ),
        Overload::new(
            "map_optindex_optional_value",
            "_[?_](map(K, V), K) -> optional_type(V)",
            refuse,
        ),
        Overload::new(
            "optional_map_optindex_optional_value",
            "_[?_](optional_type(map(K, V)), K) -> optional_type(V)",
            refuse,
        ),
        Overload::new(
            "optional_list_index_int",
            "_[_](optional_type(list(V)), int) -> optional_type(V)",
            refuse,
        ),
        Overload::new(
            "optional_map_index_value",
            "_[_](optional_type(map(K, V)), K) -> optional_type(V)",
            refuse,
        ),
    ],
    macros: &[
        Macro::member("optMap", Some(2), |nodes, parts| mapped(nodes, parts, true)),
        Macro::member("optFlatMap", Some(2), |nodes, parts| {
            mapped(nodes, parts, false)
        }),
    ],
    variables: &[],
};

/// What the interpreter evaluates itself.
fn refuse<'a>(_call: &Call<'_>, _args: &[Value<'a>]) -> Evaluated<'a> {
    Err(EvalError::no_such_overload().into())
}

/// `target.optMap(name, body)`: the body of what the target holds.
fn mapped(nodes: &mut Nodes, parts: Parts, wraps: bool) -> Result<Expanded, Issue> {
    let (Some(target), Ok([name, body])) = (parts.target, <[Expr; 2]>::try_from(parts.args)) else {
        return Ok(Expanded::Not(Parts {
            target: None,
            args: Vec::new(),
        }));
    };
    let macro_name = if wraps { "optMap" } else { "optFlatMap" };
    let name = variable(nodes, &name).map_err(|mut issue| {
        issue.message = format!("{macro_name}() variable name must be a simple identifier");
        issue
    })?;
    let again = nodes.copy(&target);
    let asked = nodes.member_call("hasValue", target, Vec::new());
    let held = nodes.member_call("value", again, Vec::new());
    let mut bound = nodes.bind(&name, held, body);
    if wraps {
        bound = nodes.call("optional.of", vec![bound]);
    }
    let none = nodes.call("optional.none", Vec::new());
    let whole = nodes.call(operator::CONDITIONAL, vec![asked, bound, none]);
    Ok(Expanded::Into(whole))
}

fn holding<'a>(value: Option<Value<'a>>) -> Value<'a> {
    Value::Optional(value.map(Arc::new))
}

fn of<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    match args {
        [value] => Ok(holding(Some(value.clone()))),
        _ => Err(EvalError::no_such_overload().into()),
    }
}

fn of_non_zero<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    match args {
        [value] => Ok(holding(
            Some(value).filter(|value| !is_zero(value)).cloned(),
        )),
        _ => Err(EvalError::no_such_overload().into()),
    }
}

fn is_zero(value: &Value<'_>) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::Int(number) => *number == 0,
        Value::UInt(number) => *number == 0,
        Value::Double(number) => *number == 0.0,
        Value::String(text) => text.is_empty(),
        Value::Bytes(bytes) => bytes.is_empty(),
        Value::List(list) => list.is_empty(),
        Value::Map(map) => map.is_empty(),
        Value::Struct(of) => of.fields.is_empty(),
        Value::Duration(nanos) => *nanos == 0,
        // Go's zero time is the start of the year 1.
        Value::Timestamp(at) => at.seconds == -62_135_596_800 && at.nanos == 0,
        Value::Type(_) | Value::Optional(_) | Value::Opaque(_) => false,
    }
}

fn held<'v, 'a>(args: &'v [Value<'a>]) -> Result<Option<&'v Value<'a>>, Box<EvalError>> {
    match args {
        [Value::Optional(held)] => Ok(held.as_deref()),
        _ => Err(EvalError::no_such_overload().into()),
    }
}

fn has_value<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    Ok(Value::Bool(held(args)?.is_some()))
}

fn value<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let held = held(args)?.cloned();
    held.ok_or_else(|| EvalError::new("optional.none() dereference").into())
}

fn unwrap<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let mut found = Vec::new();
    for item in list_of(args)?.iter() {
        match item {
            Value::Optional(held) => found.extend(held.as_deref().cloned()),
            other => {
                let problem = format!("value {other} is not optional");
                return Err(EvalError::new(problem).into());
            }
        }
    }
    Ok(Value::List(found.into()))
}

fn first<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    Ok(holding(list_of(args)?.get(0)))
}

fn last<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let list = list_of(args)?;
    Ok(holding(
        list.len().checked_sub(1).and_then(|at| list.get(at)),
    ))
}
