//! ImageValidatingPolicy and NamespacedImageValidatingPolicy, compiled: expressions about the
//! signatures of an object's images.
//!
//! A policy is taken in steps: constraints, conditions, exceptions, the images that it is about,
//! whether they name their digests, and then its validations in order up to the first that does not
//! hold. When every policy is evaluated, an image that one of them requires to be verified must have
//! been, by whichever. Who signed what is asked of the source.

mod compile;
mod digests;
mod evidence;
mod images;
mod signers;

use std::sync::Arc;

use portcullis_api::image_validating_policy::CelAttestation;
use portcullis_cel::value::Value;
use serde_json::{Value as Json, json};

pub use self::{digests::Unknown, evidence::Evidence};
use self::{
    images::{ImageMatcher, Images},
    signers::{Questions, Signer},
};
use crate::cel::{
    audit_annotations::AuditAnnotations,
    exception::{Exceptions, Leave},
    host::SourceHost,
    preamble::Preamble,
    scope::{RequestScope, Scope, Undecided},
    validation::{self, Decision, Validation},
};
use crate::context::{Store, source::ContextSource};
use crate::policy_info::PolicyInfo;
use crate::request::{GroupVersionKind, Payload};
use crate::response::{FailureAction, RuleDetail, RuleResponse, RuleStatus, RuleType};

/// A policy, ready to run.
#[derive(Debug)]
pub struct CompiledImageValidatingPolicy {
    info: Arc<PolicyInfo>,
    /// What the policy is about.
    mode: Payload,
    action: FailureAction,
    pins_digests: bool,
    needs_digest: bool,
    needs_verification: bool,
    attestations: Vec<CelAttestation>,
    /// The policy as it is written, and then those that are derived.
    variants: Vec<Variant>,
    exceptions: Exceptions,
}

/// A policy for certain kinds.
#[derive(Debug)]
struct Variant {
    preamble: Preamble,
    matcher: ImageMatcher,
    signers: Vec<Signer>,
    validations: Vec<Validation>,
    annotations: AuditAnnotations,
}

impl CompiledImageValidatingPolicy {
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

    /// What the policy says; nothing if it is not about the request. Which images it requires to be
    /// verified, and which it verified, is noted.
    #[must_use]
    pub fn evaluate<'a>(
        &'a self,
        request: &RequestScope<'a>,
        source: &dyn ContextSource,
        evidence: &Evidence,
    ) -> Vec<RuleResponse> {
        match (self.mode, request.request().payload) {
            (Payload::Resource, Payload::Resource) => {
                let namespace = self.info.bounds();
                let about = self
                    .variants
                    .iter()
                    .filter(|variant| variant.preamble.matches(namespace, request.request()));
                about
                    .filter_map(|variant| self.decide(variant, request, source, evidence))
                    .collect()
            }
            (Payload::Json, Payload::Resource) => {
                let Some(payload) = request.request().as_json(self.info.bounds()) else {
                    return Vec::new();
                };
                let store = Store::new();
                self.on_payload(&RequestScope::new(&payload, &store), source, evidence)
            }
            (mode, payload) if mode == payload => self.on_payload(request, source, evidence),
            _ => Vec::new(),
        }
    }

    /// The constraints do not count for what is no object of Kubernetes, and nothing is derived.
    fn on_payload<'a>(
        &'a self,
        request: &RequestScope<'a>,
        source: &dyn ContextSource,
        evidence: &Evidence,
    ) -> Vec<RuleResponse> {
        let written = self.variants.first();
        let said = written.and_then(|variant| self.decide(variant, request, source, evidence));
        said.into_iter().collect()
    }

    /// What the policy says; nothing where its conditions do not hold, or cannot be decided and
    /// `failurePolicy` is `Ignore`.
    fn decide<'a>(
        &'a self,
        variant: &'a Variant,
        request: &RequestScope<'a>,
        source: &dyn ContextSource,
        evidence: &Evidence,
    ) -> Option<RuleResponse> {
        let host = SourceHost::new(source).in_namespace(self.info.bounds());
        let scope = self.scope(variant, request, &host);
        match variant.preamble.holds(&scope) {
            Ok(true) => {}
            Ok(false) => return None,
            Err(_) if !self.info.errors_deny => return None,
            Err(error) => return Some(self.failed(scope.undecided(error))),
        }
        match self.exceptions.leave(request, &host, source) {
            // What an exception allows beside whole policies, no expression can read here.
            Ok(Leave::Nothing | Leave::Parts(_)) => {}
            Ok(Leave::Whole(exemption)) => return Some(exemption.response(RuleType::ImageVerify)),
            Err(error) => return Some(self.failed(Undecided::from(error))),
        }
        let images = match variant.matcher.images(request.request(), &scope) {
            Ok(images) => images,
            Err(error) => return Some(self.failed(scope.undecided(error))),
        };
        if let Some(image) = self.without_digest(&images) {
            let problem = format!("image {image} does not have a digest");
            let decision = Decision::of(RuleStatus::Fail, &problem);
            return Some(self.response(decision, Vec::new()));
        }
        if self.needs_verification {
            let all = images.values().flatten().cloned().collect();
            evidence.require(&self.info.key(), all);
        }
        let images = request.keep(json!(images));
        let with_images = scope.with("images", Value::from(images));
        let (signers, attestations) = (&variant.signers, &self.attestations);
        let matcher = &variant.matcher;
        let questions = Questions::new(
            (source, evidence),
            matcher,
            signers,
            attestations,
            &with_images,
        );
        let host = SourceHost::new(source)
            .in_namespace(self.info.bounds())
            .verifying(&questions);
        let scope = self
            .scope(variant, request, &host)
            .with("images", Value::from(images));
        let decision = validation::decide(&variant.validations, &scope);
        if decision.status == RuleStatus::Error {
            return Some(self.failed(decision));
        }
        let errors_deny = self.info.errors_deny;
        let annotations = &variant.annotations;
        Some(
            match annotations.of_decision(decision.status, &scope, errors_deny) {
                Ok(annotations) => self.response(decision, annotations),
                Err(error) => self.failed(scope.undecided(error)),
            },
        )
    }

    /// The scope of a policy, with its attestors and attestations.
    fn scope<'s, 'a>(
        &'a self,
        variant: &'a Variant,
        request: &'s RequestScope<'a>,
        host: &'s SourceHost<'_>,
    ) -> Scope<'s, 'a> {
        let attestors = variant.signers.iter();
        let attestors: Json = attestors
            .map(|one| (one.name().to_owned(), json!({"name": one.name()})))
            .collect::<serde_json::Map<_, _>>()
            .into();
        let attestations = self.attestations.iter();
        let attestations: Json = attestations
            .map(|one| (one.name.clone(), Json::from(one.name.as_str())))
            .collect::<serde_json::Map<_, _>>()
            .into();
        Scope::new(request, host, &variant.preamble.variables)
            .with("attestors", Value::from(request.keep(attestors)))
            .with("attestations", Value::from(request.keep(attestations)))
    }

    fn without_digest<'i>(&self, images: &'i Images) -> Option<&'i str> {
        let mut all = images.values().flatten().filter(|_| self.needs_digest);
        all.find(|image| !image.contains('@')).map(String::as_str)
    }

    /// That the policy cannot be decided, as Kyverno tells it.
    fn failed(&self, error: impl Into<Decision>) -> RuleResponse {
        let mut decision = error.into();
        decision
            .message
            .insert_str(0, "failed to evaluate policy: ");
        RuleResponse {
            rule: "evaluation".into(),
            ..self.response(decision, Vec::new())
        }
    }

    fn response(&self, decision: Decision, annotations: Vec<(String, String)>) -> RuleResponse {
        let index = decision.index.map(|index| index.to_string());
        let index = index.map(|index| (validation::VALIDATION_INDEX.to_owned(), index));
        let properties = annotations.into_iter().chain(index).collect();
        RuleResponse {
            rule: self.info.name.as_str().into(),
            rule_type: RuleType::ImageVerify,
            status: decision.status,
            message: decision.message.into(),
            detail: Some(Box::new(RuleDetail {
                properties,
                expression: decision.expression,
                ..RuleDetail::default()
            })),
        }
    }
}
