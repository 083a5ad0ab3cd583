//! What is known of a source from one pass to the next.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{generation, source, times::retry};
use crate::{
    claims::Claims, plan::Reason, reconcile::Done, revision::Revision, seen::Seen,
    sync_error::SyncError,
};

/// After so many times in a row, what others change is put back later and later: another controller
/// would do the same for ever.
const AT_ONCE: u32 = 5;
const CALM: Duration = Duration::from_secs(60);

/// What is known of a source.
#[derive(Clone)]
pub(super) struct Known {
    pub(super) generation: Option<i64>,
    /// When it is fetched again.
    pub(super) due: Instant,
    pub(super) failures: u32,
    /// The commit that failed last.
    pub(super) failed: Option<FailedCommit>,
    /// What the commit wants, which passed the gate.
    pub(super) revision: Option<Arc<Revision>>,
    /// What was applied last.
    pub(super) applied: Option<Arc<Revision>>,
    pub(super) seen: Seen,
    /// Whether somebody changed objects of it.
    pub(super) is_changed: bool,
    pub(super) is_suspended: bool,
    pub(super) put_back: PutBack,
}

/// A commit that failed. The repository is asked at its interval whether there is another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FailedCommit {
    commit: String,
    /// When the same one is tried again.
    until: Instant,
}

/// How often in a row something was put back.
#[derive(Clone, Copy, Default)]
pub(super) struct PutBack {
    times: u32,
    last: Option<Instant>,
}

/// What is done about a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Work {
    /// Its repository is asked; nothing is written.
    Fetch,
    /// What was fetched is brought into the cluster.
    Bring,
    /// What was applied last is put back where somebody changed it.
    Check,
}

/// A source with something to do.
pub(super) struct Due {
    pub(super) key: (String, String),
    pub(super) object: Value,
    pub(super) known: Option<Known>,
    pub(super) work: Work,
    /// What the sources that are under way are about to write.
    pub(super) claims: Claims,
    /// From which time on what watches tell comes after its beginning.
    pub(super) since: u64,
}

/// What a pass over a source came to.
pub(super) struct Outcome {
    pub(super) attempted: Option<String>,
    pub(super) revision: Option<Arc<Revision>>,
    pub(super) applied: Option<Arc<Revision>>,
    pub(super) result: Result<Done, SyncError>,
    /// What was done for the revision that was applied last, where the new one cannot be.
    pub(super) held: Option<Done>,
    pub(super) took: Duration,
}

impl Outcome {
    pub(super) fn failed(error: SyncError) -> Outcome {
        Outcome {
            attempted: None,
            revision: None,
            applied: None,
            result: Err(error),
            held: None,
            took: Duration::ZERO,
        }
    }
}

impl Known {
    /// What is known of a source after a pass.
    pub(super) fn after(due: &Due, outcome: Outcome) -> Known {
        let (before, now) = (due.known.as_ref(), Instant::now());
        let done = outcome.result.as_ref().ok().or(outcome.held.as_ref());
        let mut put_back = before.map(|known| known.put_back).unwrap_or_default();
        if done.is_some_and(|done| has_put_back(done, due.work)) {
            put_back.count(now);
        }
        let seen = done.map(|done| done.seen.clone());
        let seen = seen.or_else(|| before.map(|known| known.seen.clone()));
        let (mut next, mut failures) = match (&outcome.result, due.work, before) {
            (Ok(_), Work::Check, Some(before)) => (before.due, before.failures),
            (Ok(_), ..) => (now + source::interval(&due.object), 0),
            (Err(_), ..) => (now, before.map_or(0, |known| known.failures) + 1),
        };
        if outcome.result.is_err() {
            next = now + retry(failures);
            failures = failures.max(1);
        }
        let failed = match (&outcome.result, due.work, before) {
            (_, Work::Check, Some(before)) => before.failed.clone(),
            (Err(_), ..) => outcome.attempted.clone().map(|commit| FailedCommit {
                commit,
                until: next,
            }),
            (Ok(_), ..) => None,
        };
        if failed.is_some() {
            next = next.min(now + source::interval(&due.object));
        }
        // What a check applied is not what the repository has, where the last commit was refused.
        let revision = match due.work {
            Work::Check => before.and_then(|known| known.revision.clone()),
            Work::Fetch | Work::Bring => outcome.revision,
        };
        // Nor is the spec of now looked at then.
        let checked = before.filter(|_| due.work == Work::Check);
        Known {
            generation: checked.map_or_else(|| generation(&due.object), |known| known.generation),
            due: next,
            failures,
            failed,
            revision,
            applied: outcome
                .applied
                .or_else(|| before.and_then(|known| known.applied.clone())),
            seen: seen.unwrap_or_default(),
            is_changed: false,
            is_suspended: false,
            put_back,
        }
    }

    /// Passes over a commit that failed and is not tried again yet; whether it did.
    pub(super) fn passes_over(&mut self, commit: &str, object: &Value, now: Instant) -> bool {
        let same = self.failed.as_ref().filter(|failed| {
            let is_same_spec = self.generation == generation(object);
            is_same_spec && failed.commit == commit && now < failed.until
        });
        let Some(until) = same.map(|failed| failed.until) else {
            return false;
        };
        self.due = until.min(now + source::interval(object));
        true
    }

    /// What is to be done now.
    pub(super) fn work(&self, generation: Option<i64>, now: Instant) -> Option<Work> {
        if self.generation != generation || self.due <= now {
            return Some(Work::Fetch);
        }
        self.check(now)
    }

    /// Whether what others changed is put back now.
    pub(super) fn check(&self, now: Instant) -> Option<Work> {
        let is_calm = self.put_back.until() <= Some(now);
        (self.can_check() && is_calm).then_some(Work::Check)
    }

    pub(super) fn has_failed(&self) -> bool {
        self.failures > 0
    }

    fn can_check(&self) -> bool {
        self.is_changed && self.applied.is_some()
    }

    /// When there is something to do, if nobody does anything; never for one that is suspended.
    pub(super) fn next(&self, now: Instant) -> Option<Instant> {
        let due = (!self.is_suspended).then_some(self.due);
        self.next_check(now).into_iter().chain(due).min()
    }

    /// The same of what is done while it is fetched.
    pub(super) fn next_check(&self, now: Instant) -> Option<Instant> {
        let can_check = self.can_check() && !self.is_suspended;
        can_check.then(|| self.put_back.until().unwrap_or(now))
    }
}

impl PutBack {
    /// Counts a pass that put something back.
    pub(super) fn count(&mut self, now: Instant) {
        let is_calm = self.last.is_none_or(|last| now.duration_since(last) > CALM);
        let until = self.until().is_none_or(|until| until + CALM < now);
        self.times = if is_calm && until { 1 } else { self.times + 1 };
        self.last = Some(now);
    }

    fn until(&self) -> Option<Instant> {
        let last = self.last?;
        match self.times.saturating_sub(AT_ONCE) {
            0 => Some(last),
            more => Some(last + retry(more)),
        }
    }
}

fn has_put_back(done: &Done, work: Work) -> bool {
    put_back(done, work) > 0
}

/// How many objects a pass put back.
pub(super) fn put_back(done: &Done, work: Work) -> usize {
    let writes = done.plan.writes();
    let put_back = writes.filter(|write| match write.reason {
        Reason::PutBack(_) => true,
        // What a check creates was deleted by somebody.
        Reason::Create | Reason::Change => work == Work::Check,
    });
    put_back.count()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_commit_that_failed_is_passed_over() {
        let (now, again) = (Instant::now(), Duration::from_secs(20));
        let object = |generation: i64| json!({"metadata": {"generation": generation}, "spec": {"interval": "5s"}});
        for (generation, commit, later, wanted) in [
            (1, "a", 0, Some(5)),
            (1, "a", 18, Some(2)),
            (1, "a", 20, None),
            (1, "b", 0, None),
            (2, "a", 0, None),
        ] {
            let mut known = Known {
                generation: Some(1),
                due: now,
                failures: 3,
                failed: Some(FailedCommit {
                    commit: "a".to_owned(),
                    until: now + again,
                }),
                revision: None,
                applied: None,
                seen: Seen::default(),
                is_changed: false,
                is_suspended: false,
                put_back: PutBack::default(),
            };
            let at = now + Duration::from_secs(later);
            let passes_over = known.passes_over(commit, &object(generation), at);
            let next = passes_over.then(|| (known.due - at).as_secs());
            assert_eq!(next, wanted, "{generation} {commit} {later}");
        }
    }

    #[test]
    fn who_changes_the_same_again_and_again_is_met_later_and_later() {
        let start = Instant::now();
        let mut put_back = PutBack::default();
        for _ in 0..AT_ONCE {
            put_back.count(start);
        }
        assert_eq!(put_back.until(), Some(start));
        put_back.count(start);
        assert_eq!(put_back.until(), Some(start + retry(1)));
        put_back.count(start + CALM * 3);
        assert_eq!(put_back.until(), Some(start + CALM * 3));
    }
}
