//! What the policies of a set make of a request's object.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value;

use super::{
    injected::changed_request,
    world::{Kept, Numbered, World, position},
};
use crate::compile::CompiledPolicy;
use crate::context::source::PathValue;
use crate::context::{RequestView, Store};
use crate::evaluation::Evaluation;
use crate::policies::cluster_policy::{CompiledClusterPolicy, CompiledRule, Step};
use crate::policy_info::PolicyName;
use crate::record::Recorder;
use crate::request::Request;
use crate::response::{FailureAction, RuleResponse, RuleStatus, RuleType};
use crate::verified_images::VerifiedImages;

/// What changes the object before it is validated.
#[derive(Clone, Copy, Debug)]
pub(super) enum Phase {
    Mutate,
    VerifyImages,
}

/// What the rules before have made.
#[derive(Debug, Default)]
pub(super) struct State {
    /// The object as they changed it; none where it is still that of the request.
    pub(super) object: Option<Arc<Value>>,
    pub(super) verified: VerifiedImages,
}

/// The invocations of the API server's policies, in order.
#[derive(Debug, Default)]
struct Invocations {
    /// Those that may be invoked again: the policy, and which of its invocations.
    reinvoked: Vec<(u32, usize)>,
    /// How many of them come before the end of the last change, with it.
    required: usize,
}

impl Invocations {
    /// Notes which invocations of a policy changed the object.
    fn note(&mut self, policy: u32, is_reinvoked: bool, changed: &[bool]) {
        for (which, is_changed) in changed.iter().enumerate() {
            if is_reinvoked {
                self.reinvoked.push((policy, which));
            }
            if *is_changed {
                self.required = self.reinvoked.len();
            }
        }
    }

    /// What is invoked again, each policy once.
    fn again(&self) -> BTreeMap<u32, Vec<usize>> {
        let mut again: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (policy, which) in self.reinvoked.iter().take(self.required) {
            again.entry(*policy).or_default().push(*which);
        }
        again
    }
}

impl World<'_> {
    /// What the rules of a phase say.
    pub(super) fn changes<R: Recorder>(
        &self,
        phase: Phase,
        request: &Request<'_>,
        state: &mut State,
        recorder: &mut R,
    ) -> Vec<Numbered> {
        let mut responses = Vec::new();
        let mut invocations = Invocations::default();
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
            recorder.asked(policy.info());
            let answered = match policy {
                CompiledPolicy::Mutating(policy) => {
                    let seen = with_object(request, state.object.as_deref());
                    let changed = policy.evaluate(&seen, self.source);
                    let is_changed = replace(&mut state.object, changed.object.map(Arc::new));
                    (FailureAction::Enforce, changed.responses, is_changed)
                }
                CompiledPolicy::MutatingAdmission(policy) => {
                    let seen = with_object(request, state.object.as_deref());
                    let changed = policy.evaluate(&seen, self.source, &|_| true);
                    invocations.note(*number, policy.is_reinvoked(), &changed.invocations);
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
                CompiledPolicy::ImageValidating(policy) => {
                    let Some(unknown) = self.unknown_digests else {
                        continue;
                    };
                    let seen = with_object(request, state.object.as_deref());
                    let changed = policy.pin(&seen, self.source, unknown);
                    let is_changed = replace(&mut state.object, changed.object.map(Arc::new));
                    (policy.action(), changed.responses, is_changed)
                }
                _ => continue,
            };
            let (action, rules, is_changed) = answered;
            if !rules.is_empty() || is_changed {
                let mut response = self.response(policy.info(), action, rules);
                response.changes_object = is_changed;
                if is_changed && self.kept == Kept::EachChange {
                    response.patched.clone_from(&state.object);
                }
                responses.push((*number, response));
            }
        }
        responses.extend(self.reinvoke(&invocations, request, state));
        responses
    }

    /// What policies of the API server say that are invoked again, since the object changed.
    fn reinvoke(
        &self,
        invocations: &Invocations,
        request: &Request<'_>,
        state: &mut State,
    ) -> Vec<Numbered> {
        let mut responses = Vec::new();
        for (number, again) in invocations.again() {
            let Some(CompiledPolicy::MutatingAdmission(policy)) = self.policy(number) else {
                continue;
            };
            let seen = with_object(request, state.object.as_deref());
            let changed = policy.evaluate(&seen, self.source, &|one| again.contains(&one));
            let is_changed = replace(&mut state.object, changed.object.map(Arc::new));
            // What went well was told the first time.
            let mut rules = changed.responses;
            rules.retain(|rule| rule.status == RuleStatus::Error);
            let mut response = self.response(policy.info(), FailureAction::Enforce, rules);
            response.changes_object = is_changed;
            if is_changed && self.kept == Kept::EachChange {
                response.patched.clone_from(&state.object);
            }
            responses.push((number, response));
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

    /// What one rule says, and what became of the object.
    fn change_by_rule<R: Recorder>(
        &self,
        (policy, rule): (&CompiledClusterPolicy, &CompiledRule),
        request: &Request<'_>,
        object: &mut Option<Arc<Value>>,
        values: &[PathValue],
        verified: &mut VerifiedImages,
        recorder: &mut R,
    ) -> (Vec<RuleResponse>, Step) {
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
            let step = match mutated.failed {
                true => Step::Failed,
                false => Step::of(replace(object, mutated.object)),
            };
            return (mutated.responses, step);
        };
        // The first change takes a copy of the request's object.
        let original = || request.object.map(|original| Arc::new(original.clone()));
        let Some(mut changing) = object.take().or_else(original) else {
            return (mutated.responses, Step::Unchanged);
        };
        let (response, is_changed) = rule.merge(merge, &mut changing, name, recorder);
        *object = Some(changing);
        let step = match response.status {
            RuleStatus::Error => Step::Failed,
            _ => Step::of(is_changed),
        };
        (vec![response], step)
    }
}

/// The request with the object as it was changed, where it was.
pub(super) fn with_object<'r>(request: &Request<'r>, object: Option<&'r Value>) -> Request<'r> {
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
