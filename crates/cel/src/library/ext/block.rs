//! `cel.block`: values by number, for expressions that tools write. A value is computed when it is
//! first needed.
//!
//! ```text
//! cel.block([object.spec.replicas, cel.index(0) * 2], cel.index(1) > 4)
//! [1, 2].map(cel.iterVar(0, 0), cel.iterVar(0, 0) + 1)
//! ```

use super::bindings::is_on;
use crate::{
    error::Issue,
    function::Library,
    syntax::{
        ast::{Expr, ExprKind, Literal},
        macros::{Expanded, Macro, Parts},
        nodes::Nodes,
    },
};

/// `cel.block`, with the names of its values and of the variables of loops.
pub const BLOCK: Library = Library {
    name: "ext.block",
    overloads: &[],
    macros: &[
        Macro::member("block", Some(2), block),
        Macro::member("index", Some(1), index),
        Macro::member("iterVar", Some(2), iteration_variable),
    ],
    variables: &[],
};

fn block(nodes: &mut Nodes, parts: Parts) -> Result<Expanded, Issue> {
    if !is_on(&parts, "cel") {
        return Ok(Expanded::Not(parts));
    }
    let target = parts.target;
    match <[Expr; 2]>::try_from(parts.args) {
        Ok([values, body]) => {
            let message = "cel.block requires a list of values as its first argument";
            let values = match values {
                Expr {
                    kind: ExprKind::List { elements, optional },
                    ..
                } if optional.is_empty() => elements,
                other => return Err(nodes.issue(&other, message)),
            };
            // A value may read those before it: the last one stands innermost.
            let numbered = values.into_iter().enumerate().rev();
            let whole = numbered.fold(body, |body, (number, value)| {
                nodes.bind(&value_name(number), value, body)
            });
            Ok(Expanded::Into(whole))
        }
        Err(args) => Ok(Expanded::Not(Parts { target, args })),
    }
}

/// No name of an author starts with `@`.
fn value_name(number: impl std::fmt::Display) -> String {
    format!("@index{number}")
}

fn index(nodes: &mut Nodes, parts: Parts) -> Result<Expanded, Issue> {
    if !is_on(&parts, "cel") {
        return Ok(Expanded::Not(parts));
    }
    let numbers = numbers(nodes, &parts.args, "cel.index")?;
    match numbers.as_slice() {
        [number] => Ok(Expanded::Into(nodes.ident(&value_name(number)))),
        _ => Ok(Expanded::Not(parts)),
    }
}

fn iteration_variable(nodes: &mut Nodes, parts: Parts) -> Result<Expanded, Issue> {
    if !is_on(&parts, "cel") {
        return Ok(Expanded::Not(parts));
    }
    let numbers = numbers(nodes, &parts.args, "cel.iterVar")?;
    match numbers.as_slice() {
        [depth, number] => Ok(Expanded::Into(
            nodes.ident(&format!("@it:{depth}:{number}")),
        )),
        _ => Ok(Expanded::Not(parts)),
    }
}

/// Arguments that are whole numbers from 0 on.
fn numbers(nodes: &Nodes, args: &[Expr], macro_name: &str) -> Result<Vec<i64>, Issue> {
    let number = |arg: &Expr| match &arg.kind {
        ExprKind::Literal(Literal::Int(number)) if *number >= 0 => Ok(*number),
        _ => {
            let message = format!("{macro_name} requires whole numbers from 0 on");
            Err(nodes.issue(arg, message))
        }
    };
    args.iter().map(number).collect()
}
