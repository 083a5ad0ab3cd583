//! How long rules take.

use std::{
    hash::BuildHasher,
    time::{Duration, Instant},
};

use portcullis_engine::{policy_info::PolicyInfo, record::Recorder, response::RuleStatus};
use rustc_hash::{FxBuildHasher, FxHashMap};

/// How many rules are expected to answer.
const RULES: usize = 28;

/// Where the name of the policy lies, which the response shares with the compiled policy, and a hash
/// of the rule's name.
type Key = (usize, u64);

fn key(policy: &str, rule: &str) -> Key {
    (policy.as_ptr().addr(), FxBuildHasher.hash_one(rule))
}

/// Notes how long each rule took that gave a response: from the end of the one before.
#[derive(Debug)]
pub struct Timed {
    last: Instant,
    /// By policy and rule.
    times: FxHashMap<Key, Duration>,
}

impl Default for Timed {
    fn default() -> Timed {
        Timed {
            last: Instant::now(),
            times: FxHashMap::with_capacity_and_hasher(RULES, FxBuildHasher),
        }
    }
}

impl Timed {
    /// How long a rule of a policy took; none where nobody noted it.
    pub(super) fn of(&self, policy: &PolicyInfo, rule: &str) -> Option<Duration> {
        self.times.get(&key(&policy.name, rule)).copied()
    }
}

impl Recorder for Timed {
    fn ended(&mut self, policy: &str, rule: &str, status: Option<RuleStatus>) {
        if status.is_some() {
            let now = Instant::now();
            let time = self.times.entry(key(policy, rule)).or_default();
            *time += now.duration_since(self.last);
            self.last = now;
        }
    }
}
