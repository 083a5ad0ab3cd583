//! `'…%d…'.format([…])`.

mod clause;
mod plain;
mod render;

use super::super::size::of_text;
use crate::{
    checked::CheckedAst,
    effort,
    error::{EvalError, Evaluated, Issue},
    function::{Call, Library, Overload},
    syntax::ast::{Expr, ExprKind, Literal},
    value::Value,
};
use clause::{Clause, Piece, pieces};
use render::Style;

/// `format` of cel-go's `strings` library.
pub const FORMAT: Library = Library {
    name: "ext.strings.format",
    overloads: &[Overload::new(
        "string_format",
        "string.format(list(dyn)) -> string",
        format,
    )
    .costs(of_text)],
    macros: &[],
    variables: &[],
};

/// `format` since version 4 of cel-go's `strings` library: numbers as Go writes them, and text
/// without quotes in lists and maps.
pub const FORMAT_4: Library = Library {
    name: "ext.strings.format.4",
    overloads: &[Overload::new(
        "string_format",
        "string.format(list(dyn)) -> string",
        format_plainly,
    )
    .costs(of_text)],
    macros: &[],
    variables: &[],
};

fn format<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    formatted(args, render::STYLE)
}

fn format_plainly<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    formatted(args, plain::STYLE)
}

fn formatted<'a>(args: &[Value<'a>], style: Style) -> Evaluated<'a> {
    let [Value::String(template), Value::List(list)] = args else {
        return Err(EvalError::no_such_overload().into());
    };
    let mut text = String::new();
    let mut next = 0;
    for piece in pieces(template).map_err(EvalError::new)? {
        match piece {
            Piece::Text(plain) => text.push_str(plain),
            Piece::Clause(clause) => {
                let Some(value) = list.get(next) else {
                    let problem = format!("index {next} out of range");
                    return Err(EvalError::new(problem).into());
                };
                style
                    .append(clause, &value, &mut text)
                    .map_err(|problem| EvalError::new(during(&problem)))?;
                next += 1;
                effort::text(text.len())?;
            }
        }
    }
    Ok(Value::from(text))
}

fn during(problem: &str) -> String {
    format!("error during formatting: {problem}")
}

/// Formats that are constant fit the values that they are given.
#[must_use]
pub fn validate(checked: &CheckedAst) -> Vec<Issue> {
    let mut issues = Vec::new();
    checked
        .ast
        .root
        .walk(&mut |expr| issues.extend(misfit(checked, expr)));
    issues
}

fn misfit(checked: &CheckedAst, expr: &Expr) -> Option<Issue> {
    let ExprKind::Call {
        function,
        target: Some(target),
        args,
    } = &expr.kind
    else {
        return None;
    };
    let ExprKind::Literal(Literal::String(template)) = &target.kind else {
        return None;
    };
    let [argument] = args.as_slice() else {
        return None;
    };
    let ExprKind::List { elements, .. } = &argument.kind else {
        return None;
    };
    if function != "format" {
        return None;
    }
    let issue = |at: &Expr, message: String| {
        Some(Issue {
            offset: checked.ast.offset_of(at.id),
            message,
            help: None,
        })
    };
    let clauses: Vec<Clause> = match pieces(template) {
        Err(problem) => return issue(expr, problem),
        Ok(pieces) => pieces
            .into_iter()
            .filter_map(|piece| match piece {
                Piece::Clause(clause) => Some(clause),
                Piece::Text(_) => None,
            })
            .collect(),
    };
    for (at, clause) in clauses.iter().enumerate() {
        let Some(element) = elements.get(at) else {
            return issue(expr, format!("index {at} out of range"));
        };
        if let Err(problem) = clause.takes(checked.type_of(element.id)) {
            return issue(element, during(&problem));
        }
    }
    if elements.len() > clauses.len() {
        let (expected, got) = (clauses.len(), elements.len());
        let problem = format!(
            "too many arguments supplied to string.format (expected {expected}, got {got})"
        );
        return issue(expr, problem);
    }
    None
}
