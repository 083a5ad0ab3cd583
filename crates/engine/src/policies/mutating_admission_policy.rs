//! MutatingAdmissionPolicy, compiled, with its bindings: the API server's own policies that change
//! objects.
//!
//! A policy is taken in steps: constraints, then for each binding that is in effect and each object
//! of its parameters conditions and mutations, each on the object as the one before left it. A
//! policy without a binding does nothing in a cluster; here it is evaluated as it stands, as
//! Kyverno's commands do. Each binding answers with one response, whose rule is named like the
//! policy.

use std::sync::Arc;

use portcullis_api::{
    admission_policy::{
        AdmissionPolicyBinding, AdmissionPolicyBindingKind, MutatingAdmissionPolicy,
    },
    cluster_policy::FailurePolicy,
};
use portcullis_cel::{types::Type, value::Value as CelValue};
use serde_json::{Value, json};

use crate::cel::{
    binding::Binding,
    compiler::Compiler,
    environment::{Flavour, environment},
    host::SourceHost,
    mutation::{self, Mutation},
    native_form,
    preamble::Preamble,
    scope::{RequestScope, Scope},
};
use crate::compile_options::{CompileError, CompileOptions};
use crate::context::{Store, source::ContextSource};
use crate::patch::apply_configuration::Atomic;
use crate::policies::mutating_policy::{Changed, Outcome};
use crate::policy_info::PolicyInfo;
use crate::request::{GroupVersionKind, Request};
use crate::response::{Bound, RuleDetail, RuleResponse, RuleStatus, RuleType};

/// A policy with its bindings, ready to run.
#[derive(Debug)]
pub struct CompiledMutatingAdmissionPolicy {
    info: Arc<PolicyInfo>,
    preamble: Preamble,
    mutations: Vec<Mutation>,
    bindings: Vec<Binding>,
    /// Whether several parameters are read as one list, as Kyverno's commands have it (`--compat`).
    reads_lists: bool,
    /// Whether it is invoked again where an object changes at or after it; Kyverno's commands do not
    /// (`--compat`).
    is_reinvoked: bool,
}

impl CompiledMutatingAdmissionPolicy {
    /// Makes a policy ready, with those of the bindings that are for it.
    ///
    /// # Errors
    /// Every expression that does not compile, and all else that the API server refuses, with its path.
    pub fn compile(
        policy: &MutatingAdmissionPolicy,
        bindings: &[&AdmissionPolicyBinding],
        options: &CompileOptions,
    ) -> Result<CompiledMutatingAdmissionPolicy, Vec<CompileError>> {
        let spec = &policy.spec;
        let mut compiler = Compiler::new(environment(Flavour::Admission));
        if !options.compat {
            let kind = AdmissionPolicyBindingKind::MutatingAdmissionPolicyBinding;
            let name = policy.metadata.name.as_deref();
            compiler.faults(native_form::of_mutating(spec));
            compiler.faults(native_form::of_bindings(kind, name, bindings));
        }
        if spec.param_kind.is_some() {
            compiler.declare("params", Type::Dyn);
        }
        let preamble = Preamble::compile(
            &mut compiler,
            spec.match_constraints.as_ref(),
            &spec.match_conditions,
            &spec.variables,
        )
        .of_api_server();
        compiler.allow_patches();
        let mutations = mutation::compile(&mut compiler, &spec.mutations, Atomic::Refused);
        let info = PolicyInfo {
            errors_deny: spec.failure_policy != Some(FailurePolicy::Ignore),
            ..PolicyInfo::native(
                policy.api_version.as_str(),
                "MutatingAdmissionPolicy",
                &policy.metadata,
            )
        };
        let bindings = Binding::of_policy(
            &mut compiler,
            AdmissionPolicyBindingKind::MutatingAdmissionPolicyBinding,
            &info.name,
            spec.param_kind.as_ref(),
            bindings,
        );
        match compiler.into_faults() {
            faults if faults.is_empty() => Ok(CompiledMutatingAdmissionPolicy {
                info: Arc::new(info),
                preamble,
                mutations,
                bindings,
                reads_lists: options.compat,
                is_reinvoked: !options.compat
                    && spec.reinvocation_policy.as_deref() == Some("IfNeeded"),
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

    /// Whether it is invoked again where an object changes at or after it.
    #[must_use]
    pub fn is_reinvoked(&self) -> bool {
        self.is_reinvoked
    }

    /// What the policy makes of the request's object, in those of its invocations that are asked for:
    /// there is one for each object of the parameters of each binding, and they are counted.
    #[must_use]
    pub fn evaluate(
        &self,
        request: &Request<'_>,
        source: &dyn ContextSource,
        is_asked: &dyn Fn(usize) -> bool,
    ) -> Changed {
        let mut changed = Changed::default();
        let mut number = 0;
        if !self.preamble.matches("", request) {
            return changed;
        }
        if self.bindings.is_empty() && is_asked(0) {
            let outcome = self.mutate(request, source, &Value::Null);
            changed.add(self.response(&outcome, None), outcome);
        }
        for binding in self.bindings.iter().filter(|one| one.matches(request)) {
            let parameters = match self.parameters(binding, request, source) {
                Ok(parameters) => parameters,
                Err(error) => {
                    let response = self.response(&Err(error.into()), Some(binding));
                    changed.responses.push(response);
                    continue;
                }
            };
            for parameter in parameters {
                number += 1;
                if !is_asked(number - 1) {
                    continue;
                }
                let object = changed.object.clone();
                let seen = Request {
                    object: object.as_ref().or(request.object),
                    ..request.clone()
                };
                let outcome = self.mutate(&seen, source, &parameter);
                changed.add(self.response(&outcome, Some(binding)), outcome);
            }
        }
        changed
    }

    fn parameters(
        &self,
        binding: &Binding,
        request: &Request<'_>,
        source: &dyn ContextSource,
    ) -> Result<Vec<Value>, String> {
        let found = binding.parameters(request, source)?;
        match self.reads_lists && binding.selects_parameters() && !found.is_empty() {
            true => Ok(vec![json!({"items": found})]),
            false => Ok(found),
        }
    }

    /// The object as it comes out, if it changed; nothing at all where a condition does not hold.
    fn mutate(
        &self,
        request: &Request<'_>,
        source: &dyn ContextSource,
        parameter: &Value,
    ) -> Outcome {
        let mut object: Option<Value> = None;
        let mut is_first = true;
        for mutation in &self.mutations {
            let Some(before) = object.as_ref().or(request.object) else {
                return Ok(Some(None));
            };
            let seen = Request {
                object: Some(before),
                ..request.clone()
            };
            let host = SourceHost::new(source).of_user(request.user);
            let store = Store::new();
            let scoped = RequestScope::new(&seen, &store);
            let variables = &self.preamble.variables;
            let scope = Scope::new(&scoped, &host, variables)
                .naming_variables()
                .with("params", scoped.keep(parameter.clone()).into());
            // The API server does not show conditions the namespace.
            let asked = Scope::new(&scoped, &host, variables)
                .with("params", scoped.keep(parameter.clone()).into())
                .with("namespaceObject", CelValue::Null);
            let holds = !is_first || self.holds(&asked).map_err(|error| asked.undecided(error))?;
            if !holds {
                return Ok(None);
            }
            is_first = false;
            match mutation.apply_natively(&scope, before, source.catalogue()) {
                Ok(Some(after)) => object = Some(after),
                Ok(None) => {}
                Err(error) if self.info.errors_deny => return Err(error),
                Err(_) => {}
            }
        }
        Ok(Some(object.filter(|after| Some(after) != request.object)))
    }

    fn holds<'a>(&'a self, scope: &Scope<'_, 'a>) -> Result<bool, String> {
        match self.preamble.holds_natively(scope) {
            Err(_) if !self.info.errors_deny => Ok(false),
            decided => decided,
        }
    }

    fn response(&self, outcome: &Outcome, binding: Option<&Binding>) -> RuleResponse {
        let (status, message) = match outcome {
            Ok(Some(_)) => (RuleStatus::Pass, "mutation is successfully applied"),
            Ok(None) => (RuleStatus::Skip, "match conditions aren't met"),
            Err(_) if !self.info.errors_deny => (RuleStatus::Skip, "an error is ignored"),
            Err(error) => (RuleStatus::Error, error.message.as_str()),
        };
        let expression = outcome.as_ref().err();
        let expression = expression.and_then(|error| error.expression.clone());
        let bound = binding.map(|binding| Bound {
            name: binding.name.clone(),
            denials: match status {
                RuleStatus::Error => vec![message.to_owned()],
                _ => Vec::new(),
            },
            warnings: Vec::new(),
        });
        let properties = binding.map(|binding| ("mapBinding".to_owned(), binding.name.clone()));
        RuleResponse {
            rule: self.info.name.as_str().into(),
            rule_type: RuleType::Mutation,
            status,
            message: message.into(),
            detail: Some(Box::new(RuleDetail {
                properties: properties.into_iter().collect(),
                bound,
                expression,
                ..RuleDetail::default()
            })),
        }
    }
}
