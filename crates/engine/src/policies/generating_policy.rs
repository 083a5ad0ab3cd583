//! GeneratingPolicy and NamespacedGeneratingPolicy, compiled: expressions and templates that make
//! objects.
//!
//! A policy is taken in steps: constraints, exceptions, conditions, and then its generations in order. If one
//! fails, nothing is made.

pub(crate) mod placeholder;
mod template;

use std::sync::Arc;

use portcullis_api::{
    cel_policy::Evaluation,
    cel_policy_exception::CelPolicyException,
    generating_policy::{CelGeneration, GeneratingPolicy, GeneratingPolicyKind, Interpolation},
};
use portcullis_cel::{host::Host, types::Type};
use serde_json::Value;

use self::template::Template;
use crate::cel::{
    compiler::{Compiler, PlacedProgram},
    environment::{Flavour, environment},
    exception::{Exceptions, Leave},
    host::SourceHost,
    preamble::Preamble,
    scope::{RequestScope, Scope},
};
use crate::compile_options::CompileError;
use crate::context::source::ContextSource;
use crate::generate::labels::{self, Origin};
use crate::policies::cel_policy::{cel_policy_info, refuse_namesakes};
use crate::policy_info::PolicyInfo;
use crate::request::{GroupVersionKind, Request};
use crate::response::{RuleDetail, RuleResponse, RuleStatus, RuleType};

/// A policy, ready to run.
#[derive(Debug)]
pub struct CompiledGeneratingPolicy {
    info: Arc<PolicyInfo>,
    exceptions: Exceptions,
    preamble: Preamble,
    generations: Vec<Generation>,
}

/// One thing to make.
#[derive(Debug)]
enum Generation {
    Expression(PlacedProgram),
    Template(Vec<Template>),
}

impl CompiledGeneratingPolicy {
    /// Makes a policy ready, with the exceptions that name it. One that cannot be used lets nothing off, and
    /// is told.
    ///
    /// # Errors
    /// Every expression that does not compile and every template that cannot be read, with its path.
    pub fn compile(
        policy: &GeneratingPolicy,
        written: &[&CelPolicyException],
        unusable: &mut Vec<CompileError>,
    ) -> Result<CompiledGeneratingPolicy, Vec<CompileError>> {
        let spec = &policy.spec;
        let flavour = match policy.kind {
            GeneratingPolicyKind::GeneratingPolicy => Flavour::Generating,
            GeneratingPolicyKind::NamespacedGeneratingPolicy => Flavour::NamespacedGenerating,
        };
        let mut compiler = Compiler::new(environment(flavour));
        let preamble = Preamble::compile(
            &mut compiler,
            spec.match_constraints.as_ref(),
            &spec.match_conditions,
            &spec.variables,
        );
        let conditions = ("spec.matchConditions", spec.match_conditions.as_slice());
        refuse_namesakes(&mut compiler, conditions, &spec.variables);
        let generations = spec.generate.iter().enumerate();
        let generations = generations
            .filter_map(|(index, written)| Generation::compile(&mut compiler, index, written))
            .collect();
        let info = info(policy);
        match compiler.into_faults() {
            faults if faults.is_empty() => Ok(CompiledGeneratingPolicy {
                exceptions: Exceptions::of_policy(&info, flavour, written, unusable),
                info: Arc::new(info),
                preamble,
                generations,
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
        self.preamble.is_about(kind, resource)
    }

    /// What the policy says, with the objects that it makes; nothing if it is not about the request, or its
    /// conditions do not hold.
    #[must_use]
    pub fn evaluate<'a>(
        &'a self,
        request: &RequestScope<'a>,
        source: &dyn ContextSource,
    ) -> Option<RuleResponse> {
        let bounds = self.info.bounds();
        if !self.preamble.matches(bounds, request.request()) {
            return None;
        }
        let host = SourceHost::new(source).in_namespace(bounds);
        let scope = Scope::new(request, &host, &self.preamble.variables);
        let make = |scope: &Scope<'_, 'a>| {
            let made = self.make(scope, &host);
            made.map_err(|error| scope.undecided(error))
        };
        let made = match self.exceptions.leave(request, &host, source) {
            Ok(Leave::Whole(exemption)) => return Some(exemption.response(RuleType::Generation)),
            Ok(Leave::Parts(allowed)) => make(&scope.with("exceptions", allowed)),
            Ok(Leave::Nothing) => make(&scope),
            Err(error) => Err(error.into()),
        };
        let mut detail = RuleDetail::default();
        let (status, message) = match made {
            Ok(true) => {
                detail.generated = self.labelled(host.into_generated(), request.request());
                (RuleStatus::Pass, "policy evaluated successfully".to_owned())
            }
            Ok(false) => return None,
            Err(error) => {
                detail.expression = error.expression;
                let message = format!("failed to evaluate policy: {}", error.message);
                (RuleStatus::Error, message)
            }
        };
        Some(RuleResponse {
            rule: self.info.name.as_str().into(),
            rule_type: RuleType::Generation,
            status,
            message: message.into(),
            detail: Some(Box::new(detail)),
        })
    }

    /// The objects with the labels that say where they come from.
    fn labelled(&self, mut made: Vec<Value>, request: &Request<'_>) -> Vec<Value> {
        let origin = Origin {
            policy_namespace: self.info.bounds(),
            policy: &self.info.name,
            rule: "",
            trigger: request.subject().unwrap_or(&Value::Null),
            source: None,
        };
        let objects = made.iter_mut().filter_map(Value::as_object_mut);
        objects.for_each(|object| labels::put(object, origin.labels()));
        made
    }

    /// A policy of one namespace says so itself where it names another one.
    fn may_make(&self, object: &Value) -> Result<(), String> {
        let bounds = self.info.bounds();
        let namespace = object
            .pointer("/metadata/namespace")
            .and_then(Value::as_str);
        match namespace {
            Some(other) if !bounds.is_empty() && other != bounds => Err(format!(
                "a policy of the namespace `{bounds}` cannot generate objects in `{other}`"
            )),
            _ => Ok(()),
        }
    }

    /// Makes the objects, which the host keeps; whether the conditions hold.
    fn make<'a>(&'a self, scope: &Scope<'_, 'a>, host: &dyn Host) -> Result<bool, String> {
        if !self.preamble.holds(scope)? {
            return Ok(false);
        }
        for generation in &self.generations {
            match generation {
                Generation::Expression(program) => {
                    scope.is_true(program)?;
                }
                Generation::Template(documents) => {
                    for (number, document) in (1..).zip(documents) {
                        let object = document.render(scope).map_err(|error| {
                            format!(
                                "failed to render generation template: document {number}: {error}"
                            )
                        })?;
                        self.may_make(&object)?;
                        host.generate(None, &[object])?;
                    }
                }
            }
        }
        Ok(true)
    }
}

impl Generation {
    fn compile(
        compiler: &mut Compiler,
        index: usize,
        written: &CelGeneration,
    ) -> Option<Generation> {
        let path = format!("spec.generate[{index}]");
        match (&written.expression, &written.template) {
            (Some(expression), None) => {
                let path = format!("{path}.expression");
                let program = compiler.expression(&path, expression, &[Type::Bool])?;
                Some(Generation::Expression(program))
            }
            (None, Some(written)) => {
                let path = format!("{path}.template.value");
                if written.value.trim().is_empty() {
                    compiler.fault(path, "expected the objects to generate, as YAML".to_owned());
                    return None;
                }
                let is_interpolated = written.interpolate == Some(Interpolation::Cel);
                let documents = template::compile(compiler, &path, &written.value, is_interpolated);
                Some(Generation::Template(documents))
            }
            _ => {
                let problem = "expected expression or template, and only one of them";
                compiler.fault(path, problem.to_owned());
                None
            }
        }
    }
}

fn info(policy: &GeneratingPolicy) -> PolicyInfo {
    let kind = match policy.kind {
        GeneratingPolicyKind::GeneratingPolicy => "GeneratingPolicy",
        GeneratingPolicyKind::NamespacedGeneratingPolicy => "NamespacedGeneratingPolicy",
    };
    let evaluation = policy.spec.evaluation.as_ref().map(|of| Evaluation {
        admission: of.admission.clone(),
        ..Evaluation::default()
    });
    PolicyInfo {
        // Objects are made for requests; nothing that exists is looked at again.
        background: false,
        ..cel_policy_info(
            policy.api_version,
            kind,
            &policy.metadata,
            evaluation.as_ref(),
        )
    }
}
