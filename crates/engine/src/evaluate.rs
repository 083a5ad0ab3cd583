//! A policy set and a request to responses: one per policy that has something to say.

use std::sync::Arc;

use serde_json::Value;

use crate::compile::{CompiledPolicy, PolicySet};
use crate::context::source::{ContextSource, PathValue};
use crate::context::{RequestView, Store};
use crate::evaluation::{Evaluation, PolicyName};
use crate::policies::cluster_policy::CompiledClusterPolicy;
use crate::record::Recorder;
use crate::request::{Operation, Request};
use crate::response::{EngineResponse, FailureAction, RuleResponse};

/// Evaluates every policy that can be about the request. Responses stand in the order of the
/// policies; a policy without a rule that answers gives none.
pub fn evaluate<R: Recorder>(
    set: &PolicySet,
    request: &Request<'_>,
    source: &dyn ContextSource,
    recorder: &mut R,
) -> Vec<EngineResponse> {
    let mut responses = Vec::new();
    if source.has_policy_values() {
        for number in 0..set.policies.len() {
            responses.extend(evaluate_policy(set, number, request, source, recorder));
        }
        return responses;
    }
    let world = World { set, source };
    let mut unevaluated = set.unevaluated.iter().copied().peekable();
    let candidates: Vec<(u32, u32)> = set.index.candidates(request).collect();
    let view = RequestView::new(request);
    let store = Store::new();
    for run in candidates.chunk_by(|one, next| one.0 == next.0) {
        let Some(number) = run.first().map(|first| first.0) else {
            continue;
        };
        while let Some(before) = unevaluated.next_if(|other| *other < number) {
            responses.extend(world.unevaluated(before, request));
        }
        let Some(CompiledPolicy::ClusterPolicy(policy)) =
            position(number).and_then(|at| set.policies.get(at))
        else {
            continue;
        };
        let rules = run.iter().filter_map(|(_, rule)| position(*rule));
        responses.extend(world.cluster_policy(policy, rules, &view, &store, &[], recorder));
    }
    for after in unevaluated {
        responses.extend(world.unevaluated(after, request));
    }
    responses
}

/// Evaluates one policy of the set, with the values that a Values file injects for it. They may
/// change the operation, and the object too, which then is read again.
pub fn evaluate_policy<R: Recorder>(
    set: &PolicySet,
    number: usize,
    request: &Request<'_>,
    source: &dyn ContextSource,
    recorder: &mut R,
) -> Option<EngineResponse> {
    let world = World { set, source };
    match set.policies.get(number)? {
        CompiledPolicy::Unevaluated(policy) => {
            let response = policy.evaluate(request)?;
            Some(world.response(policy.info(), FailureAction::Enforce, vec![response]))
        }
        CompiledPolicy::ClusterPolicy(policy) => {
            let info = policy.info();
            let values = source.policy_values(&info.name, &request.kind.kind, request.name);
            let store = Store::new();
            let changed = changed_request(request, values, &store);
            let view = RequestView::new(&changed);
            let all = 0..policy.rules().len();
            world.cluster_policy(policy, all, &view, &store, values, recorder)
        }
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
}

impl<'w> World<'w> {
    fn unevaluated(&self, number: u32, request: &Request<'_>) -> Option<EngineResponse> {
        match self.set.policies.get(position(number)?)? {
            CompiledPolicy::Unevaluated(policy) => {
                let response = policy.evaluate(request)?;
                Some(self.response(policy.info(), FailureAction::Enforce, vec![response]))
            }
            CompiledPolicy::ClusterPolicy(_) => None,
        }
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
        let name = PolicyName {
            name: &info.name,
            namespace: &info.namespace,
        };
        let mut evaluation = Evaluation::new(name, view, self.source, store, recorder)?;
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
        }
    }
}
