//! How long rules take.

use std::{
    cell::Cell,
    hash::BuildHasher,
    time::{Duration, Instant},
};

use portcullis_engine::{policy_info::PolicyInfo, record::Recorder, response::RuleStatus};
use rustc_hash::FxBuildHasher;

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
    /// In the order in which they ended.
    times: Vec<(Key, Duration)>,
    /// Which is likely to be asked for next.
    next: Cell<usize>,
}

impl Default for Timed {
    fn default() -> Timed {
        Timed {
            last: Instant::now(),
            times: Vec::with_capacity(RULES),
            next: Cell::new(0),
        }
    }
}

impl Timed {
    /// How long a rule of a policy took; none where nobody noted it. Responses come in the order in
    /// which their rules ended, so that it is the next one mostly.
    pub(super) fn of(&self, policy: &PolicyInfo, rule: &str) -> Option<Duration> {
        let wanted = key(&policy.name, rule);
        let (start, count) = (self.next.get(), self.times.len());
        let is_wanted = |place: &usize| {
            let noted = self.times.get(*place);
            noted.is_some_and(|(key, _)| *key == wanted)
        };
        let mut places = (0..count).map(|step| (start + step) % count);
        let place = places.find(is_wanted)?;
        self.next.set(place + 1);
        self.times.get(place).map(|(_, time)| *time)
    }
}

impl Recorder for Timed {
    fn ended(&mut self, policy: &str, rule: &str, status: Option<RuleStatus>) {
        if status.is_some() {
            let now = Instant::now();
            let time = now.duration_since(self.last);
            self.times.push((key(policy, rule), time));
            self.last = now;
        }
    }
}
