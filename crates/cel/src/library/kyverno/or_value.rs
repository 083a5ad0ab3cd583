//! `value.orValue(other)`, also for values that are no optionals.

use crate::{
    error::{EvalError, Evaluated, Issue},
    function::{Call, Library, Overload},
    syntax::{
        macros::{Expanded, Macro, Parts},
        nodes::Nodes,
    },
    value::Value,
};

/// Kyverno's `orValue`. Both sides are evaluated, and an error of either is the result.
pub const OR_VALUE: Library = Library {
    name: "kyverno.orValue",
    overloads: &[Overload::new(
        "or_value_compat",
        "@orValue(dyn, dyn) -> dyn",
        or_value,
    )],
    macros: &[Macro::member("orValue", Some(1), expand)],
    variables: &[],
};

fn expand(nodes: &mut Nodes, parts: Parts) -> Result<Expanded, Issue> {
    let Parts { target, mut args } = parts;
    match target {
        Some(target) => {
            args.insert(0, target);
            Ok(Expanded::Into(nodes.call("@orValue", args)))
        }
        None => Ok(Expanded::Not(Parts { target, args })),
    }
}

fn or_value<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    match args {
        [Value::Optional(Some(held)), _] => Ok((**held).clone()),
        [Value::Optional(None), other] | [other, _] => Ok(other.clone()),
        _ => Err(EvalError::no_such_overload().into()),
    }
}
