//! CleanupPolicy and ClusterCleanupPolicy of `kyverno.io`, compiled: which objects are deleted, and
//! when.
//!
//! ```yaml
//! spec:
//!   schedule: "0 3 * * *"
//!   match: {any: [{resources: {kinds: [Pod]}}]}
//!   conditions: {all: [{key: "{{ target.status.phase }}", operator: Equals, value: Failed}]}
//! ```
//!
//! An object is deleted when `match` holds, `exclude` does not, and the conditions hold, in which
//! `target` is the object. A CleanupPolicy is about its own namespace only. Context entries are
//! `apiCall`, `variable` and `globalReference`; nobody asks, so a filter cannot name users.

mod compile;
mod schedule;

use std::sync::Arc;

use portcullis_api::cleanup_policy::DeletionPropagation;
use portcullis_values::{Str, Val};

use super::cluster_policy::condition::CompiledConditions;
use crate::context::entries::Entry;
use crate::context::json_context::Loader;
use crate::context::source::{ContextSource, EntryKind};
use crate::context::{RequestView, Store};
use crate::evaluation::Evaluation;
use crate::matching::{Matcher, Mismatch};
use crate::policy_info::PolicyInfo;
use crate::policy_info::PolicyName;
use crate::record::{Recorder, Silent};
use crate::request::{GroupVersionKind, Request};
use crate::response::{RuleResponse, RuleStatus, RuleType};

pub use schedule::Schedule;
pub(crate) use schedule::comes;

/// A cleanup policy, ready to run.
#[derive(Debug)]
pub struct CompiledCleanupPolicy {
    info: Arc<PolicyInfo>,
    /// What its only rule is called: as the policy.
    rule: Arc<str>,
    matcher: Matcher,
    entries: Vec<Entry>,
    conditions: Option<CompiledConditions>,
    schedule: Schedule,
    propagation: Option<DeletionPropagation>,
}

/// What becomes of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is deleted.
    Delete,
    /// It stays: the policy is not about it.
    Unmatched,
    /// It stays: the conditions do not hold.
    ConditionsUnmet,
    /// It stays: the conditions cannot be decided.
    Undecided(String),
}

impl CompiledCleanupPolicy {
    /// Who the policy is.
    #[must_use]
    pub fn info(&self) -> &Arc<PolicyInfo> {
        &self.info
    }

    /// Whether the policy may be about objects of a kind.
    pub(crate) fn is_about(&self, kind: &GroupVersionKind) -> bool {
        self.matcher.is_about(kind)
    }

    /// When the policy runs.
    #[must_use]
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// What happens to what a deleted object owns; the API server decides where there is nothing.
    #[must_use]
    pub fn propagation(&self) -> Option<DeletionPropagation> {
        self.propagation
    }

    /// What the context entries need of the world.
    pub fn needs(&self) -> impl Iterator<Item = EntryKind> {
        self.entries.iter().filter_map(Loader::kind)
    }

    /// What becomes of the object of a request.
    #[must_use]
    pub fn decide(&self, request: &Request<'_>, source: &dyn ContextSource) -> Decision {
        let (view, store, mut silent) = (RequestView::new(request), Store::new(), Silent);
        match Evaluation::new(self.name(), &view, source, &store, &mut silent) {
            Some(mut evaluation) => self.decide_in(&mut evaluation),
            None => Decision::Unmatched,
        }
    }

    /// Why the policy is not about the object of a request; empty when it is.
    #[must_use]
    pub fn explain(&self, request: &Request<'_>) -> Vec<Mismatch> {
        self.matcher.explain(request)
    }

    /// The policy's name, for an evaluation.
    #[must_use]
    pub fn name(&self) -> PolicyName<'_> {
        PolicyName {
            name: &self.info.name,
            namespace: &self.info.namespace,
        }
    }

    /// The decision as Kyverno's `apply` and `test` show it: an object that is not deleted fails.
    pub fn evaluate<'a, R: Recorder>(
        &'a self,
        evaluation: &mut Evaluation<'a, '_, R>,
    ) -> RuleResponse {
        let (status, message) = match self.decide_in(evaluation) {
            Decision::Delete => (RuleStatus::Pass, "resource matched".to_owned()),
            Decision::Unmatched | Decision::ConditionsUnmet => {
                (RuleStatus::Fail, "resource did not match".to_owned())
            }
            Decision::Undecided(reason) => (RuleStatus::Error, reason),
        };
        RuleResponse {
            rule: Arc::clone(&self.rule),
            rule_type: RuleType::Deletion,
            status,
            message: message.into(),
            detail: None,
        }
    }

    fn decide_in<'a, R: Recorder>(&'a self, evaluation: &mut Evaluation<'a, '_, R>) -> Decision {
        let subject = evaluation.subject();
        let matched = self.matcher.matches_subject(subject);
        let object = subject.request.subject();
        if R::LISTENS {
            // Such a policy is its only rule.
            let name = self.info.name.as_str();
            evaluation.enter_rule(&self.rule);
            evaluation.recorder().matched(name, name, matched);
        }
        if !matched {
            return Decision::Unmatched;
        }
        let Some(conditions) = &self.conditions else {
            return Decision::Delete;
        };
        let context = evaluation.context();
        context.checkpoint();
        context.replace(Str::from("target"), object.map_or(Val::Null, Val::from));
        context.defer(&self.entries);
        let held = conditions.evaluate_noted(&"conditions", evaluation);
        evaluation.context().restore();
        match held {
            Ok((true, _)) => Decision::Delete,
            Ok((false, _)) => Decision::ConditionsUnmet,
            Err(error) => Decision::Undecided(format!("failed to evaluate conditions: {error}")),
        }
    }
}

#[cfg(test)]
mod tests;
