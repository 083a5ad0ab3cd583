//! ValidatingPolicy and NamespacedValidatingPolicy, compiled: expressions that an object must meet.
//!
//! A policy is taken in steps: constraints, exceptions, conditions, and then its validations in
//! order up to the first that does not hold. It has no rules, and so its response has no rule name.
//! The policies that autogen derives stand beside the written one.

mod authorization;
mod compile;

use std::sync::Arc;

use crate::cel::{
    audit_annotations::AuditAnnotations,
    compiler::PlacedProgram,
    exception::{Exceptions, Leave},
    host::SourceHost,
    preamble::Preamble,
    scope::{RequestScope, Scope},
    validation::{self, Decision, Validation},
};
use crate::context::{Store, source::ContextSource};
use crate::policy_info::PolicyInfo;
use crate::request::{GroupVersionKind, Payload, Request};
use crate::response::{FailureAction, RuleDetail, RuleResponse, RuleStatus, RuleType};

/// A policy, ready to run.
#[derive(Debug)]
pub struct CompiledValidatingPolicy {
    info: Arc<PolicyInfo>,
    exceptions: Exceptions,
    action: FailureAction,
    /// What the policy is about.
    mode: Payload,
    /// The policy as it is written, and then those that are derived.
    variants: Vec<Variant>,
}

/// A policy for certain kinds.
#[derive(Debug)]
struct Variant {
    preamble: Preamble,
    validations: Vec<Validation>,
    /// What answers a request of a proxy, in place of validations.
    answers: Vec<PlacedProgram>,
    annotations: AuditAnnotations,
}

impl CompiledValidatingPolicy {
    /// Who the policy is.
    #[must_use]
    pub fn info(&self) -> &Arc<PolicyInfo> {
        &self.info
    }

    /// What a failure means for a request.
    #[must_use]
    pub fn action(&self) -> FailureAction {
        self.action
    }

    /// Whether the policy can be about objects of a kind.
    #[must_use]
    pub fn is_about(&self, kind: &GroupVersionKind, resource: &str) -> bool {
        let mut variants = self.variants.iter();
        variants.any(|variant| variant.preamble.is_about(kind, resource))
    }

    /// Whether Kyverno's commands show nothing of the policy where it does not match.
    #[must_use]
    pub fn is_simple(&self) -> bool {
        self.variants.iter().all(|one| one.preamble.is_simple())
    }

    /// What the policy says; nothing if it is not about the request. A policy about JSON is asked
    /// about the JSON of an object of Kubernetes, too.
    #[must_use]
    pub fn evaluate<'a>(
        &'a self,
        request: &RequestScope<'a>,
        source: &dyn ContextSource,
    ) -> Vec<RuleResponse> {
        match (self.mode, request.request().payload) {
            (Payload::Resource, Payload::Resource) => self.on_resource(request, source),
            (Payload::Json, Payload::Resource) => self.on_json_of(request.request(), source),
            (mode, payload) if mode == payload => self.on_payload(request, source),
            _ => Vec::new(),
        }
    }

    /// The constraints do not count for what is no object of Kubernetes, and nothing is derived.
    fn on_payload<'a>(
        &'a self,
        request: &RequestScope<'a>,
        source: &dyn ContextSource,
    ) -> Vec<RuleResponse> {
        let written = self.variants.first();
        let said = written.map(|variant| match self.mode {
            Payload::Envoy | Payload::Http => self.authorize(variant, request, source),
            Payload::Json | Payload::Resource => self.decide(variant, request, source),
        });
        said.into_iter().collect()
    }

    fn on_json_of(&self, request: &Request<'_>, source: &dyn ContextSource) -> Vec<RuleResponse> {
        let Some(payload) = request.as_json(self.info.bounds()) else {
            return Vec::new();
        };
        let store = Store::new();
        self.on_payload(&RequestScope::new(&payload, &store), source)
    }

    fn on_resource<'a>(
        &'a self,
        request: &RequestScope<'a>,
        source: &dyn ContextSource,
    ) -> Vec<RuleResponse> {
        let namespace = self.info.bounds();
        let about = self
            .variants
            .iter()
            .filter(|variant| variant.preamble.matches(namespace, request.request()));
        about
            .map(|variant| self.decide(variant, request, source))
            .collect()
    }

    fn decide<'a>(
        &'a self,
        variant: &'a Variant,
        request: &RequestScope<'a>,
        source: &dyn ContextSource,
    ) -> RuleResponse {
        let host = SourceHost::new(source).in_namespace(self.info.bounds());
        let mut scope = Scope::new(request, &host, &variant.preamble.variables);
        let holds = match self.exceptions.leave(request, &host, source) {
            Ok(Leave::Whole(exemption)) => return exemption.response(RuleType::Validation),
            Ok(Leave::Parts(allowed)) => {
                scope = scope.with("exceptions", allowed);
                variant.preamble.holds(&scope)
            }
            Ok(Leave::Nothing) => variant.preamble.holds(&scope),
            Err(error) => Err(error),
        };
        let holds =
            holds.map_err(|error| scope.undecided(format!("failed to load context: {error}")));
        let mut undecided = holds.is_err() && self.info.errors_deny;
        let mut decision = match holds {
            Ok(true) => validation::decide(&variant.validations, &scope).told_as_error(),
            Ok(false) => Decision::of(RuleStatus::Skip, "skip"),
            // `failurePolicy: Ignore` lets a request pass that conditions cannot be decided for.
            Err(_) if !self.info.errors_deny => Decision::of(RuleStatus::Skip, "skip"),
            Err(error) => Decision::from(error),
        };
        let mut detail = RuleDetail::default();
        let is_decided = matches!(decision.status, RuleStatus::Pass | RuleStatus::Fail);
        if is_decided && self.mode == Payload::Resource {
            let errors_deny = self.info.errors_deny;
            let annotations = &variant.annotations;
            match annotations.of_decision(decision.status, &scope, errors_deny) {
                Ok(values) => detail.properties.extend(values),
                Err(error) if decision.status == RuleStatus::Pass => {
                    undecided = true;
                    let message = format!("failed to load context: {error}");
                    decision = Decision::from(scope.undecided(message));
                }
                Err(error) => {
                    decision.status = RuleStatus::Error;
                    decision.message = format!("error: {error}");
                    decision.expression = scope.blamed();
                }
            }
        }
        if let Some(index) = decision.index {
            let property = (validation::VALIDATION_INDEX.to_owned(), index.to_string());
            detail.properties.extend([property]);
        }
        detail.expression = decision.expression;
        RuleResponse {
            rule: if undecided { "evaluation" } else { "" }.into(),
            rule_type: RuleType::Validation,
            status: decision.status,
            message: decision.message.into(),
            detail: (detail != RuleDetail::default()).then(|| Box::new(detail)),
        }
    }
}
