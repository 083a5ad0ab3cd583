//! Whether an exception of `policies.kyverno.io` is still needed: its policy, with and without it.
//!
//! Such an exception holds for a resource when its conditions do. It is needed when the policy fails
//! without it, or would change or delete the resource, and does otherwise with it.

use portcullis_api::cel_policy_exception::{CelPolicyException, PolicyReference};
use portcullis_engine::{
    CompileOptions, PolicySet, compile,
    compile_options::CompileError,
    evaluate,
    exceptions::EXPIRY_ANNOTATION,
    load::{self, Loaded},
    record::Silent,
    request::{Operation, Request},
    response::{EngineResponse, RuleResponse, RuleStatus, RuleType},
};
use serde_json::Value;

use super::{Need, Tries, acts, label, operations};
use crate::{offline::source::OfflineSource, render::RenderedPolicy, suite::inputs::Inputs};

/// A policy with and without an exception.
pub(crate) struct CelTrial {
    policy: String,
    without: PolicySet,
    with: PolicySet,
    /// The policy with the exception for everything that its conditions hold for: what it lets off
    /// tells what the exception is for.
    let_off: PolicySet,
    operations: Vec<Operation>,
}

/// Why there is nothing to try.
pub(crate) enum Unusable {
    /// The exception has faults.
    Exception(Vec<CompileError>),
    /// The policy has; others tell which.
    Policy,
}

impl CelTrial {
    /// Makes the policy ready.
    ///
    /// # Errors
    /// What is wrong with the exception, or that the policy cannot be used.
    pub(crate) fn new(
        policy: &RenderedPolicy,
        written: &CelPolicyException,
        part: &PolicyReference,
    ) -> Result<CelTrial, Unusable> {
        let mut alone = written.clone();
        alone.spec.policy_refs = vec![part.clone()];
        alone.spec.expires_at = None;
        alone.metadata.annotations.remove(EXPIRY_ANNOTATION);
        let mut whole = alone.clone();
        whole.spec.images.clear();
        whole.spec.allowed_values.clear();
        let document = &policy.document.value;
        let (loaded, errors) = load::load(document);
        if !errors.is_empty() {
            return Err(Unusable::Policy);
        }
        let set = |exception: Option<&CelPolicyException>| {
            let exception = exception.map(|one| Loaded::CelException(Box::new(one.clone())));
            let all = loaded.iter().chain(&exception);
            let (set, errors) = compile(all, &[], &CompileOptions::default());
            match errors.is_empty() {
                true => Ok(set),
                false => Err(errors),
            }
        };
        Ok(CelTrial {
            policy: part.name.clone(),
            without: set(None).map_err(|_| Unusable::Policy)?,
            with: set(Some(&alone)).map_err(Unusable::Exception)?,
            let_off: set(Some(&whole)).map_err(Unusable::Exception)?,
            operations: operations(document, &alone.spec),
        })
    }

    /// Tries the resources in each world.
    pub(crate) fn run(&self, worlds: &[Inputs], objects: &[Value]) -> (Need, String) {
        let tries = Tries {
            worlds,
            objects,
            operations: &self.operations,
        };
        tries.judge(|request, source| self.on(request, source))
    }

    /// Whether one resource needs it; none where it is not for the resource.
    fn on(&self, request: &Request<'_>, source: &OfflineSource<'_>) -> Option<(Need, String)> {
        let answers = |set: &PolicySet| -> Vec<EngineResponse> {
            evaluate(set, request, source, &mut Silent)
        };
        let mut let_off = answers(&self.let_off).into_iter().flat_map(|one| one.rules);
        if !let_off.any(|rule| !rule.exceptions().is_empty()) {
            return None;
        }
        let (without, with) = (answers(&self.without), answers(&self.with));
        let kept: Vec<&RuleResponse> = with.iter().flat_map(|one| &one.rules).collect();
        let (policy, resource) = (&self.policy, label(request));
        let mut found = (Need::Needless, String::new());
        let rules = without.iter().flat_map(|one| &one.rules);
        for rule in rules.filter(|rule| !kept.contains(rule)) {
            let breaks = matches!(rule.status, RuleStatus::Fail | RuleStatus::Warn)
                && rule.rule_type != RuleType::Deletion;
            if breaks {
                return Some((Need::Needed, format!("{resource} breaks policy `{policy}`")));
            } else if acts(rule, &without, &with) {
                let because = format!("policy `{policy}` would act on {resource}");
                return Some((Need::Needed, because));
            } else if rule.status == RuleStatus::Error {
                let because = format!("policy `{policy}` on {resource}: {}", rule.message);
                found = (Need::Unknown, because);
            }
        }
        Some(found)
    }
}
