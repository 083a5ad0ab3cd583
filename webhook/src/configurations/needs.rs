//! What a policy needs of the webhooks: the requests that it is about, and how it is to be asked.

use portcullis_api::{
    cel_expression::MatchCondition,
    cel_policy::Evaluation,
    cluster_policy::{self as written, Policy, PolicyKind, Rule},
    image_validating_policy::{ImageValidatingPolicy, ImageValidatingPolicyKind},
    match_constraints::MatchConstraints,
    metadata::ObjectMeta,
};
use portcullis_engine::{
    autogen::{self, cel::Rewriting},
    load::Loaded,
};
use serde::Serialize;

use super::{
    constraints,
    coverage::{Coverage, Operations, Scope, Target},
    matched,
    resources::Resources,
    selection::Selection,
};
use crate::path::{FailurePolicy, Question};

/// One question that is to be asked of a policy.
#[derive(Clone, Debug)]
pub(super) struct Need {
    pub(super) key: String,
    pub(super) question: Question,
    pub(super) failure_policy: FailurePolicy,
    /// The conditions for which the policy has a webhook of its own; empty where it has none.
    pub(super) conditions: Vec<MatchCondition>,
    pub(super) coverage: Coverage,
    pub(super) selection: Selection,
    /// Seconds that the policy may take.
    pub(super) timeout: Option<i32>,
    /// Whether other versions of a resource are not meant.
    pub(super) is_exact: bool,
}

/// What a loaded object needs. Policies that the API server evaluates itself need nothing, nor do
/// those that take place outside of requests.
pub(super) fn needs(loaded: &Loaded, resources: &Resources) -> Vec<Need> {
    let need = match loaded {
        Loaded::Policy(policy) => return of_cluster_policy(policy, resources),
        Loaded::Validating(policy) => {
            let spec = &policy.spec;
            let evaluation = spec.evaluation.as_ref();
            is_asked(evaluation).then(|| CelPolicy {
                question: Question::Validate,
                metadata: &policy.metadata,
                is_namespaced: policy.kind == portcullis_api::validating_policy::ValidatingPolicyKind::NamespacedValidatingPolicy,
                failure_policy: spec.failure_policy,
                timeout: spec.webhook_configuration.as_ref().and_then(|of| of.timeout_seconds),
                constraints: spec.match_constraints.as_ref(),
            }.need(spec, Rewriting::Everything))
        }
        Loaded::ImageValidating(policy) => return of_image_policy(policy),
        Loaded::Mutating(policy) => {
            let spec = &policy.spec;
            let admission = spec
                .evaluation
                .as_ref()
                .and_then(|of| of.admission.as_ref());
            let is_asked = admission.and_then(|of| of.enabled).unwrap_or(true);
            is_asked.then(|| CelPolicy {
                question: Question::Mutate,
                metadata: &policy.metadata,
                is_namespaced: policy.kind == portcullis_api::mutating_policy::MutatingPolicyKind::NamespacedMutatingPolicy,
                failure_policy: spec.failure_policy,
                timeout: spec.webhook_configuration.as_ref().and_then(|of| of.timeout_seconds),
                constraints: spec.match_constraints.as_ref(),
            }.need(spec, Rewriting::Mutations))
        }
        Loaded::ValidatingAdmission(_)
        | Loaded::MutatingAdmission(_)
        | Loaded::Binding(_)
        | Loaded::Generating(_)
        | Loaded::Deleting(_)
        | Loaded::Cleanup(_)
        | Loaded::Exception(_)
        | Loaded::CelException(_) => None,
    };
    need.into_iter().collect()
}

/// Images are validated, and before that get their digests.
fn of_image_policy(policy: &ImageValidatingPolicy) -> Vec<Need> {
    let spec = &policy.spec;
    if !is_asked(spec.evaluation.as_ref()) {
        return Vec::new();
    }
    let webhook = spec.webhook_configuration.as_ref();
    let need = |question| {
        let policy = CelPolicy {
            question,
            metadata: &policy.metadata,
            is_namespaced: policy.kind
                == ImageValidatingPolicyKind::NamespacedImageValidatingPolicy,
            failure_policy: spec.failure_policy,
            timeout: webhook.and_then(|of| of.timeout_seconds),
            constraints: spec.match_constraints.as_ref(),
        };
        policy.need(spec, Rewriting::Everything)
    };
    let changes = spec.pins_digests().then(|| need(Question::Mutate));
    [need(Question::Validate)]
        .into_iter()
        .chain(changes)
        .collect()
}

fn is_asked(evaluation: Option<&Evaluation>) -> bool {
    let of_requests = evaluation.and_then(|of| of.mode.as_deref());
    let admission = evaluation.and_then(|of| of.admission.as_ref());
    of_requests.is_none_or(|mode| mode == "Kubernetes")
        && admission.and_then(|of| of.enabled).unwrap_or(true)
}

fn failure_policy(written: Option<written::FailurePolicy>) -> FailurePolicy {
    match written {
        Some(written::FailurePolicy::Ignore) => FailurePolicy::Ignore,
        Some(written::FailurePolicy::Fail) | None => FailurePolicy::Fail,
    }
}

/// Everything that lives in a namespace.
fn namespaced() -> Coverage {
    let target = Target::new("*", "*", "*/*", Scope::Namespaced);
    Coverage::from_iter([(target, Operations::ALL)])
}

fn of_cluster_policy(policy: &Policy, resources: &Resources) -> Vec<Need> {
    let spec = &policy.spec;
    if spec.admission == Some(false) {
        return Vec::new();
    }
    let derived = autogen::expand(policy);
    let derived = derived.iter().filter(|rule| !rule.controllers.is_empty());
    let rules: Vec<&Rule> = spec
        .rules
        .iter()
        .chain(derived.map(|derived| &derived.rule))
        .collect();
    let webhook = spec.webhook_configuration.as_ref();
    let own_failure_policy = webhook.and_then(|webhook| webhook.failure_policy);
    let is_namespaced = policy.kind == PolicyKind::Policy;
    let need = |question| {
        let asked: Vec<&Rule> = rules
            .iter()
            .filter(|rule| answers(rule, question))
            .copied()
            .collect();
        let mut coverage = Coverage::default();
        for rule in &asked {
            coverage.extend(matched::coverage(rule, operations(rule), resources));
        }
        if is_namespaced {
            coverage = coverage.meet(&namespaced());
        }
        Need {
            key: policy.metadata.key(),
            question,
            failure_policy: failure_policy(own_failure_policy.or(spec.failure_policy)),
            conditions: webhook.map_or_else(Vec::new, |webhook| webhook.match_conditions.clone()),
            selection: match is_namespaced {
                true => Selection::of_namespace(policy.metadata.namespace.as_deref()),
                false => Selection::of_rules(&asked, &coverage),
            },
            coverage,
            timeout: webhook
                .and_then(|webhook| webhook.timeout_seconds)
                .or(spec.webhook_timeout_seconds),
            is_exact: false,
        }
    };
    let needs = [Question::Validate, Question::Mutate].map(need);
    needs
        .into_iter()
        .filter(|need| !need.coverage.is_empty())
        .collect()
}

/// Images are verified where objects are changed, and once more where they are validated.
fn answers(rule: &Rule, question: Question) -> bool {
    let verifies = !rule.verify_images.is_empty();
    match question {
        Question::Validate => rule.validate.is_some() || verifies,
        Question::Mutate => rule.mutate.is_some() || verifies,
    }
}

/// The operations of a rule that names none.
fn operations(rule: &Rule) -> Operations {
    match rule.validate.is_some() {
        true => Operations::ALL,
        false => Operations::WRITES,
    }
}

/// What the CEL kinds share.
struct CelPolicy<'p> {
    question: Question,
    metadata: &'p ObjectMeta,
    is_namespaced: bool,
    failure_policy: Option<written::FailurePolicy>,
    timeout: Option<i32>,
    constraints: Option<&'p MatchConstraints>,
}

impl CelPolicy<'_> {
    fn need(self, spec: &impl Serialize, rewriting: Rewriting) -> Need {
        let mut coverage = self
            .constraints
            .map(constraints::coverage)
            .unwrap_or_default();
        let spec = serde_json::to_value(spec).unwrap_or_default();
        for derived in autogen::cel::expand(&spec, rewriting) {
            let constraints = derived
                .spec
                .get("matchConstraints")
                .cloned()
                .unwrap_or_default();
            let constraints: MatchConstraints =
                serde_json::from_value(constraints).unwrap_or_default();
            coverage.extend(constraints::coverage(&constraints));
        }
        let mut selection = Selection::of_constraints(self.constraints);
        if self.is_namespaced {
            coverage = coverage.meet(&namespaced());
            selection = selection.in_namespace(self.metadata.namespace.as_deref());
        }
        let match_policy = self.constraints.and_then(|of| of.match_policy.as_deref());
        Need {
            key: self.metadata.key(),
            question: self.question,
            failure_policy: failure_policy(self.failure_policy),
            conditions: Vec::new(),
            coverage,
            selection,
            timeout: self.timeout,
            is_exact: match_policy == Some("Exact"),
        }
    }
}
