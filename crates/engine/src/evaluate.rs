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
use crate::policies::cluster_policy::{CompiledClusterPolicy, CompiledRule};
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
    evaluate_keeping(Kept::EachChange, set, request, source, recorder)
}

/// Which states of a changed object responses have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// The object after each policy that changed it.
    EachChange,
    /// The object after the last of them: the others take no copy of it.
    LastChange,
}

/// As [`evaluate`], with the objects that are asked for.
pub fn evaluate_keeping<R: Recorder>(
    kept: Kept,
    set: &PolicySet,
    request: &Request<'_>,
    source: &dyn ContextSource,
    recorder: &mut R,
) -> Vec<EngineResponse> {
    let asked = Asked {
        phases: &[Phase::Mutate, Phase::VerifyImages],
        others: true,
        kept,
    };
    asked.answers(set, request, source, recorder)
}

/// Evaluates what changes the object, as a mutating webhook is asked for it: rules that mutate and
/// rules that verify images. The response with [`EngineResponse::is_last_change`] has the object as it
/// came out.
pub fn mutate<R: Recorder>(
    set: &PolicySet,
    request: &Request<'_>,
    source: &dyn ContextSource,
    recorder: &mut R,
) -> Vec<EngineResponse> {
    let asked = Asked {
        phases: &[Phase::Mutate, Phase::VerifyImages],
        others: false,
        kept: Kept::LastChange,
    };
    asked.answers(set, request, source, recorder)
}

/// Evaluates what only decides, as a validating webhook is asked for it: the object has been changed
/// before. Images are verified once more: whoever writes an object can write that they were.
pub fn validate<R: Recorder>(
    set: &PolicySet,
    request: &Request<'_>,
    source: &dyn ContextSource,
    recorder: &mut R,
) -> Vec<EngineResponse> {
    let asked = Asked {
        phases: &[Phase::VerifyImages],
        others: true,
        kept: Kept::EachChange,
    };
    asked.answers(set, request, source, recorder)
}

/// What is asked of policies.
#[derive(Clone, Copy, Debug)]
struct Asked<'p> {
    /// Which rules may change the object.
    phases: &'p [Phase],
    /// Whether the rules are asked that change nothing.
    others: bool,
    kept: Kept,
}

impl Asked<'_> {
    fn answers<R: Recorder>(
        self,
        set: &PolicySet,
        request: &Request<'_>,
        source: &dyn ContextSource,
        recorder: &mut R,
    ) -> Vec<EngineResponse> {
        let world = |verified| World {
            set,
            source,
            verified,
            evidence: Evidence::default(),
            kept: self.kept,
        };
        let nothing = VerifiedImages::default();
        if request.payload != Payload::Resource {
            return world(&nothing).of_payload(request);
        }
        let mut state = State::default();
        let mut responses: Vec<Numbered> = Vec::new();
        if !set.mutating.is_empty() || !set.verifying.is_empty() {
            for phase in self.phases {
                let answers = world(&nothing).changes(*phase, request, &mut state, recorder);
                responses.extend(answers);
            }
        } else if self.others {
            let others = world(&nothing).others(request, recorder);
            return others.into_iter().map(|(_, response)| response).collect();
        }
        let mut changes = responses.iter_mut().rev();
        if let Some((_, last)) = changes.find(|(_, response)| response.changes_object) {
            last.is_last_change = true;
            last.patched.clone_from(&state.object);
        }
        if self.others {
            let request = with_object(request, state.object.as_deref());
            responses.extend(world(&state.verified).others(&request, recorder));
        }
        joined(responses)
    }
}

/// What changes the object before it is validated.
#[derive(Clone, Copy, Debug)]
enum Phase {
    Mutate,
    VerifyImages,
}

/// What the rules before have made.
#[derive(Debug, Default)]
struct State {
    /// The object as they changed it; none where it is still that of the request.
    object: Option<Arc<Value>>,
    verified: VerifiedImages,
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
                known.changes_object |= response.changes_object;
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

/// Puts a changed object in the place of the one before, where there is one, and says so.
fn replace(object: &mut Option<Arc<Value>>, changed: Option<Arc<Value>>) -> bool {
    let is_changed = changed.is_some();
    *object = changed.or(object.take());
    is_changed
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
    /// Which states of the object responses have.
    kept: Kept,
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

    /// What the rules of a phase say.
    fn changes<R: Recorder>(
        &self,
        phase: Phase,
        request: &Request<'_>,
        state: &mut State,
        recorder: &mut R,
    ) -> Vec<Numbered> {
        let mut responses = Vec::new();
        let numbers = match phase {
            Phase::Mutate => &self.set.mutating,
            Phase::VerifyImages => &self.set.verifying,
        };
        let candidates: Option<Vec<(u32, u32)>> =
            (!numbers.is_empty() && !self.source.has_policy_values()).then(|| {
                let seen = with_object(request, state.object.as_deref());
                self.set.index.candidates(&seen).collect()
            });
        for number in numbers {
            let Some(policy) = self.policy(*number) else {
                continue;
            };
            let answered = match policy {
                CompiledPolicy::Mutating(policy) => {
                    let seen = with_object(request, state.object.as_deref());
                    let changed = policy.evaluate(&seen, self.source);
                    let is_changed = replace(&mut state.object, changed.object.map(Arc::new));
                    (FailureAction::Enforce, changed.responses, is_changed)
                }
                CompiledPolicy::MutatingAdmission(policy) => {
                    let seen = with_object(request, state.object.as_deref());
                    let changed = policy.evaluate(&seen, self.source);
                    let is_changed = replace(&mut state.object, changed.object.map(Arc::new));
                    (FailureAction::Enforce, changed.responses, is_changed)
                }
                CompiledPolicy::ClusterPolicy(policy) => {
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
                    let (responses, is_changed) =
                        self.change(phase, policy, rules, request, state, recorder);
                    let seen = with_object(request, state.object.as_deref());
                    (policy.actions().of(&seen), responses, is_changed)
                }
                _ => continue,
            };
            let (action, rules, is_changed) = answered;
            if !rules.is_empty() {
                let mut response = self.response(policy.info(), action, rules);
                response.changes_object = is_changed;
                if is_changed && self.kept == Kept::EachChange {
                    response.patched.clone_from(&state.object);
                }
                responses.push((*number, response));
            }
        }
        responses
    }

    /// What the rules of one policy say that a phase is about, and whether they changed the object.
    /// Each sees it as the one before left it.
    fn change<R: Recorder>(
        &self,
        phase: Phase,
        policy: &CompiledClusterPolicy,
        rules: Vec<usize>,
        request: &Request<'_>,
        state: &mut State,
        recorder: &mut R,
    ) -> (Vec<RuleResponse>, bool) {
        let info = policy.info();
        let values = self
            .source
            .policy_values(&info.name, &request.kind.kind, request.name);
        let rule_type = match phase {
            Phase::Mutate => RuleType::Mutation,
            Phase::VerifyImages => RuleType::ImageVerify,
        };
        // Injected values may make another object.
        let State { object, verified } = state;
        let (before, changes) = (object.clone().filter(|_| !values.is_empty()), Store::new());
        let seen = with_object(request, before.as_deref());
        let injected = (!values.is_empty()).then(|| changed_request(&seen, values, &changes));
        let mut own = None;
        let (asked, current) = match &injected {
            Some(injected) => (injected, &mut own),
            None => (request, &mut *object),
        };
        let (responses, mut is_changed) = policy.mutate(rule_type, rules, |rule| {
            self.change_by_rule((policy, rule), asked, current, values, verified, recorder)
        });
        replace(object, own);
        let name = PolicyName::of(info);
        if verified.knows(&name)
            && let Some(after) = object.as_deref().or(request.object)
        {
            let annotated = verified.annotated(after);
            is_changed = replace(object, Some(Arc::new(annotated)));
        }
        (responses, is_changed)
    }

    /// What one rule says, and whether it changed the object.
    fn change_by_rule<R: Recorder>(
        &self,
        (policy, rule): (&CompiledClusterPolicy, &CompiledRule),
        request: &Request<'_>,
        object: &mut Option<Arc<Value>>,
        values: &[PathValue],
        verified: &mut VerifiedImages,
        recorder: &mut R,
    ) -> (Vec<RuleResponse>, bool) {
        let name = PolicyName::of(policy.info());
        let seen = with_object(request, object.as_deref());
        if policy.hides(rule, &seen) {
            return Default::default();
        }
        let (view, store) = (RequestView::new(&seen), Store::new());
        let evaluation = Evaluation::new(name, &view, self.source, &store, recorder);
        let Some(mut evaluation) = evaluation else {
            return Default::default();
        };
        evaluation.context().inject_all(values);
        let mut mutated = rule.mutate(&mut evaluation);
        verified.note(&name, rule.name(), std::mem::take(&mut mutated.images));
        let Some(merge) = mutated.merge else {
            return (mutated.responses, replace(object, mutated.object));
        };
        // The first change takes a copy of the request's object.
        let original = || request.object.map(|original| Arc::new(original.clone()));
        let Some(mut changing) = object.take().or_else(original) else {
            return (mutated.responses, false);
        };
        let (response, is_changed) = rule.merge(merge, &mut changing, name, recorder);
        *object = Some(changing);
        (vec![response], is_changed)
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
            changes_object: false,
            patched: None,
            is_last_change: false,
        }
    }
}
