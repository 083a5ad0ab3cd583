//! Names and types of an expression, with cel-go's rules and words.

mod aggregates;
mod calls;
mod names;
mod unify;

use std::sync::Arc;

use crate::{
    checked::{CheckedAst, Reference},
    environment::Environment,
    error::Issue,
    syntax::ast::{Ast, Expr, ExprId, ExprKind, Literal},
    types::Type,
};
pub(crate) use names::{built_in_type, qualified};
use unify::Mapping;

/// An expression may have this many errors; the first ones say enough.
const MAX_ISSUES: usize = 100;

/// The types of a tree.
pub(crate) fn check(
    environment: &Environment,
    ast: Ast,
    source: &str,
) -> Result<CheckedAst, Vec<Issue>> {
    match checked(environment, ast, source, false) {
        (checked, issues) if issues.is_empty() => Ok(checked),
        (_, issues) => Err(issues),
    }
}

/// A tree of which nothing is refused: a name or a call that means nothing fails where it is
/// evaluated, and a call whose arguments do not fit looks for an overload then.
pub(crate) fn resolve(environment: &Environment, ast: Ast, source: &str) -> CheckedAst {
    checked(environment, ast, source, true).0
}

fn checked(
    environment: &Environment,
    ast: Ast,
    source: &str,
    is_lenient: bool,
) -> (CheckedAst, Vec<Issue>) {
    let mut checker = Checker {
        environment,
        is_lenient,
        offsets: &ast.offsets,
        scopes: Vec::new(),
        types: vec![Type::Dyn; ast.offsets.len()],
        references: vec![None; ast.offsets.len()],
        mapping: Mapping::default(),
        issues: Vec::new(),
    };
    checker.expr(&ast.root);
    if checker.mapping.is_exhausted() {
        checker.issues.push(Issue {
            offset: 0,
            message: "the types of the expression grow beyond what can be checked".to_owned(),
            help: Some("give its parts variables of their own".to_owned()),
        });
    }
    let Checker {
        types,
        references,
        mut mapping,
        mut issues,
        ..
    } = checker;
    issues.sort_by_key(|issue| issue.offset);
    let types = match issues.is_empty() {
        true => types
            .iter()
            .map(|of| mapping.substitute(of, true))
            .collect(),
        false => types,
    };
    let checked = CheckedAst {
        ast,
        source: source.into(),
        types,
        references,
    };
    (checked, issues)
}

struct Checker<'c> {
    environment: &'c Environment,
    /// Whether nothing is refused.
    is_lenient: bool,
    offsets: &'c [u32],
    /// The variables of the comprehensions around, the innermost last.
    scopes: Vec<(Arc<str>, Type)>,
    types: Vec<Type>,
    references: Vec<Option<Reference>>,
    mapping: Mapping,
    issues: Vec<Issue>,
}

impl Checker<'_> {
    /// The type of an expression, which is noted too.
    fn expr(&mut self, expr: &Expr) -> Type {
        let of = match &expr.kind {
            ExprKind::Literal(literal) => type_of(literal),
            ExprKind::Ident(name) => self.ident(expr.id, name),
            ExprKind::Select {
                operand,
                field,
                test_only,
            } => self.select(expr, operand, field, *test_only),
            ExprKind::Call {
                function,
                target,
                args,
            } => self.call(expr, function, target.as_deref(), args),
            ExprKind::List { elements, optional } => self.list(elements, optional),
            ExprKind::Map(entries) => self.map(entries),
            ExprKind::Struct { name, fields } => self.message(expr, name, fields),
            ExprKind::Comprehension(comprehension) => self.comprehension(comprehension),
        };
        self.note(expr.id, of.clone());
        of
    }

    fn note(&mut self, id: ExprId, of: Type) {
        if let Some(slot) = self.types.get_mut(id.0 as usize) {
            *slot = of;
        }
    }

    fn refer(&mut self, id: ExprId, reference: Reference) {
        if let Some(slot) = self.references.get_mut(id.0 as usize) {
            *slot = Some(reference);
        }
    }

    /// The type with what its parameters stand for so far.
    fn known(&mut self, of: &Type) -> Type {
        self.mapping.substitute(of, false)
    }

    fn issue(&mut self, id: ExprId, message: String) {
        self.issue_with_help(id, message, None);
    }

    fn issue_with_help(&mut self, id: ExprId, message: String, help: Option<String>) {
        if !self.is_lenient && self.issues.len() < MAX_ISSUES {
            let offset = self.offsets.get(id.0 as usize).map_or(0, |at| *at as usize);
            self.issues.push(Issue {
                offset,
                message,
                help,
            });
        }
    }

    fn mismatch(&mut self, id: ExprId, expected: &Type, found: &Type) {
        let (expected, found) = (self.known(expected), self.known(found));
        self.issue(
            id,
            format!("expected type '{expected}' but found '{found}'"),
        );
    }
}

fn type_of(literal: &Literal) -> Type {
    match literal {
        Literal::Null => Type::Null,
        Literal::Bool(_) => Type::Bool,
        Literal::Int(_) => Type::Int,
        Literal::UInt(_) => Type::UInt,
        Literal::Double(_) => Type::Double,
        Literal::String(_) => Type::String,
        Literal::Bytes(_) => Type::Bytes,
    }
}
