//! Names: variables, types, and fields of what has fields.

use std::sync::Arc;

use super::Checker;
use crate::{
    checked::Reference,
    syntax::ast::{Expr, ExprId, ExprKind},
    types::Type,
    well_known,
};

/// The names of the language's types.
pub(crate) fn built_in_type(name: &str) -> Option<Type> {
    Some(match name {
        "bool" => Type::Bool,
        "bytes" => Type::Bytes,
        "double" => Type::Double,
        "int" => Type::Int,
        "uint" => Type::UInt,
        "string" => Type::String,
        "null_type" => Type::Null,
        "list" => Type::list(Type::Dyn),
        "map" => Type::map(Type::Dyn, Type::Dyn),
        "type" => Type::opaque("type"),
        "optional_type" => Type::optional(Type::Dyn),
        "google.protobuf.Timestamp" => Type::Timestamp,
        "google.protobuf.Duration" => Type::Duration,
        _ => return None,
    })
}

impl Checker<'_> {
    pub(super) fn ident(&mut self, id: ExprId, name: &str) -> Type {
        if let Some(of) = self.named(id, name) {
            return of;
        }
        let container = self.environment.container();
        let message = format!("undeclared reference to '{name}' (in container '{container}')");
        let help = self.nearest_variable(name);
        self.issue_with_help(id, message, help);
        Type::Error
    }

    /// What a name means, if it means something.
    fn named(&mut self, id: ExprId, name: &str) -> Option<Type> {
        let scoped = self.scopes.iter().rev().find(|(known, _)| **known == *name);
        if let Some((known, of)) = scoped.cloned() {
            self.refer(id, Reference::Variable(known));
            return Some(of);
        }
        for candidate in self.environment.candidates(name) {
            if let Some(of) = self.environment.variable(&candidate) {
                let of = of.clone();
                self.refer(id, Reference::Variable(candidate.as_str().into()));
                return Some(of);
            }
            let of = built_in_type(&candidate).or_else(|| {
                let provider = self.environment.provider_of(&candidate);
                provider.map(|_| Type::message(&candidate))
            });
            let of = of
                .or_else(|| self.library_type(&candidate))
                .or_else(|| well_known::type_of(&candidate));
            if let Some(of) = of {
                self.refer(id, Reference::Type(of.clone()));
                return Some(Type::of(of));
            }
        }
        None
    }

    /// A type that some function of the environment gives.
    fn library_type(&self, name: &str) -> Option<Type> {
        self.environment.has_type(name).then(|| Type::opaque(name))
    }

    fn nearest_variable(&self, name: &str) -> Option<String> {
        let scoped = self.scopes.iter().map(|(known, _)| &**known);
        let known = scoped.chain(self.environment.variable_names());
        portcullis_values::nearest::nearest(name, known)
            .map(|nearest| format!("did you mean `{nearest}`?"))
    }

    pub(super) fn select(
        &mut self,
        expr: &Expr,
        operand: &Expr,
        field: &str,
        test_only: bool,
    ) -> Type {
        if !test_only
            && let Some(path) = qualified(expr)
            && !self.is_scoped(&path)
            && let Some(of) = self.named(expr.id, &path)
        {
            return of;
        }
        let of = self.expr(operand);
        if test_only && self.declared(expr, (operand, &of), field).is_some() {
            return Type::Bool;
        }
        let found = self.field_of(expr.id, &of, field, false);
        match test_only {
            true => Type::Bool,
            false => found,
        }
    }

    /// The type of the variable that is declared as `a.b`, where `has(a.b)` or `a.?b` asks for it and
    /// `a` is a message without such a field.
    pub(super) fn declared(
        &mut self,
        expr: &Expr,
        (operand, of): (&Expr, &Type),
        field: &str,
    ) -> Option<Type> {
        let Type::Struct(message) = self.known(of) else {
            return None;
        };
        if self.environment.field(&message, field).is_some() {
            return None;
        }
        let path = qualified(operand).filter(|path| !self.is_scoped(path))?;
        let candidates = self.environment.candidates(&format!("{path}.{field}"));
        let (name, of) = candidates.into_iter().find_map(|name| {
            let of = self.environment.variable(&name)?.clone();
            Some((name, of))
        })?;
        self.refer(expr.id, Reference::Variable(name.as_str().into()));
        Some(of)
    }

    /// Whether a path starts at the variable of a comprehension.
    fn is_scoped(&self, path: &str) -> bool {
        let first = path.split('.').next().unwrap_or_default();
        self.scopes.iter().any(|(known, _)| **known == *first)
    }

    /// The type of a field of a value; of an optional value's field, an optional.
    pub(super) fn field_of(&mut self, id: ExprId, of: &Type, field: &str, optional: bool) -> Type {
        let of = self.known(of);
        let (inner, optional) = match &of {
            Type::Opaque(name, parameters) if **name == *"optional_type" => {
                let inner = parameters.first().cloned().unwrap_or(Type::Dyn);
                (inner, true)
            }
            _ => (of, optional),
        };
        let found = match &inner {
            Type::Map(_, value) => (**value).clone(),
            Type::Struct(message) => self.message_field(id, message, field),
            Type::Param(_) => {
                // A value of a type that is not known yet: it is whatever has fields.
                self.mapping.assignable(&inner, &Type::Dyn);
                Type::Dyn
            }
            Type::Dyn | Type::Error | Type::Any => Type::Dyn,
            // To Go these types are messages that nobody describes.
            Type::Opaque(name, _) if name.starts_with("kubernetes.") => {
                self.issue(id, format!("unexpected failed resolution of '{name}'"));
                Type::Error
            }
            other => {
                self.issue(
                    id,
                    format!("type '{other}' does not support field selection"),
                );
                Type::Dyn
            }
        };
        match optional {
            true => Type::optional(found),
            false => found,
        }
    }

    fn message_field(&mut self, id: ExprId, message: &Arc<str>, field: &str) -> Type {
        if let Some(of) = self.environment.field(message, field) {
            return of;
        }
        self.undefined_field(id, message, field);
        Type::Error
    }

    /// Says that a message has no such field, and which comes nearest.
    pub(super) fn undefined_field(&mut self, id: ExprId, message: &str, field: &str) {
        let known = self.environment.field_names(message);
        let help = portcullis_values::nearest::nearest(field, known.iter().map(String::as_str))
            .map(|nearest| format!("did you mean `{nearest}`?"));
        self.issue_with_help(id, format!("undefined field '{field}'"), help);
    }
}

/// The dotted name that an expression could be.
pub(crate) fn qualified(expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Ident(name) => Some(name.clone()),
        ExprKind::Select {
            operand,
            field,
            test_only: false,
        } => {
            let mut path = qualified(operand)?;
            path.push('.');
            path.push_str(field);
            Some(path)
        }
        _ => None,
    }
}
