//! Lists, maps, messages and loops.

use std::sync::Arc;

use super::{Checker, unify::most_general};
use crate::{
    checked::Reference,
    syntax::ast::{Comprehension, Expr, ExprId, MapEntry, StructField},
    types::Type,
    well_known::WellKnown,
};

impl Checker<'_> {
    pub(super) fn list(&mut self, elements: &[Expr], optional: &[usize]) -> Type {
        let mut joined = None;
        let mut optional = optional.iter().peekable();
        for (position, element) in elements.iter().enumerate() {
            let mut of = self.expr(element);
            if optional.next_if_eq(&&position).is_some() {
                of = self.inside_optional(element.id, &of);
            }
            joined = Some(self.joined(joined, of));
        }
        Type::list(joined.unwrap_or_else(|| self.mapping.fresh()))
    }

    /// The type of what an optional holds.
    fn inside_optional(&mut self, id: ExprId, of: &Type) -> Type {
        match self.known(of) {
            Type::Opaque(name, parameters) if *name == *"optional_type" => {
                parameters.first().cloned().unwrap_or(Type::Dyn)
            }
            Type::Dyn => Type::Dyn,
            other => {
                self.mismatch(id, &Type::optional(other.clone()), &other);
                Type::Error
            }
        }
    }

    /// The type that holds both what was there before and the next one.
    fn joined(&mut self, before: Option<Type>, next: Type) -> Type {
        match before {
            None => next,
            Some(before) if self.mapping.assignable(&before, &next) => most_general(&before, &next),
            Some(_) => Type::Dyn,
        }
    }

    pub(super) fn map(&mut self, entries: &[MapEntry]) -> Type {
        let (mut keys, mut values) = (None, None);
        for entry in entries {
            let key = self.expr(&entry.key);
            keys = Some(self.joined(keys, key));
            let mut value = self.expr(&entry.value);
            if entry.optional {
                value = self.inside_optional(entry.value.id, &value);
            }
            values = Some(self.joined(values, value));
        }
        Type::map(
            keys.unwrap_or_else(|| self.mapping.fresh()),
            values.unwrap_or_else(|| self.mapping.fresh()),
        )
    }

    pub(super) fn message(&mut self, expr: &Expr, name: &str, fields: &[StructField]) -> Type {
        let candidates = self.environment.candidates(name);
        for candidate in &candidates {
            let of = Type::message(candidate);
            if let Some(known) = WellKnown::of(candidate) {
                self.refer(expr.id, Reference::Type(of));
                self.message_fields(fields, candidate, |field| known.field(field));
                return known.type_of();
            }
            let environment = self.environment;
            if environment.provider_of(candidate).is_some() {
                self.refer(expr.id, Reference::Type(of.clone()));
                self.message_fields(fields, candidate, |field| {
                    environment.field(candidate, field)
                });
                return of;
            }
        }
        let container = self.environment.container();
        let problem = format!("undeclared reference to '{name}' (in container '{container}')");
        self.issue(expr.id, problem);
        for field in fields {
            self.expr(&field.value);
        }
        Type::Error
    }

    fn message_fields(
        &mut self,
        fields: &[StructField],
        message: &str,
        of: impl Fn(&str) -> Option<Type>,
    ) {
        for field in fields {
            let mut value = self.expr(&field.value);
            if field.optional {
                value = self.inside_optional(field.value.id, &value);
            }
            let Some(declared) = of(&field.name) else {
                self.undefined_field(field.id, message, &field.name);
                continue;
            };
            if !self.mapping.assignable(&declared, &value) {
                let (declared, value) = (self.known(&declared), self.known(&value));
                self.issue(
                    field.id,
                    format!(
                        "expected type of field '{}' is '{declared}' but provided type is '{value}'",
                        field.name
                    ),
                );
            }
        }
    }

    pub(super) fn comprehension(&mut self, of: &Comprehension) -> Type {
        let range = self.expr(&of.iter_range);
        let (first, second) = self.variables(of, &range);
        let accumulator = self.expr(&of.accu_init);
        let accumulator_name: Arc<str> = of.accu_var.as_str().into();
        let depth = self.scopes.len();
        self.scopes.push((accumulator_name, accumulator.clone()));
        // The accumulator is seen by the result; the variables are not.
        self.scopes.push((of.iter_var.as_str().into(), first));
        if let Some(name) = &of.iter_var2 {
            self.scopes.push((name.as_str().into(), second));
        }
        let condition = self.expr(&of.loop_condition);
        if !self.mapping.assignable(&Type::Bool, &condition) {
            self.mismatch(of.loop_condition.id, &Type::Bool, &condition);
        }
        let step = self.expr(&of.loop_step);
        if !self.mapping.assignable(&accumulator, &step) {
            self.mismatch(of.loop_step.id, &accumulator, &step);
        }
        self.scopes.truncate(depth + 1);
        let result = self.expr(&of.result);
        self.scopes.truncate(depth);
        self.known(&result)
    }

    /// The types of the variables of a loop over a range.
    fn variables(&mut self, of: &Comprehension, range: &Type) -> (Type, Type) {
        let has_two = of.iter_var2.is_some();
        match self.known(range) {
            Type::List(element) if has_two => (Type::Int, (*element).clone()),
            Type::List(element) => ((*element).clone(), Type::Error),
            Type::Map(key, value) => ((*key).clone(), (*value).clone()),
            Type::Dyn | Type::Error => (Type::Dyn, Type::Dyn),
            unknown @ Type::Param(_) => {
                self.mapping.assignable(&unknown, &Type::Dyn);
                (Type::Dyn, Type::Dyn)
            }
            other => {
                self.issue(
                    of.iter_range.id,
                    format!(
                        "expression of type '{other}' cannot be range of a comprehension (must be \
                         list, map, or dynamic)"
                    ),
                );
                (Type::Error, Type::Error)
            }
        }
    }
}
