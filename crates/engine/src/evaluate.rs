//! A policy set and a request to responses: one per policy that has something to say.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use serde_json::Value;

use crate::cel::scope::RequestScope;
use crate::compile::{CompiledPolicy, PolicySet};
use crate::context::source::{ContextSource, PathValue};
use crate::context::{RequestView, Store};
use crate::evaluation::{Evaluation, PolicyName};
use crate::policies::cleanup_policy::CompiledCleanupPolicy;
use crate::policies::cluster_policy::{CompiledClusterPolicy, Mutated};
use crate::policies::deleting_policy::CompiledDeletingPolicy;
use crate::policies::generating_policy::CompiledGeneratingPolicy;
use crate::policies::image_validating_policy::{CompiledImageValidatingPolicy, Evidence};
use crate::policies::validating_admission_policy::CompiledValidatingAdmissionPolicy;
use crate::policies::validating_policy::CompiledValidatingPolicy;
use crate::record::Recorder;
use crate::request::{Operation, Payload, Request};
use crate::response::{EngineResponse, FailureAction, RuleResponse, RuleStatus, RuleType};
use crate::verified_images::VerifiedImages;

/// Evaluates every policy that can be about the request: first the rules that change the object, one
/// after the other, then those that verify its images, and then all others on the object as it came
/// out. Responses stand in the order of the policies; a policy without a rule that answers gives none.
pub fn evaluate<R: Recorder>(
    set: &PolicySet,
    request: &Request<'_>,
    source: &dyn ContextSource,
    recorder: &mut R,
) -> Vec<EngineResponse> {
    let mut verified = VerifiedImages::default();
    let world = |verified| World {
        set,
        source,
        verified,
        evidence: Evidence::default(),
    };
    if request.payload != Payload::Resource {
        return world(&verified).of_payload(request);
    }
    if set.mutating.is_empty() && set.verifying.is_empty() {
        let others = world(&verified).others(request, recorder);
        return others.into_iter().map(|(_, response)| response).collect();
    }
    let nothing = VerifiedImages::default();
    let mut object = None;
    let mut responses: Vec<Numbered> = Vec::new();
    for phase in [Phase::Mutate, Phase::VerifyImages] {
        let seen = with_object(request, object.as_deref());
        let (answers, changed) = world(&nothing).changes(phase, &seen, &mut verified, recorder);
        responses.extend(answers);
        object = changed.or(object);
    }
    let mut changes = responses.iter_mut().rev();
    if let Some((_, last)) = changes.find(|(_, response)| response.patched.is_some()) {
        last.is_last_change = true;
    }
    let request = with_object(request, object.as_deref());
    responses.extend(world(&verified).others(&request, recorder));
    joined(responses)
}

/// What changes the object before it is validated.
#[derive(Clone, Copy, Debug)]
enum Phase {
    Mutate,
    VerifyImages,
}

/// A response and the number of its policy.
type Numbered = (u32, EngineResponse);

/// One response for each policy: all that its rules say, and the object as the last change left it.
fn joined(responses: Vec<Numbered>) -> Vec<EngineResponse> {
    let mut by_policy = BTreeMap::new();
    for (number, response) in responses {
        match by_policy.entry(number) {
            Entry::Occupied(mut known) => {
                let known: &mut EngineResponse = known.get_mut();
                known.rules.extend(response.rules);
                known.patched = response.patched.or(known.patched.take());
                known.is_last_change |= response.is_last_change;
            }
            Entry::Vacant(place) => {
                place.insert(response);
            }
        }
    }
    by_policy.into_values().collect()
}

/// The request with the object as it was changed, where it was.
fn with_object<'r>(request: &Request<'r>, object: Option<&'r Value>) -> Request<'r> {
    Request {
        object: object.or(request.object),
        ..request.clone()
    }
}

fn position(number: u32) -> Option<usize> {
    usize::try_from(number).ok()
}

/// The request as injected values make it.
fn changed_request<'s>(
    request: &Request<'s>,
    values: &[PathValue],
    store: &'s Store,
) -> Request<'s> {
    let mut changed = request.clone();
    let operation = values
        .iter()
        .rev()
        .find(|(path, _)| path == "request.operation");
    let subject = request.subject();
    match operation.and_then(|(_, value)| value.as_str()) {
        Some("CREATE") => (changed.operation, changed.object) = (Operation::Create, subject),
        Some("UPDATE") => {
            changed.operation = Operation::Update;
            (changed.object, changed.old_object) = (subject, subject);
        }
        Some("DELETE") => {
            changed.operation = Operation::Delete;
            (changed.object, changed.old_object) = (None, subject);
        }
        Some("CONNECT") => changed.operation = Operation::Connect,
        _ => {}
    }
    let touches = |name: &str| {
        let prefix = format!("request.{name}");
        values.iter().any(|(path, _)| {
            path.strip_prefix(&prefix)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    };
    let (new, old) = (touches("object"), touches("oldObject"));
    if new || old {
        let injected = crate::context::inject_into(&changed, values);
        let read = |name: &str, before: Option<&'s Value>| match injected.get(name) {
            Some(object @ Value::Object(_)) => Some(store.keep(object.clone())),
            _ => before,
        };
        if new {
            changed.object = read("object", changed.object);
        }
        if old {
            changed.old_object = read("oldObject", changed.old_object);
        }
    }
    changed
}

struct World<'w> {
    set: &'w PolicySet,
    source: &'w dyn ContextSource,
    /// How verifying images ended, for the rules that check it.
    verified: &'w VerifiedImages,
    /// Which images the policies verified that are evaluated last.
    evidence: Evidence,
}

impl<'w> World<'w> {
    /// What the rules say that change nothing. An image that a policy requires to be verified may be
    /// verified by any of them.
    fn others<R: Recorder>(&self, request: &Request<'_>, recorder: &mut R) -> Vec<Numbered> {
        let mut responses = self.answers(request, recorder);
        if self.evidence.is_empty() {
            return responses;
        }
        for (_, response) in &mut responses {
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
        responses
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
        let mut responses = Vec::new();
        let mut unindexed = self.set.unindexed.iter().copied().peekable();
        let candidates: Vec<(u32, u32)> = self.set.index.candidates(request).collect();
        let view = RequestView::new(request);
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
    fn of_payload(&self, request: &Request<'_>) -> Vec<EngineResponse> {
        let store = Store::new();
        let scope = RequestScope::new(request, &store);
        let policies = self.set.policies.iter();
        let responses = policies.filter_map(|policy| match policy {
            CompiledPolicy::Validating(policy) => self.validating(policy, &scope),
            CompiledPolicy::Deleting(policy) if request.payload == Payload::Json => {
                Some(self.deleting(policy, &scope))
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
        match policy {
            CompiledPolicy::ImageValidating(policy) => self.images(policy, scope),
            CompiledPolicy::Validating(policy) => self.validating(policy, scope),
            CompiledPolicy::ValidatingAdmission(policy) => self.admission(policy, scope),
            CompiledPolicy::Generating(policy) => self.generating(policy, scope),
            CompiledPolicy::Deleting(policy) => Some(self.deleting(policy, scope)),
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

    /// What the rules of a phase say, and the object as they leave it, where they change it.
    fn changes<R: Recorder>(
        &self,
        phase: Phase,
        request: &Request<'_>,
        verified: &mut VerifiedImages,
        recorder: &mut R,
    ) -> (Vec<Numbered>, Option<Arc<Value>>) {
        let mut responses = Vec::new();
        let mut object: Option<Arc<Value>> = None;
        let numbers = match phase {
            Phase::Mutate => &self.set.mutating,
            Phase::VerifyImages => &self.set.verifying,
        };
        let candidates: Option<Vec<(u32, u32)>> = (!numbers.is_empty()
            && !self.source.has_policy_values())
        .then(|| self.set.index.candidates(request).collect());
        for number in numbers {
            let seen = with_object(request, object.as_deref());
            let by_expressions = self.policy(*number).and_then(|policy| match policy {
                CompiledPolicy::Mutating(policy) => {
                    Some((policy.info(), policy.evaluate(&seen, self.source)))
                }
                CompiledPolicy::MutatingAdmission(policy) => {
                    Some((policy.info(), policy.evaluate(&seen, self.source)))
                }
                _ => None,
            });
            if let Some((info, changed)) = by_expressions {
                let after = changed.object.map(Arc::new);
                if !changed.responses.is_empty() {
                    let action = FailureAction::Enforce;
                    let mut response = self.response(info, action, changed.responses);
                    response.patched.clone_from(&after);
                    responses.push((*number, response));
                }
                object = after.or(object);
                continue;
            }
            let Some(CompiledPolicy::ClusterPolicy(policy)) = self.policy(*number) else {
                continue;
            };
            let rules: Vec<usize> = match &candidates {
                // They stand in the order of the policies.
                Some(candidates) => candidates
                    .iter()
                    .skip(candidates.partition_point(|(policy, _)| policy < number))
                    .take_while(|(policy, _)| policy == number)
                    .filter_map(|(_, rule)| position(*rule))
                    .collect(),
                None => (0..policy.rules().len()).collect(),
            };
            if rules.is_empty() {
                continue;
            }
            let mut changed = self.change(phase, policy, rules, &seen, verified, recorder);
            let name = PolicyName::of(policy.info());
            if verified.knows(&name.scoped_key())
                && let Some(after) = changed.object.as_deref().or(seen.object)
            {
                changed.object = Some(Arc::new(verified.annotated(after)));
            }
            if !changed.responses.is_empty() {
                let action = policy.actions().of(request);
                let mut response = self.response(policy.info(), action, changed.responses);
                response.patched.clone_from(&changed.object);
                responses.push((*number, response));
            }
            object = changed.object.or(object);
        }
        (responses, object)
    }

    /// The rules of one policy that a phase is about, each on the object as the one before left it.
    fn change<R: Recorder>(
        &self,
        phase: Phase,
        policy: &CompiledClusterPolicy,
        rules: Vec<usize>,
        request: &Request<'_>,
        verified: &mut VerifiedImages,
        recorder: &mut R,
    ) -> Mutated {
        let info = policy.info();
        let values = self
            .source
            .policy_values(&info.name, &request.kind.kind, request.name);
        let name = PolicyName::of(info);
        let changes = Store::new();
        let request = changed_request(request, values, &changes);
        let rule_type = match phase {
            Phase::Mutate => RuleType::Mutation,
            Phase::VerifyImages => RuleType::ImageVerify,
        };
        policy.mutate(rule_type, rules, |rule, before| {
            let seen = Request {
                object: before.or(request.object),
                ..request.clone()
            };
            if policy.hides(rule, &seen) {
                return Mutated::default();
            }
            let (view, store) = (RequestView::new(&seen), Store::new());
            let evaluation = Evaluation::new(name, &view, self.source, &store, recorder);
            let Some(mut evaluation) = evaluation else {
                return Mutated::default();
            };
            evaluation.context().inject_all(values);
            let mut mutated = rule.mutate(&mut evaluation);
            let images = std::mem::take(&mut mutated.images);
            verified.note(&name.scoped_key(), rule.name(), images);
            mutated
        })
    }

    fn policy(&self, number: u32) -> Option<&'w CompiledPolicy> {
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
        match self.policy(number)? {
            CompiledPolicy::Validating(policy) => self.validating(policy, scope),
            CompiledPolicy::ValidatingAdmission(policy) => self.admission(policy, scope),
            CompiledPolicy::Generating(policy) => self.generating(policy, scope),
            CompiledPolicy::Deleting(policy) => Some(self.deleting(policy, scope)),
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
    ) -> EngineResponse {
        let response = policy.evaluate(scope, self.source);
        self.response(policy.info(), FailureAction::Audit, vec![response])
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

    fn response(
        &self,
        info: &Arc<crate::policy_info::PolicyInfo>,
        failure_action: FailureAction,
        rules: Vec<RuleResponse>,
    ) -> EngineResponse {
        EngineResponse {
            policy: Arc::clone(info),
            failure_action,
            rules,
            patched: None,
            is_last_change: false,
        }
    }
}
