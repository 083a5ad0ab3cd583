//! Loops with two variables: index and element of a list, key and value of a map.

use crate::{
    error::{EvalError, Evaluated, Issue},
    function::{Call, Library, Overload},
    syntax::{
        ast::{Expr, Literal, operator},
        macros::{
            Body, Expanded, Fold, Macro, Parts, all, append, append_some, exists, exists_one,
            looped,
        },
        nodes::Nodes,
    },
    value::{Key, Map, Value},
};

/// cel-go's two-variable comprehensions.
pub const TWO_VARIABLES: Library = Library {
    name: "ext.twoVariableComprehensions",
    overloads: &[
        Overload::new(
            "@mapInsert_map_map",
            "cel.@mapInsert(map(K, V), map(K, V)) -> map(K, V)",
            insert,
        ),
        Overload::new(
            "@mapInsert_map_key_value",
            "cel.@mapInsert(map(K, V), K, V) -> map(K, V)",
            insert,
        ),
    ],
    macros: &[
        Macro::member("all", Some(3), |nodes, parts| two(nodes, parts, all)),
        Macro::member("exists", Some(3), |nodes, parts| two(nodes, parts, exists)),
        Macro::member("existsOne", Some(3), |nodes, parts| {
            two(nodes, parts, exists_one)
        }),
        Macro::member("exists_one", Some(3), |nodes, parts| {
            two(nodes, parts, exists_one)
        }),
        Macro::member("transformList", Some(3), |nodes, parts| {
            two(nodes, parts, append)
        }),
        Macro::member("transformList", Some(4), |nodes, parts| {
            two(nodes, parts, append_some)
        }),
        Macro::member("transformMap", Some(3), |nodes, parts| {
            keyed(nodes, parts, added)
        }),
        Macro::member("transformMap", Some(4), |nodes, parts| {
            keyed(nodes, parts, added_some)
        }),
        Macro::member("transformMapEntry", Some(3), |nodes, parts| {
            two(nodes, parts, merged)
        }),
        Macro::member("transformMapEntry", Some(4), |nodes, parts| {
            two(nodes, parts, merged_some)
        }),
    ],
    variables: &[],
};

fn two(nodes: &mut Nodes, parts: Parts, body: Body) -> Result<Expanded, Issue> {
    looped(nodes, parts, 2, body)
}

/// The same for a body that is given the key, too.
fn keyed(nodes: &mut Nodes, mut parts: Parts, body: Body) -> Result<Expanded, Issue> {
    let key = parts.args.first().map(|key| nodes.copy(key));
    parts.args.extend(key);
    two(nodes, parts, body)
}

fn mapped(nodes: &mut Nodes, step: Expr) -> Fold {
    Fold {
        init: nodes.empty_map(),
        condition: nodes.literal(Literal::Bool(true)),
        step,
        result: nodes.accumulator(),
    }
}

fn where_holds(nodes: &mut Nodes, predicate: Expr, step: Expr) -> Expr {
    let unchanged = nodes.accumulator();
    nodes.call(operator::CONDITIONAL, vec![predicate, step, unchanged])
}

fn with_entry(nodes: &mut Nodes, mut entry: Vec<Expr>) -> Expr {
    let accumulator = nodes.accumulator();
    entry.insert(0, accumulator);
    nodes.call("cel.@mapInsert", entry)
}

fn added(nodes: &mut Nodes, args: Vec<Expr>) -> Option<Fold> {
    let [value, key] = <[Expr; 2]>::try_from(args).ok()?;
    let step = with_entry(nodes, vec![key, value]);
    Some(mapped(nodes, step))
}

fn added_some(nodes: &mut Nodes, args: Vec<Expr>) -> Option<Fold> {
    let [predicate, value, key] = <[Expr; 3]>::try_from(args).ok()?;
    let step = with_entry(nodes, vec![key, value]);
    let step = where_holds(nodes, predicate, step);
    Some(mapped(nodes, step))
}

fn merged(nodes: &mut Nodes, args: Vec<Expr>) -> Option<Fold> {
    let [entries] = <[Expr; 1]>::try_from(args).ok()?;
    let step = with_entry(nodes, vec![entries]);
    Some(mapped(nodes, step))
}

fn merged_some(nodes: &mut Nodes, args: Vec<Expr>) -> Option<Fold> {
    let [predicate, entries] = <[Expr; 2]>::try_from(args).ok()?;
    let step = with_entry(nodes, vec![entries]);
    let step = where_holds(nodes, predicate, step);
    Some(mapped(nodes, step))
}

/// The map with entries added, whose keys it may not have yet.
fn insert<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let (map, added): (&Map<'a>, Vec<(Key<'a>, Value<'a>)>) = match args {
        [Value::Map(map), Value::Map(added)] => (map, added.iter().collect()),
        [Value::Map(map), key, value] => {
            let key = Key::of(key).ok_or_else(EvalError::no_such_overload)?;
            (map, vec![(key, value.clone())])
        }
        _ => return Err(EvalError::no_such_overload().into()),
    };
    if let Some((key, _)) = added.iter().find(|(key, _)| map.get(key).is_some()) {
        let key = key.to_value();
        return Err(EvalError::new(format!("insert failed: key {key} already exists")).into());
    }
    Ok(Value::Map(map.iter().chain(added).collect()))
}
