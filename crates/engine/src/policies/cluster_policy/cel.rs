//! `validate.cel` with `celPreconditions`: a rule written in CEL, as the API server evaluates it.

use std::sync::Arc;

use portcullis_api::cluster_policy as api;
use portcullis_cel::{program::Program, types::Type, value::Value};

use super::outcome::Outcome;
use crate::cel::{
    compiler::{Compiler, Variable},
    environment::{Flavour, environment},
    host::SourceHost,
    parameters::{Parameters, WrittenReference},
    scope::{RequestScope, Scope},
    validation::{self, Decision, Validation, Wording},
};
use crate::compile_options::CompileOptions;
use crate::context::Store;
use crate::evaluation::Evaluation;
use crate::record::Recorder;
use crate::response::RuleStatus;

/// A rule, ready to run.
#[derive(Debug)]
pub(super) struct CelRule {
    preconditions: Vec<Program>,
    variables: Vec<Variable>,
    validations: Vec<Validation>,
    parameters: Option<Parameters>,
    passed: Arc<str>,
    /// Whether an error is a failure, as the API server answers it (`--compat`).
    errors_fail: bool,
}

impl CelRule {
    /// Makes a rule ready; `path` is that of the rule.
    pub(super) fn compile(
        rule: &api::Rule,
        cel: &api::CelRule,
        path: &str,
        options: &CompileOptions,
    ) -> Result<CelRule, Vec<(String, String)>> {
        let mut compiler = Compiler::new(environment(Flavour::ClusterPolicy));
        let preconditions = rule.cel_preconditions.iter().enumerate();
        let preconditions = preconditions
            .filter_map(|(index, condition)| {
                let path = format!("{path}.celPreconditions[{index}].expression");
                compiler.expression(&path, &condition.expression, &[Type::Bool])
            })
            .collect();
        let path = format!("{path}.validate.cel");
        let variables = compiler.variables(&format!("{path}.variables"), &cel.variables);
        let expressions = format!("{path}.expressions");
        let wording = Wording::Kubernetes;
        let mut validations =
            validation::compile(&mut compiler, &expressions, &cel.expressions, wording);
        let message = rule
            .validate
            .as_ref()
            .and_then(|body| body.message.as_deref());
        for validation in &mut validations {
            validation.or_message(message.unwrap_or_default());
        }
        let parameters = parameters(&mut compiler, cel, &path);
        match compiler.into_faults() {
            faults if faults.is_empty() => Ok(CelRule {
                preconditions,
                variables,
                validations,
                parameters,
                passed: format!("Validation rule '{}' passed.", rule.name).into(),
                errors_fail: options.compat,
            }),
            faults => Err(faults),
        }
    }

    /// What the rule says of the request.
    pub(super) fn evaluate<R: Recorder>(&self, evaluation: &Evaluation<'_, '_, R>) -> Outcome {
        let source = evaluation.context().source();
        let (store, host) = (Store::new(), SourceHost::new(source));
        let request = RequestScope::new(evaluation.request(), &store);
        let scope = || Scope::new(&request, &host, &self.variables);
        match self.preconditions_hold(&scope()) {
            Ok(true) => {}
            Ok(false) => return Outcome::new(RuleStatus::Skip, "cel preconditions not met"),
            Err(error) => return Outcome::new(RuleStatus::Error, error),
        }
        let Some(parameters) = &self.parameters else {
            let scope = scope().with("params", Value::Null);
            return self.outcome(validation::decide(&self.validations, &scope));
        };
        let found = match parameters.find(request.request(), source) {
            Ok(found) => found,
            Err(error) => return Outcome::new(RuleStatus::Error, error),
        };
        let mut last = Decision::of(RuleStatus::Pass, "");
        for object in found {
            let scope = scope().with("params", Value::from(store.keep(object)));
            last = validation::decide(&self.validations, &scope);
            if last.status != RuleStatus::Pass {
                break;
            }
        }
        self.outcome(last)
    }

    fn preconditions_hold<'a>(&'a self, scope: &Scope<'_, 'a>) -> Result<bool, String> {
        for precondition in &self.preconditions {
            if !scope.is_true(precondition)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn outcome(&self, decision: Decision) -> Outcome {
        match decision.status {
            RuleStatus::Pass => Outcome::new(RuleStatus::Pass, Arc::clone(&self.passed)),
            RuleStatus::Error if self.errors_fail => {
                Outcome::new(RuleStatus::Fail, decision.message)
            }
            status => Outcome::new(status, decision.message),
        }
    }
}

fn parameters(compiler: &mut Compiler, cel: &api::CelRule, path: &str) -> Option<Parameters> {
    let kind = cel.param_kind.as_ref()?;
    let reference = cel.param_ref.as_ref();
    let of = |field: fn(&api::ParamRef) -> Option<&str>| reference.and_then(field);
    let written = WrittenReference {
        name: of(|reference| reference.name.as_deref()),
        namespace: of(|reference| reference.namespace.as_deref()),
        selector: reference.and_then(|reference| reference.selector.as_ref()),
        not_found_action: of(|reference| reference.parameter_not_found_action.as_deref()),
    };
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let (api_version, kind) = (text(&kind.api_version), text(&kind.kind));
    match Parameters::compile((&api_version, &kind), written) {
        Ok(parameters) => Some(parameters),
        Err(error) => {
            compiler.fault(format!("{path}.paramRef.selector"), error.to_string());
            None
        }
    }
}
