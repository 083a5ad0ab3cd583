//! What every CEL policy starts with: constraints, conditions and variables.

use portcullis_api::{
    cel_expression::{CelVariable, MatchCondition},
    match_constraints::MatchConstraints,
};
use portcullis_cel::types::Type;

use super::{
    compiler::{Compiler, PlacedProgram, Variable},
    scope::Scope,
    validation::without_value,
};
use crate::{
    matching::constraints::Constraints,
    request::{GroupVersionKind, Request},
};

/// Which requests a policy is about, and the variables of its expressions.
#[derive(Debug, Default)]
pub struct Preamble {
    /// Without constraints a policy is about nothing.
    constraints: Option<Constraints>,
    conditions: Vec<PlacedProgram>,
    /// The conditions as they are written.
    written: Vec<String>,
    /// The variables.
    pub variables: Vec<Variable>,
}

impl Preamble {
    /// Makes the first part of a policy ready. Conditions cannot read variables.
    pub fn compile(
        compiler: &mut Compiler,
        constraints: Option<&MatchConstraints>,
        conditions: &[MatchCondition],
        variables: &[CelVariable],
    ) -> Preamble {
        let written = conditions.iter().map(|one| one.expression.clone());
        let written = written.collect();
        let conditions = compiled_conditions(compiler, conditions);
        Preamble {
            constraints: compiled_constraints(compiler, "spec.matchConstraints", constraints),
            conditions,
            written,
            variables: compiler.variables("spec.variables", variables),
        }
    }

    /// As [`Preamble::compile`], with conditions that may read variables.
    pub fn with_variables_first(
        compiler: &mut Compiler,
        constraints: Option<&MatchConstraints>,
        conditions: &[MatchCondition],
        variables: &[CelVariable],
    ) -> Preamble {
        let variables = compiler.variables("spec.variables", variables);
        Preamble {
            variables,
            ..Preamble::compile(compiler, constraints, conditions, &[])
        }
    }

    /// The same start of one of the API server's own policies.
    #[must_use]
    pub fn of_api_server(mut self) -> Preamble {
        self.constraints = self.constraints.map(Constraints::of_whole_names);
        self
    }

    /// Whether the policy's constraints meet the request; `namespace` is that of the policy.
    #[must_use]
    pub fn matches(&self, namespace: &str, request: &Request<'_>) -> bool {
        let constraints = self.constraints.as_ref();
        (namespace.is_empty() || namespace == request.namespace)
            && constraints.is_some_and(|constraints| constraints.matches(request))
    }

    /// Whether the policy can be about objects of a kind.
    #[must_use]
    pub fn is_about(&self, kind: &GroupVersionKind, resource: &str) -> bool {
        let constraints = self.constraints.as_ref();
        constraints.is_some_and(|constraints| constraints.is_about(kind, resource))
    }

    /// Whether nothing is shown of the policy where it does not match.
    #[must_use]
    pub fn is_simple(&self) -> bool {
        let constraints = self.constraints.as_ref();
        constraints.is_some_and(Constraints::is_simple)
    }

    /// Whether every condition holds. One that does not decides, whatever the others come to.
    ///
    /// # Errors
    /// Why a condition cannot be decided.
    pub fn holds<'a>(&'a self, scope: &Scope<'_, 'a>) -> Result<bool, String> {
        all_hold(&self.conditions, scope)
    }

    /// As [`Preamble::holds`], with the words of the API server, which tells every error.
    ///
    /// # Errors
    /// Why conditions cannot be decided.
    pub fn holds_natively<'a>(&'a self, scope: &Scope<'_, 'a>) -> Result<bool, String> {
        let written = self.written.iter().map(String::as_str);
        all_hold_natively(self.conditions.iter().zip(written), scope)
    }
}

/// Whether conditions hold, each with its text, in the words of the API server. One that does not decides,
/// whatever the others come to.
///
/// # Errors
/// Why conditions cannot be decided.
pub fn all_hold_natively<'a, 't>(
    conditions: impl Iterator<Item = (&'a PlacedProgram, &'t str)>,
    scope: &Scope<'_, 'a>,
) -> Result<bool, String> {
    let mut errors = Vec::new();
    for (condition, written) in conditions {
        match scope.is_true(condition) {
            Ok(true) => {}
            Ok(false) => return Ok(false),
            Err(error) => errors.push(without_value(written, &error)),
        }
    }
    match errors.as_slice() {
        [] => Ok(true),
        [error] => Err(error.clone()),
        errors => Err(format!("[{}]", errors.join(", "))),
    }
}

/// `matchConditions`, made ready; what is wrong with them is kept by the compiler.
pub fn compiled_conditions(
    compiler: &mut Compiler,
    conditions: &[MatchCondition],
) -> Vec<PlacedProgram> {
    conditions_at(compiler, "spec.matchConditions", conditions)
}

/// Conditions at a path, made ready; what is wrong with them is kept by the compiler.
pub fn conditions_at(
    compiler: &mut Compiler,
    path: &str,
    conditions: &[MatchCondition],
) -> Vec<PlacedProgram> {
    let conditions = conditions.iter().enumerate();
    conditions
        .filter_map(|(index, condition)| {
            let path = format!("{path}[{index}].expression");
            compiler.expression(&path, &condition.expression, &[Type::Bool])
        })
        .collect()
}

/// Whether every condition holds. One that does not decides, whatever the others come to.
///
/// # Errors
/// Why conditions cannot be decided, each of them.
pub fn all_hold<'a>(
    conditions: &'a [PlacedProgram],
    scope: &Scope<'_, 'a>,
) -> Result<bool, String> {
    let mut errors = Vec::new();
    for condition in conditions {
        match scope.is_true(condition) {
            Ok(true) => {}
            Ok(false) => return Ok(false),
            Err(error) => errors.push(error),
        }
    }
    match errors.is_empty() {
        true => Ok(true),
        false => Err(errors.join("; ")),
    }
}

/// Constraints, or what is wrong with them.
pub fn compiled_constraints(
    compiler: &mut Compiler,
    path: &str,
    written: Option<&MatchConstraints>,
) -> Option<Constraints> {
    match Constraints::compile(written?) {
        Ok(constraints) => Some(constraints),
        Err(errors) => {
            for (selector, error) in errors {
                compiler.fault(format!("{path}.{selector}"), error.to_string());
            }
            None
        }
    }
}
