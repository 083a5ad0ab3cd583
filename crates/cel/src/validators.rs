//! What is looked at after the types of an expression are known: constants that no evaluation could use.

use portcullis_values::regexp::GoRegexp;

use crate::{
    checked::CheckedAst,
    error::Issue,
    library::standard::{YEARS, parse_duration, parse_timestamp},
    syntax::ast::{Expr, ExprId, ExprKind, Literal},
    types::Type,
};

/// Looks at a whole expression.
pub type Validator = fn(&CheckedAst) -> Vec<Issue>;

/// Constants of durations, timestamps and regular expressions are ones, and lists and maps hold
/// values of one type.
pub const LITERALS: &[Validator] = &[constants, homogeneous];

fn constants(checked: &CheckedAst) -> Vec<Issue> {
    let mut issues = Vec::new();
    let kinds = [durations, timestamps, patterns];
    checked.ast.root.walk(&mut |expr| {
        issues.extend(kinds.iter().filter_map(|invalid| invalid(checked, expr)));
    });
    issues
}

/// What is given to `format` may be of many types.
fn homogeneous(checked: &CheckedAst) -> Vec<Issue> {
    let mut issues = Vec::new();
    aggregates(checked, &checked.ast.root, false, &mut issues);
    issues
}

fn aggregates(checked: &CheckedAst, expr: &Expr, exempt: bool, issues: &mut Vec<Issue>) {
    let mut exempt_below = exempt;
    match &expr.kind {
        ExprKind::List { elements, optional } => {
            let held = |at: usize, element: &Expr| {
                let of = checked.type_of(element.id);
                let is_optional = optional.contains(&at);
                (
                    element.id,
                    if is_optional {
                        held_type(of)
                    } else {
                        of.clone()
                    },
                )
            };
            let types = elements
                .iter()
                .enumerate()
                .map(|(at, element)| held(at, element));
            if !exempt {
                issues.extend(differing(checked, types));
            }
        }
        ExprKind::Map(entries) if !exempt => {
            let of = |expr: &Expr| (expr.id, checked.type_of(expr.id).clone());
            issues.extend(differing(
                checked,
                entries.iter().map(|entry| of(&entry.key)),
            ));
            let values = entries.iter().map(|entry| match entry.optional {
                true => (entry.value.id, held_type(checked.type_of(entry.value.id))),
                false => of(&entry.value),
            });
            issues.extend(differing(checked, values));
        }
        ExprKind::Call { function, .. } if function == "format" => exempt_below = true,
        _ => {}
    }
    expr.children(&mut |child| aggregates(checked, child, exempt_below, issues));
}

/// What an optional of this type holds.
fn held_type(of: &Type) -> Type {
    match of {
        Type::Opaque(name, inner) if **name == *"optional_type" => {
            inner.first().cloned().unwrap_or(Type::Dyn)
        }
        other => other.clone(),
    }
}

/// The first that is not of the type of those before it.
fn differing(
    checked: &CheckedAst,
    types: impl IntoIterator<Item = (ExprId, Type)>,
) -> Option<Issue> {
    let mut types = types.into_iter();
    let (_, first) = types.next()?;
    let (id, other) = types.find(|(_, of)| *of != first)?;
    Some(Issue {
        offset: checked.ast.offset_of(id),
        message: format!("expected type '{first}' but found '{other}'"),
        help: Some("elements have one type here; `dyn(value)` has any".to_owned()),
    })
}

/// What the validators find, in the order of the text.
pub(crate) fn validate(validators: &[Validator], checked: &CheckedAst) -> Vec<Issue> {
    let mut issues: Vec<Issue> = Vec::new();
    for validator in validators {
        issues.extend(validator(checked));
    }
    issues.sort_by_key(|issue| issue.offset);
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

/// The error of a conversion of `null`, which the types allow.
fn of_null(checked: &CheckedAst, expr: &Expr, name: &str) -> Option<Issue> {
    let ExprKind::Call { function, args, .. } = &expr.kind else {
        return None;
    };
    let [argument] = args.as_slice() else {
        return None;
    };
    let is_null = matches!(argument.kind, ExprKind::Literal(Literal::Null));
    (function == name && is_null).then(|| invalid(checked, argument, name))
}

fn durations(checked: &CheckedAst, expr: &Expr) -> Option<Issue> {
    if let Some(issue) = of_null(checked, expr, "duration") {
        return Some(issue);
    }
    let (argument, text) = conversion(expr, "duration")?;
    let valid = parse_duration(text).is_some();
    (!valid).then(|| invalid(checked, argument, "duration"))
}

fn timestamps(checked: &CheckedAst, expr: &Expr) -> Option<Issue> {
    if let ExprKind::Call { function, args, .. } = &expr.kind
        && function == "timestamp"
        && let [argument] = args.as_slice()
        && let ExprKind::Literal(Literal::Int(seconds)) = argument.kind
    {
        let valid = YEARS.contains(&seconds);
        return (!valid).then(|| invalid(checked, argument, "timestamp"));
    }
    if let Some(issue) = of_null(checked, expr, "timestamp") {
        return Some(issue);
    }
    let (argument, text) = conversion(expr, "timestamp")?;
    let valid = parse_timestamp(text).is_some();
    (!valid).then(|| invalid(checked, argument, "timestamp"))
}

fn patterns(checked: &CheckedAst, expr: &Expr) -> Option<Issue> {
    let ExprKind::Call { function, args, .. } = &expr.kind else {
        return None;
    };
    // Of `matches(text, pattern)` cel-go takes the text for the pattern.
    let argument = args.first().filter(|_| function == "matches")?;
    let valid = GoRegexp::is_valid(text(argument)?);
    (!valid).then(|| invalid(checked, argument, "matches"))
}
