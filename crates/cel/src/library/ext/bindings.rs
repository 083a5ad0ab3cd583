//! `cel.bind`: a name for a value.

use crate::{
    error::Issue,
    function::Library,
    syntax::{
        ast::{Expr, ExprKind},
        macros::{Expanded, Macro, Parts, variable},
        nodes::Nodes,
    },
};

/// cel-go's `bindings` library.
pub const BINDINGS: Library = Library {
    name: "ext.bindings",
    overloads: &[],
    macros: &[Macro::member("bind", Some(3), bind)],
    variables: &[],
};

/// Whether a macro is called on the name of its library.
pub(super) fn is_on(parts: &Parts, library: &str) -> bool {
    let target = parts.target.as_ref().map(|target| &target.kind);
    matches!(target, Some(ExprKind::Ident(name)) if name == library)
}

fn bind(nodes: &mut Nodes, parts: Parts) -> Result<Expanded, Issue> {
    if !is_on(&parts, "cel") {
        return Ok(Expanded::Not(parts));
    }
    match <[Expr; 3]>::try_from(parts.args) {
        Ok([name, value, body]) => {
            let name = match variable(nodes, &name) {
                Ok(name) => name,
                Err(_) => {
                    let message = "cel.bind() variable names must be simple identifiers";
                    return Err(nodes.issue(&name, message));
                }
            };
            Ok(Expanded::Into(nodes.bind(&name, value, body)))
        }
        Err(args) => Ok(Expanded::Not(Parts {
            target: parts.target,
            args,
        })),
    }
}
