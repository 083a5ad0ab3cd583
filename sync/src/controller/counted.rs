//! What is counted of a pass.

use super::known::{Due, Outcome, Work, put_back};
use crate::{
    metrics::{Metrics, Pass},
    sync_error::SyncError,
};

/// Counts a pass over the source of this name.
pub(super) fn count(metrics: &Metrics, source: &str, due: &Due, outcome: &Outcome) {
    let done = outcome.result.as_ref().ok().or(outcome.held.as_ref());
    let stopped = outcome
        .result
        .as_ref()
        .err()
        .and_then(SyncError::stopped_by);
    metrics.count(&Pass {
        source,
        work: match due.work {
            Work::Fetch | Work::Bring => "fetch",
            Work::Check => "check",
        },
        result: outcome
            .result
            .as_ref()
            .err()
            .map_or("Synced", SyncError::reason),
        took: outcome.took,
        refused_by: stopped.as_ref().map(|stopped| stopped.check.as_str()),
        written: done.map_or(0, |done| done.plan.writes().count()),
        deleted: done.map_or(0, |done| done.plan.prunes.len()),
        put_back: done.map_or(0, |done| put_back(done, due.work)),
        holds: done.map(|done| (done.inventory.commit.as_str(), done.inventory.objects.len())),
    });
}
