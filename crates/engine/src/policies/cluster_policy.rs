//! ClusterPolicy and Policy of `kyverno.io`, compiled: rules in the order of the policy, derived
//! rules after the written ones.
//!
//! A rule is taken in steps: match and exclude, context, preconditions, exceptions, and then what
//! the rule does.

mod body;
mod cel;
pub mod condition;
mod exception;
pub mod failure_action;
mod foreach;
mod generate;
mod handler;
mod manifests;
mod message;
mod mutate;
mod mutate_targets;
mod outcome;
mod pod_security;
mod report_properties;
mod request_conditions;
mod rule;
mod validate;
mod verify_images;

use std::sync::Arc;

use portcullis_api::cluster_policy as api;

use crate::autogen;
use crate::compile_options::{CompileError, CompileOptions};
use crate::evaluation::Evaluation;
use crate::exceptions::ExceptionSet;
use crate::policy_info::PolicyInfo;
use crate::record::Recorder;
use crate::request::Request;
use crate::response::{RuleResponse, RuleStatus, RuleType};

use failure_action::FailureActions;
use request_conditions::RequestConditions;
pub use rule::{CompiledRule, Mutated, PendingMerge};

/// A policy, ready to run.
#[derive(Debug)]
pub struct CompiledClusterPolicy {
    info: Arc<PolicyInfo>,
    rules: Vec<CompiledRule>,
    written: usize,
    apply_one: bool,
    actions: FailureActions,
    derived: Vec<autogen::DerivedRule>,
}

/// What became of an object under a rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Step {
    /// It is as it was.
    #[default]
    Unchanged,
    /// The rule changed it.
    Changed,
    /// The rule could not change it.
    Failed,
}

impl Step {
    /// Of a rule that did not fail.
    #[must_use]
    pub fn of(is_changed: bool) -> Step {
        match is_changed {
            true => Step::Changed,
            false => Step::Unchanged,
        }
    }
}

impl CompiledClusterPolicy {
    /// Makes a policy ready.
    ///
    /// # Errors
    /// Everything that keeps a rule from being made ready.
    pub fn compile(
        policy: &api::Policy,
        exceptions: &ExceptionSet,
        options: &CompileOptions,
    ) -> Result<CompiledClusterPolicy, Vec<CompileError>> {
        let info = Arc::new(info(policy));
        let derived = autogen::expand(policy);
        let mut errors = Vec::new();
        let mut rules = Vec::new();
        let conditions = RequestConditions::compile(&policy.spec, info.errors_deny, options);
        let conditions = conditions.unwrap_or_else(|found| {
            errors.extend(CompileError::of_policy(&info, found));
            None
        });
        let conditions = conditions.map(Arc::new);
        let written = policy.spec.rules.iter().enumerate();
        let written = written.map(|(number, rule)| (number, None, rule));
        let further = derived
            .iter()
            .map(|derived| (derived.origin, Some(&derived.controllers), &derived.rule));
        let all = written.chain(further);
        for (number, controllers, rule) in all {
            let origin = (number, controllers.map(Vec::as_slice));
            match CompiledRule::compile(rule, origin, policy, &info, exceptions, options) {
                Ok(rule) => rules.push(rule.under(conditions.clone())),
                Err(found) => errors.extend(found),
            }
        }
        if !errors.is_empty() {
            errors.dedup();
            return Err(errors);
        }
        Ok(CompiledClusterPolicy {
            info,
            rules,
            written: policy.spec.rules.len(),
            apply_one: policy.spec.apply_rules == Some(api::ApplyRules::One),
            actions: FailureActions::compile(&policy.spec),
            derived,
        })
    }

    /// Who the policy is.
    #[must_use]
    pub fn info(&self) -> &Arc<PolicyInfo> {
        &self.info
    }

    /// Every rule, derived ones after the written ones.
    #[must_use]
    pub fn rules(&self) -> &[CompiledRule] {
        &self.rules
    }

    /// How many of the rules are written.
    #[must_use]
    pub fn written_rules(&self) -> usize {
        self.written
    }

    /// What a failure means for a request.
    #[must_use]
    pub fn actions(&self) -> &FailureActions {
        &self.actions
    }

    /// Evaluates the rules of a type that changes objects, of the given numbers, in order. `evaluate`
    /// runs one rule, makes its change, and says what it answered and what became of the object. A
    /// change that fails ends the policy's.
    pub fn mutate(
        &self,
        rule_type: RuleType,
        numbers: impl IntoIterator<Item = usize>,
        mut evaluate: impl FnMut(&CompiledRule) -> (Vec<RuleResponse>, Step),
    ) -> (Vec<RuleResponse>, bool) {
        let mut all = Vec::new();
        let mut is_changed = false;
        for number in numbers {
            let Some(rule) = self.rules.get(number) else {
                continue;
            };
            if rule.rule_type() != rule_type {
                continue;
            }
            let (responses, step) = evaluate(rule);
            let ends = step == Step::Failed || self.apply_one && responses.iter().any(applied);
            all.extend(responses);
            is_changed |= step == Step::Changed;
            if ends {
                break;
            }
        }
        (all, is_changed)
    }

    /// Evaluates the rules of the given numbers that change nothing, in order.
    pub fn evaluate<'a, R: Recorder>(
        &'a self,
        numbers: impl IntoIterator<Item = usize>,
        evaluation: &mut Evaluation<'a, '_, R>,
    ) -> Vec<RuleResponse> {
        let mut responses = Vec::new();
        for number in numbers {
            let Some(rule) = self.rules.get(number) else {
                continue;
            };
            if rule.rule_type() == RuleType::Mutation || self.hides(rule, evaluation.request()) {
                continue;
            }
            let Some(response) = rule.evaluate(evaluation) else {
                continue;
            };
            let ends = self.apply_one && applied(&response);
            if responses.is_empty() {
                // One rule answers for most policies.
                responses.reserve_exact(1);
            }
            responses.push(response);
            if ends {
                break;
            }
        }
        responses
    }

    /// Whether a rule does not exist for the request's object: it is derived for other kinds, or a
    /// derived rule speaks for it.
    #[must_use]
    pub fn hides(&self, rule: &CompiledRule, request: &Request<'_>) -> bool {
        let kind = &request.kind.kind;
        match rule.controllers() {
            Some(controllers) => !controllers.contains(kind),
            None => !self.derived.is_empty() && autogen::hides(&self.derived, rule.name(), kind),
        }
    }
}

fn info(policy: &api::Policy) -> PolicyInfo {
    let metadata = &policy.metadata;
    let spec = &policy.spec;
    let failure_policy = spec
        .webhook_configuration
        .as_ref()
        .and_then(|webhook| webhook.failure_policy)
        .or(spec.failure_policy);
    PolicyInfo {
        api_version: match policy.api_version {
            api::PolicyApiVersion::V1 => "kyverno.io/v1",
            api::PolicyApiVersion::V2Beta1 => "kyverno.io/v2beta1",
        }
        .to_owned(),
        kind: match policy.kind {
            api::PolicyKind::ClusterPolicy => "ClusterPolicy",
            api::PolicyKind::Policy => "Policy",
        }
        .to_owned(),
        namespace: metadata.namespace.clone().unwrap_or_default(),
        name: metadata.name.clone().unwrap_or_default(),
        labels: metadata.labels.clone(),
        annotations: metadata.annotations.clone(),
        admission: spec.admission.unwrap_or(true),
        background: spec.background.unwrap_or(true),
        emit_warning: spec.emit_warning.unwrap_or(false),
        errors_deny: failure_policy != Some(api::FailurePolicy::Ignore),
    }
}

/// Whether a rule is the one that `applyRules: One` waits for: it was evaluated, and decided. One that
/// generates has decided before it makes anything.
fn applied(response: &RuleResponse) -> bool {
    let detail = response.detail.as_ref();
    match response.status {
        RuleStatus::Skip => false,
        RuleStatus::Error => detail.is_some_and(|detail| detail.is_left_ungenerated),
        _ => true,
    }
}
