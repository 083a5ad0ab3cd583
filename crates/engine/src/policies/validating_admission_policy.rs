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
    preamble::Preamble,
    scope::{RequestScope, Scope},
    validation::{self, Decision, Validation, Wording},
};
use crate::compile_options::CompileError;
use crate::context::source::ContextSource;
use crate::policy_info::PolicyInfo;
use crate::request::{GroupVersionKind, Request};
use crate::response::{FailureAction, RuleDetail, RuleResponse, RuleStatus, RuleType};

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
    /// Every expression that does not compile, and every selector that is refused, with its path.
    pub fn compile(
        policy: &ValidatingAdmissionPolicy,
        bindings: &[&AdmissionPolicyBinding],
    ) -> Result<CompiledValidatingAdmissionPolicy, Vec<CompileError>> {
        let spec = &policy.spec;
        let mut compiler = Compiler::new(environment(Flavour::Admission));
        if spec.param_kind.is_some() {
            compiler.declare("params", Type::Dyn);
        }
        let preamble = Preamble::compile(
            &mut compiler,
            spec.match_constraints.as_ref(),
            &spec.match_conditions,
            &spec.variables,
        );
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
        let mut action = FailureAction::Audit;
        let mut responses = Vec::new();
        for binding in &self.bindings {
            let Some(decided) = self.decide_bound(binding, request, source) else {
                continue;
            };
            let is_violation = matches!(decided.0.status, RuleStatus::Fail | RuleStatus::Error);
            if binding.denies && is_violation {
                action = FailureAction::Enforce;
            }
            responses.push(self.response(decided, Some(binding)));
        }
        (responses, action)
    }

    /// What a binding makes of the request: the first decision that is against it, else the last;
    /// nothing where the policy is not in effect.
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
            Err(error) => return Some((self.failed(&error), Vec::new())),
        };
        let mut last = None;
        for parameter in &parameters {
            let decided = self.decide(request, source, parameter);
            let is_violation = matches!(decided.0.status, RuleStatus::Fail | RuleStatus::Error);
            last = Some(decided);
            if is_violation {
                break;
            }
        }
        last
    }

    fn decide<'a>(
        &'a self,
        request: &RequestScope<'a>,
        source: &dyn ContextSource,
        parameter: &serde_json::Value,
    ) -> Decided {
        let host = SourceHost::new(source);
        let parameter = Value::from(request.keep(parameter.clone()));
        let scope = Scope::new(request, &host, &self.preamble.variables).with("params", parameter);
        match self.preamble.holds(&scope) {
            Ok(true) => {}
            Err(error) if self.info.errors_deny => return (self.failed(&error), Vec::new()),
            Ok(false) | Err(_) => {
                let skipped = Decision::of(RuleStatus::Skip, "match conditions aren't met");
                return (skipped, Vec::new());
            }
        }
        let errors_decide = self.info.errors_deny;
        let decision = validation::decide_if(&self.validations, &scope, errors_decide);
        (decision, self.annotate(&scope))
    }

    /// A decision without a validation; an error where errors deny.
    fn failed(&self, error: &str) -> Decision {
        match self.info.errors_deny {
            true => Decision::of(RuleStatus::Error, error),
            false => Decision::of(RuleStatus::Pass, ""),
        }
    }

    /// The audit annotations; one with nothing but space is left out.
    fn annotate<'a>(&'a self, scope: &Scope<'_, 'a>) -> Vec<(String, String)> {
        let values = self.annotations.values(scope);
        let trimmed = values.map(|(key, value)| (key, value.trim().to_owned()));
        trimmed.filter(|(_, value)| !value.is_empty()).collect()
    }

    fn response(
        &self,
        (decision, annotations): Decided,
        binding: Option<&Binding>,
    ) -> RuleResponse {
        let bound = binding.map(|binding| ("binding".to_owned(), binding.name.clone()));
        let properties = annotations.into_iter().chain(bound).collect();
        let message = match decision.status {
            RuleStatus::Pass => String::new(),
            _ => decision.message,
        };
        RuleResponse {
            rule: self.info.name.as_str().into(),
            rule_type: RuleType::Validation,
            status: decision.status,
            message: message.into(),
            detail: Some(Box::new(RuleDetail {
                properties,
                ..RuleDetail::default()
            })),
        }
    }
}

/// A decision, and the annotations for the audit event.
type Decided = (Decision, Vec<(String, String)>);

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
