//! `validate.cel` with `celPreconditions`: a rule written in CEL, as the API server evaluates it.

use std::sync::Arc;

use portcullis_api::cluster_policy as api;
use portcullis_cel::{types::Type, value::Value};

use super::outcome::Outcome;
use crate::cel::{
    compiler::{Compiler, PlacedProgram, Variable},
    environment::{Flavour, environment},
    host::SourceHost,
    parameters::{Parameters, WrittenReference},
    preamble::all_hold_natively,
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
    /// Each with its text.
    preconditions: Vec<(PlacedProgram, String)>,
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
                let program = compiler.expression(&path, &condition.expression, &[Type::Bool])?;
                Some((program, condition.expression.clone()))
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
        let scope = || Scope::new(&request, &host, &self.variables).naming_variables();
        // The API server does not show conditions the namespace.
        let asked = scope().with("namespaceObject", Value::Null);
        let texts = self
            .preconditions
            .iter()
            .map(|(program, text)| (program, text.as_str()));
        match all_hold_natively(texts, &asked) {
            Ok(true) => {}
            Ok(false) => return Outcome::new(RuleStatus::Skip, "cel preconditions not met"),
            Err(error) => return self.outcome(Decision::from(asked.undecided(error))),
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

    fn outcome(&self, decision: Decision) -> Outcome {
        let status = match decision.status {
            RuleStatus::Pass => return Outcome::new(RuleStatus::Pass, Arc::clone(&self.passed)),
            RuleStatus::Error if self.errors_fail => RuleStatus::Fail,
            status => status,
        };
        Outcome {
            expression: decision.expression,
            ..Outcome::new(status, decision.message)
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
