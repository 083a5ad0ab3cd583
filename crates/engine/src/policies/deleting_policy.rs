//! DeletingPolicy and NamespacedDeletingPolicy, compiled: which objects a schedule deletes.
//!
//! An object is deleted when the constraints match it, whatever operations they name, no exception
//! holds for it, and every condition does. A condition that has no value deletes nothing, and is an error where no
//! other condition is false.

use std::sync::Arc;

use portcullis_api::{
    cel_policy_exception::CelPolicyException,
    deleting_policy::{DeletingPolicy, DeletingPolicyKind, DeletingPolicySpec},
    match_constraints::MatchConstraints,
};
use portcullis_cel::types::Type;
use portcullis_values::cron::Expression;

use super::{
    cel_policy::{cel_policy_info, refuse_namesakes},
    cleanup_policy::comes,
};
use crate::cel::{
    compiler::{Compiler, PlacedProgram, Variable},
    environment::{Flavour, environment},
    exception::{Exceptions, Exemption},
    host::SourceHost,
    preamble::{all_hold, compiled_constraints},
    scope::{RequestScope, Scope, Undecided},
};
use crate::compile_options::CompileError;
use crate::context::source::ContextSource;
use crate::matching::constraints::Constraints;
use crate::policy_info::PolicyInfo;
use crate::request::{GroupVersionKind, Payload, Request};
use crate::response::{RuleDetail, RuleResponse, RuleStatus, RuleType};

/// A policy, ready to run.
#[derive(Debug)]
pub struct CompiledDeletingPolicy {
    info: Arc<PolicyInfo>,
    exceptions: Exceptions,
    /// Without constraints a policy is about nothing.
    constraints: Option<Constraints>,
    variables: Vec<Variable>,
    conditions: Vec<PlacedProgram>,
}

impl CompiledDeletingPolicy {
    /// Makes a policy ready, with the exceptions that name it. One that cannot be used lets nothing off, and
    /// is told.
    ///
    /// # Errors
    /// Every expression that does not compile, and a schedule that is none, with their paths.
    pub fn compile(
        policy: &DeletingPolicy,
        written: &[&CelPolicyException],
        unusable: &mut Vec<CompileError>,
    ) -> Result<CompiledDeletingPolicy, Vec<CompileError>> {
        let spec = &policy.spec;
        let (kind, flavour) = match policy.kind {
            DeletingPolicyKind::DeletingPolicy => ("DeletingPolicy", Flavour::Deleting),
            DeletingPolicyKind::NamespacedDeletingPolicy => {
                ("NamespacedDeletingPolicy", Flavour::NamespacedDeleting)
            }
        };
        let info = cel_policy_info(policy.api_version, kind, &policy.metadata, None);
        let mut compiler = Compiler::new(environment(flavour));
        let schedule = Expression::parse(&spec.schedule).map_err(|error| error.to_string());
        if let Err(error) = schedule.and_then(|run| comes(&run, &spec.schedule)) {
            compiler.fault("spec.schedule".to_owned(), error);
        }
        let constraints = of_any_operation(spec);
        let constraints =
            compiled_constraints(&mut compiler, "spec.matchConstraints", constraints.as_ref());
        let variables = compiler.variables("spec.variables", &spec.variables);
        let conditions = ("spec.conditions", spec.conditions.as_slice());
        refuse_namesakes(&mut compiler, conditions, &spec.variables);
        let conditions = (0..)
            .zip(&spec.conditions)
            .filter_map(|(index, condition): (usize, _)| {
                let path = format!("spec.conditions[{index}].expression");
                compiler.expression(&path, &condition.expression, &[Type::Bool])
            })
            .collect();
        match compiler.into_faults() {
            faults if faults.is_empty() => Ok(CompiledDeletingPolicy {
                exceptions: Exceptions::of_policy(&info, flavour, written, unusable),
                info: Arc::new(info),
                constraints,
                variables,
                conditions,
            }),
            faults => Err(CompileError::of_policy(&info, faults)),
        }
    }

    /// Who the policy is.
    #[must_use]
    pub fn info(&self) -> &Arc<PolicyInfo> {
        &self.info
    }

    /// Whether the policy can be about objects of a kind.
    #[must_use]
    pub fn is_about(&self, kind: &GroupVersionKind, resource: &str) -> bool {
        let constraints = self.constraints.as_ref();
        constraints.is_some_and(|constraints| constraints.is_about(kind, resource))
    }

    /// The decision as Kyverno's `apply` and `test` show it: an object that is not deleted fails, and nothing is
    /// said of one that the constraints do not match.
    #[must_use]
    pub fn evaluate<'a>(
        &'a self,
        request: &RequestScope<'a>,
        source: &dyn ContextSource,
    ) -> Option<RuleResponse> {
        if !self.matches(request.request()) {
            return None;
        }
        let decided = match self.exemption(request, source) {
            Ok(Some(exemption)) => return Some(exemption.response(RuleType::Deletion)),
            Ok(None) => self.deletes(request, source),
            Err(error) => Err(error.into()),
        };
        let (status, message, expression) = match decided {
            Ok(true) => (RuleStatus::Pass, "resource matched".to_owned(), None),
            Ok(false) => (RuleStatus::Fail, "resource did not match".to_owned(), None),
            Err(error) => (RuleStatus::Error, error.message, error.expression),
        };
        let detail = expression.map(|expression| RuleDetail {
            expression: Some(expression),
            ..RuleDetail::default()
        });
        Some(RuleResponse {
            rule: self.info.name.as_str().into(),
            rule_type: RuleType::Deletion,
            status,
            message: message.into(),
            detail: detail.map(Box::new),
        })
    }

    /// The leave of a request that some exception holds for, whatever it allows.
    fn exemption<'a>(
        &'a self,
        request: &RequestScope<'a>,
        source: &dyn ContextSource,
    ) -> Result<Option<Exemption>, String> {
        let host = SourceHost::new(source).in_namespace(self.info.bounds());
        self.exceptions.exemption(request, &host, source)
    }

    fn deletes<'a>(
        &'a self,
        scope: &RequestScope<'a>,
        source: &dyn ContextSource,
    ) -> Result<bool, Undecided> {
        let host = SourceHost::new(source).in_namespace(self.info.bounds());
        let scope = Scope::new(scope, &host, &self.variables)
            .without_request()
            .without_limit();
        all_hold(&self.conditions, &scope).map_err(|error| scope.undecided(error))
    }

    fn matches(&self, request: &Request<'_>) -> bool {
        // JSON that is no object of Kubernetes meets any constraints.
        if request.payload == Payload::Json {
            return true;
        }
        let bounds = self.info.bounds();
        let constraints = self.constraints.as_ref();
        (bounds.is_empty() || bounds == request.namespace)
            && constraints.is_some_and(|constraints| constraints.matches(request))
    }
}

/// The constraints without the operations that they name: a schedule runs in none.
fn of_any_operation(spec: &DeletingPolicySpec) -> Option<MatchConstraints> {
    let mut constraints = spec.match_constraints.clone()?;
    let excluded = constraints.exclude_resource_rules.iter_mut();
    for rule in constraints.resource_rules.iter_mut().chain(excluded) {
        rule.operations = vec!["*".to_owned()];
    }
    Some(constraints)
}
