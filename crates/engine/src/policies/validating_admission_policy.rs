//! ValidatingAdmissionPolicy, compiled, with its bindings: the API server's own policies.
//!
//! A policy is taken in steps: constraints, then for each binding that is in effect and each object
//! of its parameters conditions and validations. A policy without a binding does nothing in a
//! cluster; here it is evaluated as it stands, as Kyverno's commands do. Each binding answers with
//! one response, whose rule is named like the policy.

use std::sync::Arc;

use portcullis_api::{
    admission_policy::{
        AdmissionPolicyBinding, AdmissionPolicyBindingKind, ValidatingAdmissionPolicy,
    },
    cluster_policy::FailurePolicy,
};
use portcullis_cel::{types::Type, value::Value};

use crate::cel::{
    audit_annotations::AuditAnnotations,
    binding::Binding,
    compiler::Compiler,
    environment::{Flavour, environment},
    host::SourceHost,
    native_form,
    preamble::Preamble,
    scope::{RequestScope, Scope},
    validation::{self, Decision, Validation, Wording},
};
use crate::compile_options::{CompileError, CompileOptions};
use crate::context::source::ContextSource;
use crate::policy_info::PolicyInfo;
use crate::request::{GroupVersionKind, Request};
use crate::response::{Bound, FailureAction, RuleDetail, RuleResponse, RuleStatus, RuleType};

/// A policy with its bindings, ready to run.
#[derive(Debug)]
pub struct CompiledValidatingAdmissionPolicy {
    info: Arc<PolicyInfo>,
    preamble: Preamble,
    validations: Vec<Validation>,
    annotations: AuditAnnotations,
    bindings: Vec<Binding>,
}

impl CompiledValidatingAdmissionPolicy {
    /// Makes a policy ready, with those of the bindings that are for it.
    ///
    /// # Errors
    /// Every expression that does not compile, and all else that the API server refuses, with its path.
    pub fn compile(
        policy: &ValidatingAdmissionPolicy,
        bindings: &[&AdmissionPolicyBinding],
        options: &CompileOptions,
    ) -> Result<CompiledValidatingAdmissionPolicy, Vec<CompileError>> {
        let spec = &policy.spec;
        let mut compiler = Compiler::new(environment(Flavour::Admission));
        if !options.compat {
            let kind = AdmissionPolicyBindingKind::ValidatingAdmissionPolicyBinding;
            let name = policy.metadata.name.as_deref();
            compiler.faults(native_form::of_validating(spec));
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
        let validations = validation::compile(
            &mut compiler,
            "spec.validations",
            &spec.validations,
            Wording::Kubernetes,
        );
        let annotations = AuditAnnotations::compile(&mut compiler, &spec.audit_annotations);
        let name = policy.metadata.name.clone().unwrap_or_default();
        let bindings = Binding::of_policy(
            &mut compiler,
            AdmissionPolicyBindingKind::ValidatingAdmissionPolicyBinding,
            &name,
            spec.param_kind.as_ref(),
            bindings,
        );
        let info = info(policy, &bindings);
        match compiler.into_faults() {
            faults if faults.is_empty() => Ok(CompiledValidatingAdmissionPolicy {
                info: Arc::new(info),
                preamble,
                validations,
                annotations,
                bindings,
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

    /// What the policy says, and what a failure means; nothing if it is not about the request.
    #[must_use]
    pub fn evaluate<'a>(
        &'a self,
        request: &RequestScope<'a>,
        source: &dyn ContextSource,
    ) -> (Vec<RuleResponse>, FailureAction) {
        if !self.preamble.matches("", request.request()) {
            return (Vec::new(), FailureAction::Audit);
        }
        if self.bindings.is_empty() {
            let decided = self.decide(request, source, &serde_json::Value::Null);
            return (vec![self.response(decided, None)], FailureAction::Enforce);
        }
        let bindings = self.bindings.iter();
        let responses: Vec<RuleResponse> = bindings
            .filter_map(|binding| {
                let decided = self.decide_bound(binding, request, source)?;
                Some(self.response(decided, Some(binding)))
            })
            .collect();
        let mut bound = responses.iter().filter_map(RuleResponse::bound);
        let action = match bound.any(|bound| !bound.denials.is_empty()) {
            true => FailureAction::Enforce,
            false => FailureAction::Audit,
        };
        (responses, action)
    }

    /// What a binding makes of the request, with every object of its parameters; nothing where the
    /// policy is not in effect.
    fn decide_bound<'a>(
        &'a self,
        binding: &Binding,
        request: &RequestScope<'a>,
        source: &dyn ContextSource,
    ) -> Option<Decided> {
        let seen: &Request<'_> = request.request();
        if !binding.matches(seen) {
            return None;
        }
        let parameters = match binding.parameters(seen, source) {
            Ok(parameters) => parameters,
            Err(error) => return Some(self.misconfigured(error)),
        };
        let each = parameters.iter();
        each.map(|parameter| self.decide(request, source, parameter))
            .reduce(Decided::and)
    }

    fn decide<'a>(
        &'a self,
        request: &RequestScope<'a>,
        source: &dyn ContextSource,
        parameter: &serde_json::Value,
    ) -> Decided {
        let host = SourceHost::new(source).of_user(request.request().user);
        let parameter = Value::from(request.keep(parameter.clone()));
        let variables = &self.preamble.variables;
        let scope = Scope::new(request, &host, variables)
            .naming_variables()
            .with("params", parameter.clone());
        // The API server does not show conditions the namespace.
        let asked = Scope::new(request, &host, variables)
            .with("params", parameter)
            .with("namespaceObject", Value::Null);
        match self.preamble.holds_natively(&asked) {
            Ok(true) => {}
            Err(error) if self.info.errors_deny => {
                return Decided::violated(vec![Decision::from(asked.undecided(error))]);
            }
            Ok(false) | Err(_) => return Decided::of(RuleStatus::Skip),
        }
        let errors_decide = self.info.errors_deny;
        let violations = validation::violations(&self.validations, &scope, errors_decide);
        let faults = match errors_decide {
            true => self.annotations.errors(&scope).collect(),
            false => Vec::new(),
        };
        Decided {
            annotations: self.annotate(&scope),
            faults,
            ..Decided::violated(violations)
        }
    }

    /// A binding that cannot be asked; an error where errors deny.
    fn misconfigured(&self, error: String) -> Decided {
        match self.info.errors_deny {
            true => Decided {
                faults: vec![error],
                ..Decided::of(RuleStatus::Pass)
            },
            false => Decided::of(RuleStatus::Pass),
        }
    }

    /// The audit annotations; one with nothing but space is left out.
    fn annotate<'a>(&'a self, scope: &Scope<'_, 'a>) -> Vec<(String, String)> {
        let values = self.annotations.values(scope);
        let trimmed = values.map(|(key, value)| (key, value.trim().to_owned()));
        trimmed.filter(|(_, value)| !value.is_empty()).collect()
    }

    fn response(&self, decided: Decided, binding: Option<&Binding>) -> RuleResponse {
        let (status, message) = decided.shown();
        let decision = decided.violations.first();
        let expression = decision.and_then(|decision| decision.expression.clone());
        let bound = binding.map(|binding| decided.bound(binding));
        let named = binding.map(|binding| ("binding".to_owned(), binding.name.clone()));
        RuleResponse {
            rule: self.info.name.as_str().into(),
            rule_type: RuleType::Validation,
            status,
            message: message.into(),
            detail: Some(Box::new(RuleDetail {
                properties: decided.annotations.into_iter().chain(named).collect(),
                bound,
                expression,
                ..RuleDetail::default()
            })),
        }
    }
}

/// What a policy makes of a request.
#[derive(Debug)]
struct Decided {
    /// Validations that fail or have no value, and conditions without one.
    violations: Vec<Decision>,
    /// What denies the request whatever the binding says of violations.
    faults: Vec<String>,
    /// How it ends without either.
    otherwise: RuleStatus,
    /// Annotations for the audit event.
    annotations: Vec<(String, String)>,
}

impl Decided {
    fn of(otherwise: RuleStatus) -> Decided {
        Decided {
            violations: Vec::new(),
            faults: Vec::new(),
            otherwise,
            annotations: Vec::new(),
        }
    }

    fn violated(violations: Vec<Decision>) -> Decided {
        Decided {
            violations,
            ..Decided::of(RuleStatus::Pass)
        }
    }

    /// What comes of two objects of parameters.
    fn and(mut self, other: Decided) -> Decided {
        self.violations.extend(other.violations);
        self.faults.extend(other.faults);
        Decided {
            otherwise: other.otherwise,
            annotations: other.annotations,
            ..self
        }
    }

    /// What reports have of it: the first that is against the request.
    fn shown(&self) -> (RuleStatus, &str) {
        match (self.violations.first(), self.faults.first()) {
            (Some(first), _) => (first.status, &first.message),
            (None, Some(fault)) => (RuleStatus::Error, fault),
            (None, None) if self.otherwise == RuleStatus::Skip => {
                (RuleStatus::Skip, "match conditions aren't met")
            }
            (None, None) => (self.otherwise, ""),
        }
    }

    fn bound(&self, binding: &Binding) -> Bound {
        let messages = || {
            let violations = self.violations.iter();
            violations.map(|violation| violation.message.clone())
        };
        let denied = messages().filter(|_| binding.denies);
        Bound {
            name: binding.name.clone(),
            denials: denied.chain(self.faults.iter().cloned()).collect(),
            warnings: messages().filter(|_| binding.warns).collect(),
        }
    }
}

fn info(policy: &ValidatingAdmissionPolicy, bindings: &[Binding]) -> PolicyInfo {
    PolicyInfo {
        emit_warning: bindings.iter().any(|binding| binding.warns),
        errors_deny: policy.spec.failure_policy != Some(FailurePolicy::Ignore),
        ..PolicyInfo::native(
            policy.api_version.as_str(),
            "ValidatingAdmissionPolicy",
            &policy.metadata,
        )
    }
}
