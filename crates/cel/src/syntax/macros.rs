//! Macros: calls that become other expressions before anything is checked.

use super::{
    ast::{Comprehension, Expr, ExprKind, Literal, operator},
    nodes::Nodes,
};
use crate::error::Issue;

/// A macro.
#[derive(Clone, Copy, Debug)]
pub struct Macro {
    /// The name of the function that it looks like.
    pub name: &'static str,
    /// Whether it looks like a member function.
    pub is_member: bool,
    /// How many arguments it takes; nothing for any number.
    pub arguments: Option<usize>,
    /// What it becomes.
    pub expand: Expand,
}

/// What a macro makes of its target and arguments.
pub type Expand = fn(&mut Nodes, Parts) -> Result<Expanded, Issue>;

/// What a macro is called with.
#[derive(Debug)]
pub struct Parts {
    /// What a member macro is called on.
    pub target: Option<Expr>,
    /// The arguments, as many as the macro takes.
    pub args: Vec<Expr>,
}

/// What becomes of a call that looks like a macro.
#[derive(Debug)]
pub enum Expanded {
    /// Another expression.
    Into(Expr),
    /// It is no macro after all, but a plain call.
    Not(Parts),
}

impl Macro {
    /// A macro that looks like a global function.
    #[must_use]
    pub const fn global(name: &'static str, arguments: Option<usize>, expand: Expand) -> Macro {
        Macro {
            name,
            is_member: false,
            arguments,
            expand,
        }
    }

    /// A macro that looks like a member function.
    #[must_use]
    pub const fn member(name: &'static str, arguments: Option<usize>, expand: Expand) -> Macro {
        Macro {
            name,
            is_member: true,
            arguments,
            expand,
        }
    }
}

/// The macros of the language itself.
pub const STANDARD: &[Macro] = &[
    Macro::global("has", Some(1), has),
    Macro::member("all", Some(2), |nodes, parts| quantifier(nodes, parts, all)),
    Macro::member("exists", Some(2), |nodes, parts| {
        quantifier(nodes, parts, exists)
    }),
    Macro::member("exists_one", Some(2), |nodes, parts| {
        quantifier(nodes, parts, exists_one)
    }),
    Macro::member("map", Some(2), |nodes, parts| {
        collected(nodes, parts, append)
    }),
    Macro::member("map", Some(3), |nodes, parts| {
        collected(nodes, parts, append_some)
    }),
    Macro::member("filter", Some(2), filter),
];

/// A loop without its range and variables.
#[derive(Debug)]
pub struct Fold {
    /// What the accumulator starts with.
    pub init: Expr,
    /// The loop ends when this is false.
    pub condition: Expr,
    /// What the accumulator becomes with each element.
    pub step: Expr,
    /// The value of the whole.
    pub result: Expr,
}

/// What a loop computes of the arguments behind its variables.
pub type Body = fn(&mut Nodes, Vec<Expr>) -> Option<Fold>;

/// The name that an argument is, to be the variable of a loop.
///
/// # Errors
/// The argument is no plain name, or the name of the accumulator.
pub fn variable(nodes: &Nodes, argument: &Expr) -> Result<String, Issue> {
    match &argument.kind {
        ExprKind::Ident(name) if matches!(name.as_str(), operator::ACCUMULATOR | "__result__") => {
            Err(nodes.issue(
                argument,
                "iteration variable overwrites accumulator variable",
            ))
        }
        ExprKind::Ident(name) if !name.starts_with('.') => Ok(name.clone()),
        _ => Err(nodes.issue(argument, "argument must be a simple name")),
    }
}

/// A loop with one variable.
fn quantifier(nodes: &mut Nodes, parts: Parts, body: Body) -> Result<Expanded, Issue> {
    looped(nodes, parts, 1, body)
}

/// A loop with one variable that makes a list.
fn collected(nodes: &mut Nodes, parts: Parts, body: Body) -> Result<Expanded, Issue> {
    match parts.args.first() {
        Some(other) if !matches!(other.kind, ExprKind::Ident(_)) => {
            Err(nodes.issue(other, "argument is not an identifier"))
        }
        _ => quantifier(nodes, parts, body),
    }
}

/// A loop with one or two variables, which are the first arguments.
///
/// # Errors
/// The variables are no plain names, or twice the same.
pub fn looped(
    nodes: &mut Nodes,
    mut parts: Parts,
    variables: usize,
    body: Body,
) -> Result<Expanded, Issue> {
    let rest = parts.args.split_off(variables.min(parts.args.len()));
    let mut names = Vec::new();
    for argument in &parts.args {
        let name = variable(nodes, argument)?;
        if names.contains(&name) {
            return Err(nodes.issue(argument, format!("duplicate variable name: {name}")));
        }
        names.push(name);
    }
    let (Some(iter_range), Some(fold)) = (parts.target, body(nodes, rest)) else {
        return Ok(Expanded::Not(Parts {
            target: None,
            args: parts.args,
        }));
    };
    let mut names = names.into_iter();
    let iter_var = names.next().unwrap_or_default();
    let whole = nodes.comprehension(Comprehension {
        iter_range,
        iter_var,
        iter_var2: names.next(),
        accu_var: operator::ACCUMULATOR.to_owned(),
        accu_init: fold.init,
        loop_condition: fold.condition,
        loop_step: fold.step,
        result: fold.result,
    });
    Ok(Expanded::Into(whole))
}

fn has(nodes: &mut Nodes, mut parts: Parts) -> Result<Expanded, Issue> {
    match parts.args.pop() {
        Some(Expr {
            kind: ExprKind::Select { operand, field, .. },
            ..
        }) => Ok(Expanded::Into(nodes.node(ExprKind::Select {
            operand,
            field,
            test_only: true,
        }))),
        Some(other) => Err(nodes.issue(&other, "invalid argument to has() macro")),
        None => Ok(Expanded::Not(parts)),
    }
}

/// `all`, with its predicate.
pub fn all(nodes: &mut Nodes, args: Vec<Expr>) -> Option<Fold> {
    let [predicate] = <[Expr; 1]>::try_from(args).ok()?;
    let init = nodes.literal(Literal::Bool(true));
    let so_far = nodes.accumulator();
    let condition = nodes.call(operator::NOT_STRICTLY_FALSE, vec![so_far]);
    let before = nodes.accumulator();
    let step = nodes.call(operator::LOGICAL_AND, vec![before, predicate]);
    let result = nodes.accumulator();
    Some(Fold {
        init,
        condition,
        step,
        result,
    })
}

/// `exists`, with its predicate.
pub fn exists(nodes: &mut Nodes, args: Vec<Expr>) -> Option<Fold> {
    let [predicate] = <[Expr; 1]>::try_from(args).ok()?;
    let init = nodes.literal(Literal::Bool(false));
    let so_far = nodes.accumulator();
    let not_yet = nodes.call(operator::LOGICAL_NOT, vec![so_far]);
    let condition = nodes.call(operator::NOT_STRICTLY_FALSE, vec![not_yet]);
    let before = nodes.accumulator();
    let step = nodes.call(operator::LOGICAL_OR, vec![before, predicate]);
    let result = nodes.accumulator();
    Some(Fold {
        init,
        condition,
        step,
        result,
    })
}

/// `exists_one`, with its predicate.
pub fn exists_one(nodes: &mut Nodes, args: Vec<Expr>) -> Option<Fold> {
    let [predicate] = <[Expr; 1]>::try_from(args).ok()?;
    let init = nodes.literal(Literal::Int(0));
    let condition = nodes.literal(Literal::Bool(true));
    let before = nodes.accumulator();
    let one = nodes.literal(Literal::Int(1));
    let counted = nodes.call(operator::ADD, vec![before, one]);
    let unchanged = nodes.accumulator();
    let step = nodes.call(operator::CONDITIONAL, vec![predicate, counted, unchanged]);
    let total = nodes.accumulator();
    let one = nodes.literal(Literal::Int(1));
    let result = nodes.call(operator::EQUALS, vec![total, one]);
    Some(Fold {
        init,
        condition,
        step,
        result,
    })
}

/// A list of what the argument gives for each element.
pub fn append(nodes: &mut Nodes, args: Vec<Expr>) -> Option<Fold> {
    let [element] = <[Expr; 1]>::try_from(args).ok()?;
    let added = added(nodes, element);
    Some(listed(nodes, added))
}

/// A list of what the second argument gives for each element for which the first one holds.
pub fn append_some(nodes: &mut Nodes, args: Vec<Expr>) -> Option<Fold> {
    let [predicate, element] = <[Expr; 2]>::try_from(args).ok()?;
    let added = added(nodes, element);
    let unchanged = nodes.accumulator();
    let step = nodes.call(operator::CONDITIONAL, vec![predicate, added, unchanged]);
    Some(listed(nodes, step))
}

fn added(nodes: &mut Nodes, element: Expr) -> Expr {
    let before = nodes.accumulator();
    let one = nodes.list(vec![element]);
    nodes.call(operator::ADD, vec![before, one])
}

fn listed(nodes: &mut Nodes, step: Expr) -> Fold {
    Fold {
        init: nodes.list(Vec::new()),
        condition: nodes.literal(Literal::Bool(true)),
        step,
        result: nodes.accumulator(),
    }
}

fn filter(nodes: &mut Nodes, mut parts: Parts) -> Result<Expanded, Issue> {
    if let Some(Expr {
        kind: ExprKind::Ident(name),
        ..
    }) = parts.args.first()
    {
        let element = nodes.ident(name);
        parts.args.push(element);
    }
    collected(nodes, parts, append_some)
}
