//! The steps of a rule that changes objects: by a patch, by targets, or by the digests of images.

use std::collections::BTreeMap;
use std::sync::Arc;

use portcullis_values::{Str, Val};
use serde_json::Value;

use super::CompiledRule;
use crate::evaluation::Evaluation;
use crate::patch::PreparedMerge;
use crate::policies::cluster_policy::handler::Handler;
use crate::policies::cluster_policy::mutate::{self, Mutation};
use crate::policies::cluster_policy::mutate_targets::Target;
use crate::policies::cluster_policy::outcome::Outcome;
use crate::policies::cluster_policy::verify_images::VerifyImages;
use crate::policy_info::PolicyName;
use crate::record::Recorder;
use crate::response::{RuleResponse, RuleStatus};
use crate::verified_images::ImageStatuses;

/// What rules that change objects answered.
#[derive(Clone, Debug, Default)]
pub struct Mutated {
    /// The responses, in order.
    pub responses: Vec<RuleResponse>,
    /// The object of the request after the change, where there was one.
    pub object: Option<Arc<Value>>,
    /// What is still to be merged into the object: [`CompiledRule::merge`].
    pub merge: Option<PendingMerge>,
    /// Whether the change itself failed, as against what decides whether it is to be made.
    pub failed: bool,
    /// How verifying images ended.
    pub images: ImageStatuses,
}

/// A patch to be merged once nothing reads the object any more, and what the response says of it.
#[derive(Clone, Debug)]
pub struct PendingMerge {
    merge: PreparedMerge,
    properties: Option<BTreeMap<String, String>>,
}

impl Mutated {
    fn of(response: RuleResponse) -> Mutated {
        Mutated {
            responses: vec![response],
            ..Mutated::default()
        }
    }
}

impl CompiledRule {
    /// Evaluates a rule that changes objects or verifies their images; nothing of any other rule, or of a request that
    /// it is not about.
    pub fn mutate<'a, R: Recorder>(&'a self, evaluation: &mut Evaluation<'a, '_, R>) -> Mutated {
        let policy = evaluation.policy().name;
        let concerns = self.concerns(evaluation);
        let matched = concerns != Ok(false);
        evaluation.recorder().matched(policy, &self.name, matched);
        let is_change = matches!(self.handler, Handler::Mutate(_) | Handler::VerifyImages(_));
        if !matched || !is_change {
            return Mutated::default();
        }
        if let Err(error) = concerns {
            return Mutated {
                responses: vec![self.undecided(&error)],
                ..Mutated::default()
            };
        }
        evaluation.enter_rule(&self.name);
        evaluation.context().checkpoint();
        evaluation.load_rule_values(None);
        evaluation.context().defer(&self.entries);
        let mutated = match &self.handler {
            Handler::Mutate(mutation) => self.mutation_steps(mutation, evaluation),
            Handler::VerifyImages(verification) => self.image_steps(verification, evaluation),
            _ => Mutated::default(),
        };
        evaluation.context().restore();
        if mutated.merge.is_none() {
            let status = mutated.responses.first().map(|response| response.status);
            evaluation.recorder().ended(policy, &self.name, status);
        }
        mutated
    }

    /// Merges what a rule left to be merged; says whether the object changed.
    pub fn merge<R: Recorder>(
        &self,
        pending: PendingMerge,
        object: &mut Arc<Value>,
        policy: PolicyName<'_>,
        recorder: &mut R,
    ) -> (RuleResponse, bool) {
        let merged = pending.merge.merge_into(object);
        let is_changed = merged.as_ref().is_ok_and(|changed| *changed);
        let outcome = match merged {
            Ok(true) => Outcome::new(RuleStatus::Pass, mutate::message(object)),
            Ok(false) => mutate::no_patches(),
            Err(error) => mutate::not_patched(&error),
        };
        recorder.ended(policy.name, &self.name, Some(outcome.status));
        (self.response_with(outcome, pending.properties), is_changed)
    }

    fn mutation_steps<'a, R: Recorder>(
        &'a self,
        mutation: &'a Mutation,
        evaluation: &mut Evaluation<'a, '_, R>,
    ) -> Mutated {
        if let Some(response) = self.not_met(evaluation) {
            return Mutated::of(response);
        }
        let exceptions = self.matching_exceptions(evaluation);
        if !exceptions.is_empty() {
            return Mutated::of(self.excepted(&exceptions, evaluation));
        }
        if !mutation.targets.is_empty() {
            return self.mutate_targets(mutation, evaluation);
        }
        let Some(object) = evaluation.request().object else {
            return Mutated::default();
        };
        let prepared = match mutation.prepare(object, evaluation) {
            Ok(prepared) => prepared,
            Err(outcome) => return self.unchanged(outcome, evaluation),
        };
        if let Some(merge) = prepared {
            let properties = self.properties(evaluation);
            return Mutated {
                merge: Some(PendingMerge { merge, properties }),
                ..Mutated::default()
            };
        }
        match mutation.apply(object, evaluation) {
            Ok(patched) => {
                let outcome = Outcome::new(RuleStatus::Pass, mutate::message(&patched));
                Mutated {
                    object: Some(Arc::new(patched)),
                    ..Mutated::of(self.response(outcome, evaluation))
                }
            }
            Err(outcome) => self.unchanged(outcome, evaluation),
        }
    }

    fn unchanged<'a, R: Recorder>(
        &'a self,
        outcome: Outcome,
        evaluation: &Evaluation<'a, '_, R>,
    ) -> Mutated {
        Mutated {
            failed: outcome.status == RuleStatus::Error,
            ..Mutated::of(self.response(outcome, evaluation))
        }
    }

    fn image_steps<'a, R: Recorder>(
        &'a self,
        verification: &'a VerifyImages,
        evaluation: &mut Evaluation<'a, '_, R>,
    ) -> Mutated {
        match verification.concerns(evaluation) {
            Ok(true) => {}
            Ok(false) => return Mutated::default(),
            Err(outcome) => return Mutated::of(self.response(outcome, evaluation)),
        }
        if let Some(response) = self.not_met(evaluation) {
            return Mutated::of(response);
        }
        let exceptions = self.matching_exceptions(evaluation);
        if !exceptions.is_empty() {
            return Mutated {
                images: verification.skipped(evaluation),
                ..Mutated::of(self.excepted(&exceptions, evaluation))
            };
        }
        let verified = verification.verify(evaluation);
        let outcomes = verified.outcomes.into_iter();
        Mutated {
            responses: outcomes
                .map(|outcome| self.response(outcome, evaluation))
                .collect(),
            object: verified.object.map(Arc::new),
            images: verified.images,
            ..Mutated::default()
        }
    }

    /// Changes existing objects: a response for each, and one for those that are not there. Where it
    /// cannot be told which objects are meant, none is changed.
    fn mutate_targets<'a, R: Recorder>(
        &'a self,
        mutation: &'a Mutation,
        evaluation: &mut Evaluation<'a, '_, R>,
    ) -> Mutated {
        let targets = mutation.targets.iter();
        let sought: Result<Vec<_>, _> = targets.map(|target| target.sought(evaluation)).collect();
        let sought = match sought {
            Ok(sought) => sought,
            Err(outcome) => return Mutated::of(self.response(outcome, evaluation)),
        };
        let mut objects = Vec::new();
        let mut missing = Vec::new();
        for (target, sought) in mutation.targets.iter().zip(&sought) {
            match target.objects(sought, evaluation) {
                Ok(found) => objects.extend(found.into_iter().map(|object| (target, object))),
                Err(reason) => missing.push(reason),
            }
        }
        let mut mutated = Mutated::default();
        if !missing.is_empty() {
            let outcome = Outcome::error("failed to get targets", &missing.join("; "));
            mutated.responses.push(self.response(outcome, evaluation));
        }
        for (target, object) in objects {
            let response = self.mutate_target(mutation, target, object, evaluation);
            mutated.responses.push(response);
        }
        mutated
    }

    fn mutate_target<'a, R: Recorder>(
        &'a self,
        mutation: &'a Mutation,
        target: &'a Target,
        object: Value,
        evaluation: &mut Evaluation<'a, '_, R>,
    ) -> RuleResponse {
        let object = evaluation.context().store().keep(object);
        evaluation.context().checkpoint();
        let value = Val::from(object);
        evaluation.context().replace(Str::from("target"), value);
        let patched = match target.leaves(evaluation) {
            None => mutation.apply(object, evaluation),
            Some(outcome) => Err(outcome),
        };
        let response = match patched {
            Ok(patched) => {
                let outcome = Outcome::new(RuleStatus::Pass, mutate::message(&patched));
                let mut response = self.response(outcome, evaluation);
                let detail = response.detail.get_or_insert_default();
                detail.patched_target = Some(patched);
                response
            }
            Err(outcome) => self.response(outcome, evaluation),
        };
        evaluation.context().restore();
        response
    }
}
