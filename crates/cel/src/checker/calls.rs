//! Calls: which overloads the types of the arguments allow.

use super::{Checker, names::qualified};
use crate::{
    checked::Reference,
    declaration::OverloadDecl,
    syntax::ast::{Expr, ExprKind, Literal, operator},
    types::Type,
};

impl Checker<'_> {
    pub(super) fn call(
        &mut self,
        expr: &Expr,
        function: &str,
        target: Option<&Expr>,
        args: &[Expr],
    ) -> Type {
        if function == operator::OPT_SELECT
            && let [operand, field] = args
        {
            return self.optional_selection(expr, operand, field);
        }
        let Some(target) = target else {
            return self.global_call(expr, function, args);
        };
        // `math.round(x)` is a function with a namespace where `math` is no variable.
        if let Some(path) = qualified(target) {
            let name = format!("{path}.{function}");
            let candidates = self.environment.candidates(&name);
            let found = candidates
                .iter()
                .find_map(|name| Some((name, self.environment.function(name)?)));
            if let Some((name, overloads)) = found {
                return self.resolve(expr, name, overloads, None, args);
            }
        }
        let target_type = self.expr(target);
        match self.environment.function(function) {
            Some(overloads) => self.resolve(expr, function, overloads, Some(target_type), args),
            None => {
                for argument in args {
                    self.expr(argument);
                }
                self.unknown_function(expr, function)
            }
        }
    }

    fn global_call(&mut self, expr: &Expr, function: &str, args: &[Expr]) -> Type {
        let candidates = self.environment.candidates(function);
        let found = candidates
            .iter()
            .find_map(|name| Some((name, self.environment.function(name)?)));
        match found {
            Some((name, overloads)) => self.resolve(expr, name, overloads, None, args),
            None => {
                for argument in args {
                    self.expr(argument);
                }
                self.unknown_function(expr, function)
            }
        }
    }

    fn unknown_function(&mut self, expr: &Expr, function: &str) -> Type {
        let container = self.environment.container();
        let message = format!("undeclared reference to '{function}' (in container '{container}')");
        let known = self.environment.functions().map(|(name, _)| name);
        let help = portcullis_values::nearest::nearest(function, known)
            .map(|nearest| format!("did you mean `{nearest}`?"));
        self.issue_with_help(expr.id, message, help);
        Type::Error
    }

    /// `a.?b`
    fn optional_selection(&mut self, expr: &Expr, operand: &Expr, field: &Expr) -> Type {
        let of = self.expr(operand);
        self.expr(field);
        match &field.kind {
            ExprKind::Literal(Literal::String(name)) => {
                match self.declared(expr, (operand, &of), name) {
                    Some(of) => Type::optional(of),
                    None => self.field_of(expr.id, &of, name, true),
                }
            }
            _ => {
                self.issue(field.id, "unsupported optional field selection".to_owned());
                Type::Error
            }
        }
    }

    fn resolve(
        &mut self,
        expr: &Expr,
        function: &str,
        overloads: &[OverloadDecl],
        target: Option<Type>,
        args: &[Expr],
    ) -> Type {
        if matches!(function, operator::LOGICAL_AND | operator::LOGICAL_OR) {
            return self.logic(expr, overloads, args);
        }
        let is_member = target.is_some();
        let mut given: Vec<Type> = target.into_iter().collect();
        for argument in args {
            let of = self.expr(argument);
            given.push(of);
        }
        let mut result: Option<Type> = None;
        let mut matching = Vec::new();
        for overload in overloads
            .iter()
            .filter(|overload| overload.is_member == is_member)
        {
            let Some(of) = self.fits(overload, &given) else {
                continue;
            };
            matching.push(overload.overload);
            result = Some(match result {
                None => of,
                Some(before) if before == of || before == Type::Any => before,
                Some(_) => Type::Dyn,
            });
        }
        match result {
            Some(result) => {
                self.refer(expr.id, Reference::Overloads(matching));
                result
            }
            None => {
                let given = given.iter().map(|of| self.mapping.substitute(of, true));
                let given: Vec<Type> = given.collect();
                let applied = applied(is_member, &given);
                let message =
                    format!("found no matching overload for '{function}' applied to '{applied}'");
                let help = would_fit(overloads, is_member);
                self.issue_with_help(expr.id, message, help);
                if self.is_lenient {
                    self.refer(expr.id, candidates(overloads, is_member, given.len()));
                }
                Type::Error
            }
        }
    }

    /// `a && b` and `a || b`: each operand that is no `bool` is reported where it stands.
    fn logic(&mut self, expr: &Expr, overloads: &[OverloadDecl], args: &[Expr]) -> Type {
        let mut result = Type::Bool;
        for argument in args {
            let of = self.expr(argument);
            if !self.mapping.assignable(&Type::Bool, &of) {
                self.mismatch(argument.id, &Type::Bool, &of);
                result = Type::Error;
            }
        }
        let matching = overloads.iter().map(|overload| overload.overload);
        self.refer(expr.id, Reference::Overloads(matching.collect()));
        result
    }

    /// The type that an overload gives for arguments of these types, if it takes them.
    fn fits(&mut self, overload: &OverloadDecl, given: &[Type]) -> Option<Type> {
        if overload.parameters.len() != given.len() {
            return None;
        }
        if overload.type_parameters.is_empty() {
            let fits = self.mapping.all_assignable(given, &overload.parameters);
            return fits.then(|| overload.result.clone());
        }
        let names: Vec<_> = overload
            .type_parameters
            .iter()
            .map(|name| (name.clone(), self.mapping.fresh()))
            .collect();
        let parameters: Vec<Type> = overload
            .parameters
            .iter()
            .map(|of| self.mapping.renamed(of, &names))
            .collect();
        if !self.mapping.all_assignable(given, &parameters) {
            return None;
        }
        let result = self.mapping.renamed(&overload.result, &names);
        Some(self.known(&result))
    }
}

/// The overloads that take as many arguments.
fn candidates(overloads: &[OverloadDecl], is_member: bool, count: usize) -> Reference {
    let same = overloads
        .iter()
        .filter(|known| known.is_member == is_member && known.parameters.len() == count);
    Reference::Overloads(same.map(|known| known.overload).collect())
}

/// The types of arguments as cel-go writes them: `(int, string)`, or `string.(int)`.
fn applied(is_member: bool, given: &[Type]) -> String {
    let written: Vec<String> = given.iter().map(ToString::to_string).collect();
    match written.split_first() {
        Some((target, args)) if is_member => format!("{target}.({})", args.join(", ")),
        _ => format!("({})", written.join(", ")),
    }
}

/// What could be called instead.
fn would_fit(overloads: &[OverloadDecl], is_member: bool) -> Option<String> {
    let same: Vec<&str> = overloads
        .iter()
        .filter(|overload| overload.is_member == is_member)
        .map(|overload| overload.overload.signature)
        .collect();
    match same.as_slice() {
        [] if is_member => {
            Some("it is no member function: write the value as an argument".to_owned())
        }
        [] => Some("it is a member function: call it on a value".to_owned()),
        known if known.len() <= 4 => Some(format!("it is {}", known.join(", or "))),
        _ => None,
    }
}
