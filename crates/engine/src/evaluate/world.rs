//! What the policies of a set say of a request whose object stays as it is.

use std::sync::Arc;

use super::injected::changed_request;
use crate::cel::scope::RequestScope;
use crate::compile::{CompiledPolicy, PolicySet};
use crate::context::source::{ContextSource, PathValue};
use crate::context::{RequestView, Store};
use crate::evaluation::Evaluation;
use crate::policies::cleanup_policy::CompiledCleanupPolicy;
use crate::policies::cluster_policy::CompiledClusterPolicy;
use crate::policies::deleting_policy::CompiledDeletingPolicy;
use crate::policies::generating_policy::CompiledGeneratingPolicy;
use crate::policies::image_validating_policy::{CompiledImageValidatingPolicy, Evidence, Unknown};
use crate::policies::validating_admission_policy::CompiledValidatingAdmissionPolicy;
use crate::policies::validating_policy::CompiledValidatingPolicy;
use crate::policy_info::PolicyName;
use crate::record::Recorder;
use crate::request::{Payload, Request};
use crate::response::{EngineResponse, FailureAction, RuleResponse, RuleStatus, RuleType};
use crate::verified_images::VerifiedImages;

/// Which states of a changed object responses have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// The object after each policy that changed it.
    EachChange,
    /// The object after the last of them: the others take no copy of it.
    LastChange,
}

/// A response and the number of its policy.
pub(super) type Numbered = (u32, EngineResponse);

/// A policy set, and who is asked for what it needs.
pub(super) struct World<'w> {
    pub(super) set: &'w PolicySet,
    pub(super) source: &'w dyn ContextSource,
    /// How verifying images ended, for the rules that check it.
    pub(super) verified: &'w VerifiedImages,
    /// Which images the policies verified that are evaluated last.
    pub(super) evidence: Evidence,
    /// Which states of the object responses have.
    pub(super) kept: Kept,
    /// What becomes of an image whose digest nobody knows; none where digests are not written.
    pub(super) unknown_digests: Option<Unknown>,
}

impl<'w> World<'w> {
    /// What the rules say that change nothing. An image that a policy requires to be verified may be
    /// verified by any of them.
    pub(super) fn others<R: Recorder>(
        &self,
        request: &Request<'_>,
        recorder: &mut R,
    ) -> Vec<Numbered> {
        let mut responses = self.answers(request, recorder);
        self.require_evidence(responses.iter_mut().map(|(_, response)| response));
        responses
    }

    /// Fails the policies whose images none of all verified.
    fn require_evidence<'r>(&self, responses: impl Iterator<Item = &'r mut EngineResponse>) {
        if self.evidence.is_empty() {
            return;
        }
        for response in responses {
            let Some(missing) = self.evidence.missing(&response.policy.key()) else {
                continue;
            };
            let rules = response.rules.iter_mut();
            let passed = rules.filter(|rule| rule.status == RuleStatus::Pass);
            for rule in passed.filter(|rule| rule.rule_type == RuleType::ImageVerify) {
                rule.status = RuleStatus::Fail;
                rule.message = missing.as_str().into();
            }
        }
    }

    fn answers<R: Recorder>(&self, request: &Request<'_>, recorder: &mut R) -> Vec<Numbered> {
        let store = Store::new();
        let scope = RequestScope::new(request, &store);
        if self.source.has_policy_values() {
            let policies = (0_u32..).zip(&self.set.policies);
            return policies
                .filter_map(|(number, policy)| {
                    Some((number, self.with_values(policy, &scope, recorder)?))
                })
                .collect();
        }
        let mut unindexed = self.set.unindexed.iter().copied().peekable();
        let candidates: Vec<(u32, u32)> = self.set.index.candidates(request).collect();
        let view = RequestView::new(request);
        let mut responses = Vec::with_capacity(candidates.len());
        let mut add = |number, response: Option<EngineResponse>| {
            responses.extend(response.map(|response| (number, response)));
        };
        for run in candidates.chunk_by(|one, next| one.0 == next.0) {
            let Some(number) = run.first().map(|first| first.0) else {
                continue;
            };
            while let Some(before) = unindexed.next_if(|other| *other < number) {
                add(before, self.unindexed(before, &scope, recorder));
            }
            let Some(CompiledPolicy::ClusterPolicy(policy)) = self.policy(number) else {
                continue;
            };
            let rules = run.iter().filter_map(|(_, rule)| position(*rule));
            add(
                number,
                self.cluster_policy(policy, rules, &view, &store, &[], recorder),
            );
        }
        for after in unindexed {
            add(after, self.unindexed(after, &scope, recorder));
        }
        responses
    }

    /// What the policies say that are about payloads of the request's kind.
    pub(super) fn of_payload(&self, request: &Request<'_>) -> Vec<EngineResponse> {
        let mut responses = self.answers_to_payload(request);
        self.require_evidence(responses.iter_mut());
        responses
    }

    fn answers_to_payload(&self, request: &Request<'_>) -> Vec<EngineResponse> {
        let store = Store::new();
        let scope = RequestScope::new(request, &store);
        let policies = self.set.policies.iter();
        let responses = policies.filter_map(|policy| match policy {
            CompiledPolicy::Validating(policy) => self.validating(policy, &scope),
            CompiledPolicy::ImageValidating(policy) => self.images(policy, &scope),
            CompiledPolicy::Deleting(policy) if request.payload == Payload::Json => {
                self.deleting(policy, &scope)
            }
            _ => None,
        });
        responses.collect()
    }

    /// One policy, with the values that a Values file injects for it. They may change the
    /// operation, and the object too, which then is read again.
    fn with_values<'a, R: Recorder>(
        &self,
        policy: &'a CompiledPolicy,
        scope: &RequestScope<'a>,
        recorder: &mut R,
    ) -> Option<EngineResponse> {
        let request = scope.request();
        recorder.asked(policy.info());
        match policy {
            CompiledPolicy::ImageValidating(policy) => self.images(policy, scope),
            CompiledPolicy::Validating(policy) => self.validating(policy, scope),
            CompiledPolicy::ValidatingAdmission(policy) => self.admission(policy, scope),
            CompiledPolicy::Generating(policy) => self.generating(policy, scope),
            CompiledPolicy::Deleting(policy) => self.deleting(policy, scope),
            CompiledPolicy::Mutating(_) | CompiledPolicy::MutatingAdmission(_) => None,
            CompiledPolicy::Cleanup(policy) => {
                let name = &policy.info().name;
                let values = self
                    .source
                    .policy_values(name, &request.kind.kind, request.name);
                self.cleanup(policy, request, values, recorder)
            }
            CompiledPolicy::ClusterPolicy(policy) => {
                let name = &policy.info().name;
                let values = self
                    .source
                    .policy_values(name, &request.kind.kind, request.name);
                let store = Store::new();
                let changed = changed_request(request, values, &store);
                let view = RequestView::new(&changed);
                let all = 0..policy.rules().len();
                self.cluster_policy(policy, all, &view, &store, values, recorder)
            }
        }
    }

    pub(super) fn policy(&self, number: u32) -> Option<&'w CompiledPolicy> {
        self.set.policies.get(position(number)?)
    }

    fn unindexed<'a, R: Recorder>(
        &self,
        number: u32,
        scope: &RequestScope<'a>,
        recorder: &mut R,
    ) -> Option<EngineResponse>
    where
        'w: 'a,
    {
        let request = scope.request();
        let policy = self.policy(number)?;
        recorder.asked(policy.info());
        match policy {
            CompiledPolicy::Validating(policy) => self.validating(policy, scope),
            CompiledPolicy::ValidatingAdmission(policy) => self.admission(policy, scope),
            CompiledPolicy::Generating(policy) => self.generating(policy, scope),
            CompiledPolicy::Deleting(policy) => self.deleting(policy, scope),
            CompiledPolicy::ImageValidating(policy) => self.images(policy, scope),
            CompiledPolicy::Cleanup(policy) => self.cleanup(policy, request, &[], recorder),
            CompiledPolicy::ClusterPolicy(_)
            | CompiledPolicy::Mutating(_)
            | CompiledPolicy::MutatingAdmission(_) => None,
        }
    }

    fn deleting<'a>(
        &self,
        policy: &'a CompiledDeletingPolicy,
        scope: &RequestScope<'a>,
    ) -> Option<EngineResponse> {
        let request = scope.request();
        let response = if request.object.is_some() {
            policy.evaluate(scope, self.source)
        } else {
            // A schedule looks at what is there, whatever a request does to it.
            let seen = Request {
                object: request.subject(),
                ..request.clone()
            };
            let store = Store::new();
            policy.evaluate(&RequestScope::new(&seen, &store), self.source)
        };
        Some(self.response(policy.info(), FailureAction::Audit, vec![response?]))
    }

    fn validating<'a>(
        &self,
        policy: &'a CompiledValidatingPolicy,
        scope: &RequestScope<'a>,
    ) -> Option<EngineResponse> {
        let responses = policy.evaluate(scope, self.source);
        (!responses.is_empty()).then(|| self.response(policy.info(), policy.action(), responses))
    }

    fn generating<'a>(
        &self,
        policy: &'a CompiledGeneratingPolicy,
        scope: &RequestScope<'a>,
    ) -> Option<EngineResponse> {
        let response = policy.evaluate(scope, self.source)?;
        Some(self.response(policy.info(), FailureAction::Audit, vec![response]))
    }

    fn admission<'a>(
        &self,
        policy: &'a CompiledValidatingAdmissionPolicy,
        scope: &RequestScope<'a>,
    ) -> Option<EngineResponse> {
        let (responses, action) = policy.evaluate(scope, self.source);
        (!responses.is_empty()).then(|| self.response(policy.info(), action, responses))
    }

    fn images<'a>(
        &self,
        policy: &'a CompiledImageValidatingPolicy,
        scope: &RequestScope<'a>,
    ) -> Option<EngineResponse> {
        let responses = policy.evaluate(scope, self.source, &self.evidence);
        (!responses.is_empty()).then(|| self.response(policy.info(), policy.action(), responses))
    }

    fn cleanup<R: Recorder>(
        &self,
        policy: &CompiledCleanupPolicy,
        request: &Request<'_>,
        values: &[PathValue],
        recorder: &mut R,
    ) -> Option<EngineResponse> {
        let (view, store) = (RequestView::new(request), Store::new());
        let mut evaluation = Evaluation::new(policy.name(), &view, self.source, &store, recorder)?;
        evaluation.context().inject_all(values);
        let response = policy.evaluate(&mut evaluation);
        Some(self.response(policy.info(), FailureAction::Audit, vec![response]))
    }

    fn cluster_policy<'a, R: Recorder>(
        &self,
        policy: &'a CompiledClusterPolicy,
        rules: impl IntoIterator<Item = usize>,
        view: &'a RequestView<'a>,
        store: &'a Store,
        values: &'a [PathValue],
        recorder: &mut R,
    ) -> Option<EngineResponse>
    where
        'w: 'a,
    {
        recorder.asked(policy.info());
        let info = policy.info();
        let name = PolicyName::of(info);
        let evaluation = Evaluation::new(name, view, self.source, store, recorder)?;
        let mut evaluation = evaluation.with_verified(self.verified);
        evaluation.context().inject_all(values);
        let responses = policy.evaluate(rules, &mut evaluation);
        if responses.is_empty() {
            return None;
        }
        Some(self.response(info, policy.actions().of(view.request()), responses))
    }

    pub(super) fn response(
        &self,
        info: &Arc<crate::policy_info::PolicyInfo>,
        failure_action: FailureAction,
        rules: Vec<RuleResponse>,
    ) -> EngineResponse {
        EngineResponse {
            policy: Arc::clone(info),
            failure_action,
            rules,
            changes_object: false,
            patched: None,
            is_last_change: false,
        }
    }
}

pub(super) fn position(number: u32) -> Option<usize> {
    usize::try_from(number).ok()
}
