//! What one thread has counted since it was last collected.

use std::{sync::Arc, time::Duration};

use portcullis_engine::{
    policy_info::PolicyInfo,
    request::Operation,
    response::{EngineResponse, FailureAction, RuleStatus, RuleType},
};
use rustc_hash::FxHashMap;

use super::{histogram::Histogram, timed::Timed};
use crate::{admission::Review, path::Question};

/// What a request is about, as labels tell it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scene {
    pub(super) question: Question,
    pub(super) operation: Operation,
    pub(super) kind: String,
    pub(super) namespace: String,
}

impl Scene {
    /// That of a review.
    #[must_use]
    pub fn of(review: &Review, question: Question) -> Scene {
        Scene {
            question,
            operation: review.operation(),
            kind: review.kind_name().to_owned(),
            namespace: review.namespace().to_owned(),
        }
    }
}

/// What was counted for a scene.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) denied: Histogram,
    pub(super) allowed: Histogram,
    /// By where the policy lies, which it does for as long as it is kept here.
    pub(super) policies: FxHashMap<usize, OfPolicy>,
}

/// What was counted for a policy.
pub(super) struct OfPolicy {
    pub(super) policy: Arc<PolicyInfo>,
    pub(super) rules: Vec<OfRule>,
}

/// What was counted for one way in which a rule ends.
pub(super) struct OfRule {
    pub(super) rule: Arc<str>,
    pub(super) rule_type: RuleType,
    pub(super) status: RuleStatus,
    pub(super) action: FailureAction,
    pub(super) count: u64,
    pub(super) time: Histogram,
}

/// The counts of a thread.
#[derive(Default)]
pub(super) struct Shard {
    scenes: FxHashMap<Scene, Counts>,
    size: usize,
}

impl Shard {
    /// How much it holds.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    pub(super) fn into_scenes(self) -> impl Iterator<Item = (Scene, Counts)> {
        self.scenes.into_iter()
    }

    pub(super) fn review(&mut self, scene: &Scene, allowed: bool, time: Duration) {
        self.count(scene, |counts| {
            match allowed {
                true => counts.allowed.add(time),
                false => counts.denied.add(time),
            }
            0
        });
    }

    pub(super) fn policies(&mut self, scene: &Scene, responses: &[EngineResponse], times: &Timed) {
        self.count(scene, |counts| {
            let added = responses.iter().map(|response| {
                let place = Arc::as_ptr(&response.policy).addr();
                let of = counts.policies.entry(place).or_insert_with(|| OfPolicy {
                    policy: Arc::clone(&response.policy),
                    rules: Vec::new(),
                });
                of.add(response, times)
            });
            added.sum()
        });
    }

    /// Counts for a scene; `add` says how much is new.
    fn count(&mut self, scene: &Scene, add: impl FnOnce(&mut Counts) -> usize) {
        if let Some(counts) = self.scenes.get_mut(scene) {
            self.size += add(counts);
            return;
        }
        let mut counts = Counts::default();
        self.size += 1 + add(&mut counts);
        self.scenes.insert(scene.clone(), counts);
    }
}

impl OfPolicy {
    /// Counts a response; how many rules are new.
    fn add(&mut self, response: &EngineResponse, times: &Timed) -> usize {
        let (before, mut next) = (self.rules.len(), 0);
        for found in &response.rules {
            let is_same = |known: &OfRule| {
                known.status == found.status
                    && known.action == response.failure_action
                    && known.rule == found.rule
            };
            // Rules come in the same order every time.
            let (earlier, later) = self.rules.split_at(next.min(self.rules.len()));
            let place = later.iter().position(is_same).map(|place| next + place);
            let place = place.or_else(|| earlier.iter().position(is_same));
            let place = place.unwrap_or_else(|| {
                self.rules.push(OfRule {
                    rule: Arc::clone(&found.rule),
                    rule_type: found.rule_type,
                    status: found.status,
                    action: response.failure_action,
                    count: 0,
                    time: Histogram::default(),
                });
                self.rules.len() - 1
            });
            if let Some(known) = self.rules.get_mut(place) {
                known.count += 1;
                if let Some(time) = times.of(&response.policy, &found.rule) {
                    known.time.add(time);
                }
            }
            next = place + 1;
        }
        self.rules.len() - before
    }
}
