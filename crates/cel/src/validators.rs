//! What is looked at after the types of an expression are known: constants that no evaluation could use.

use portcullis_values::regexp::GoRegexp;

use crate::{
    checked::CheckedAst,
    error::Issue,
    library::standard::{parse_duration, parse_timestamp},
    syntax::ast::{Expr, ExprKind, Literal},
};

/// Looks at one node of an expression.
pub type Validator = fn(&CheckedAst, &Expr) -> Option<Issue>;

/// Constants of durations, timestamps and regular expressions are ones.
pub const LITERALS: &[Validator] = &[durations, timestamps, patterns];

/// What the validators find, in the order of the tree.
pub(crate) fn validate(validators: &[Validator], checked: &CheckedAst) -> Vec<Issue> {
    let mut issues = Vec::new();
    if !validators.is_empty() {
        checked.ast.root.walk(&mut |expr| {
            issues.extend(
                validators
                    .iter()
                    .filter_map(|validator| validator(checked, expr)),
            );
        });
    }
    issues
}

/// The error of a call whose constant is not what it should be.
fn invalid(checked: &CheckedAst, argument: &Expr, what: &str) -> Issue {
    Issue {
        offset: checked.ast.offset_of(argument.id),
        message: format!("invalid {what} argument"),
        help: None,
    }
}

fn conversion<'e>(expr: &'e Expr, name: &str) -> Option<(&'e Expr, &'e str)> {
    match &expr.kind {
        ExprKind::Call {
            function,
            target: None,
            args,
        } if function == name => {
            let [argument] = args.as_slice() else {
                return None;
            };
            text(argument).map(|text| (argument, text))
        }
        _ => None,
    }
}

fn text(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Literal(Literal::String(text)) => Some(text),
        _ => None,
    }
}

fn durations(checked: &CheckedAst, expr: &Expr) -> Option<Issue> {
    let (argument, text) = conversion(expr, "duration")?;
    let valid = parse_duration(text).is_some();
    (!valid).then(|| invalid(checked, argument, "duration"))
}

fn timestamps(checked: &CheckedAst, expr: &Expr) -> Option<Issue> {
    let (argument, text) = conversion(expr, "timestamp")?;
    let valid = parse_timestamp(text).is_some();
    (!valid).then(|| invalid(checked, argument, "timestamp"))
}

fn patterns(checked: &CheckedAst, expr: &Expr) -> Option<Issue> {
    let ExprKind::Call { function, args, .. } = &expr.kind else {
        return None;
    };
    let argument = args.last().filter(|_| function == "matches")?;
    let valid = GoRegexp::compile(text(argument)?).is_ok();
    (!valid).then(|| invalid(checked, argument, "matches"))
}
