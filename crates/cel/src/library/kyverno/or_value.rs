//! `value.orValue(other)`, also for values that are no optionals, and that have none.

use crate::{
    error::{EvalError, Evaluated, Issue},
    function::{Call, Library, Overload},
    syntax::{
        macros::{Expanded, Macro, Parts},
        nodes::Nodes,
    },
    value::Value,
};

/// The name of the function that the macro becomes. The interpreter evaluates it itself, as it may
/// do without its first argument.
pub const OR_VALUE_FUNCTION: &str = "@orValue";

/// Kyverno's `orValue`.
pub const OR_VALUE: Library = Library {
    name: "kyverno.orValue",
    overloads: &[Overload::new(
        "or_value_compat",
        "@orValue(dyn, dyn) -> dyn",
        refuse,
    )],
    macros: &[Macro::member("orValue", Some(1), expand)],
    variables: &[],
};

fn expand(nodes: &mut Nodes, parts: Parts) -> Result<Expanded, Issue> {
    let Parts { target, mut args } = parts;
    match target {
        Some(target) => {
            args.insert(0, target);
            Ok(Expanded::Into(nodes.call(OR_VALUE_FUNCTION, args)))
        }
        None => Ok(Expanded::Not(Parts { target, args })),
    }
}

fn refuse<'a>(_call: &Call<'_>, _args: &[Value<'a>]) -> Evaluated<'a> {
    Err(EvalError::no_such_overload().into())
}
