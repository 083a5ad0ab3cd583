//! How long rules take.

use std::time::{Duration, Instant};

use portcullis_engine::{record::Recorder, response::RuleStatus};
use rustc_hash::FxHashMap;

/// Notes how long each rule took that gave a response: from the end of the one before.
#[derive(Debug)]
pub struct Timed {
    last: Instant,
    /// By where the name of the rule lies, which the response shares with the compiled rule.
    times: FxHashMap<usize, Duration>,
}

impl Default for Timed {
    fn default() -> Timed {
        Timed {
            last: Instant::now(),
            times: FxHashMap::default(),
        }
    }
}

impl Timed {
    /// How long a rule took, by its name in the response; none where nobody noted it.
    pub(super) fn of(&self, rule: &str) -> Option<Duration> {
        self.times.get(&rule.as_ptr().addr()).copied()
    }
}

impl Recorder for Timed {
    fn ended(&mut self, _: &str, rule: &str, status: Option<RuleStatus>) {
        if status.is_some() {
            let now = Instant::now();
            let time = self.times.entry(rule.as_ptr().addr()).or_default();
            *time += now.duration_since(self.last);
            self.last = now;
        }
    }
}
