//! What is counted for Prometheus, and whether this replica does its work.

mod listener;

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use prometheus_client::{
    encoding::text::encode,
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};

pub use listener::listen;

type Labels<const COUNT: usize> = [(&'static str, String); COUNT];

/// What became of a source in a pass.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pass<'a> {
    /// The source.
    pub(crate) source: &'a str,
    /// `fetch` or `check`.
    pub(crate) work: &'static str,
    /// `Synced`, or why not.
    pub(crate) result: &'static str,
    /// How long it took.
    pub(crate) took: Duration,
    /// The check that refused the commit, where one did.
    pub(crate) refused_by: Option<&'a str>,
    /// How many objects were written, deleted, and put back among the written.
    pub(crate) written: usize,
    pub(crate) deleted: usize,
    pub(crate) put_back: usize,
    /// The commit in the cluster, and how many objects it has, where that is known.
    pub(crate) holds: Option<(&'a str, usize)>,
}

/// The counts of a process.
pub struct Metrics {
    registry: Registry,
    leading: Gauge,
    durations: Family<Labels<1>, Histogram, fn() -> Histogram>,
    passes: Family<Labels<3>, Counter>,
    refusals: Family<Labels<2>, Counter>,
    written: Family<Labels<1>, Counter>,
    deleted: Family<Labels<1>, Counter>,
    put_back: Family<Labels<1>, Counter>,
    revisions: Family<Labels<2>, Gauge>,
    objects: Family<Labels<1>, Gauge>,
    /// The revision of each source that `revisions` tells.
    held: Mutex<BTreeMap<String, String>>,
    problem: Mutex<Option<String>>,
}

impl Default for Metrics {
    fn default() -> Metrics {
        let histogram: fn() -> Histogram = || Histogram::new(exponential_buckets(0.01, 2.0, 14));
        let mut metrics = Metrics {
            registry: Registry::with_prefix("portcullis_sync"),
            leading: Gauge::default(),
            durations: Family::new_with_constructor(histogram),
            passes: Family::default(),
            refusals: Family::default(),
            written: Family::default(),
            deleted: Family::default(),
            put_back: Family::default(),
            revisions: Family::default(),
            objects: Family::default(),
            held: Mutex::default(),
            problem: Mutex::new(Some("the cluster was not asked yet".to_owned())),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let to = &mut self.registry;
        to.register(
            "leading",
            "Whether this replica holds the Lease",
            self.leading.clone(),
        );
        let name = "reconcile_duration_seconds";
        to.register(
            name,
            "How long a pass over a source took",
            self.durations.clone(),
        );
        to.register("reconciles", "Passes over a source", self.passes.clone());
        to.register(
            "refusals",
            "Commits that a check refused",
            self.refusals.clone(),
        );
        to.register(
            "objects_written",
            "Objects that were applied",
            self.written.clone(),
        );
        to.register(
            "objects_deleted",
            "Objects that were pruned",
            self.deleted.clone(),
        );
        let name = "drift_repaired";
        to.register(name, "Objects that were put back", self.put_back.clone());
        let name = "revision_info";
        to.register(
            name,
            "The commit that is in the cluster",
            self.revisions.clone(),
        );
        to.register("objects", "Objects of a source", self.objects.clone());
    }

    /// Tells whether this replica holds the Lease. One that does not knows nothing of the sources.
    pub(crate) fn lead(&self, is_leading: bool) {
        self.leading.set(i64::from(is_leading));
        if !is_leading {
            self.revisions.clear();
            self.objects.clear();
            lock(&self.held).clear();
        }
    }

    /// Tells why this replica cannot work, or that it can.
    pub(crate) fn set_problem(&self, problem: Option<String>) {
        *lock(&self.problem) = problem;
    }

    /// Why this replica cannot work.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        lock(&self.problem).clone()
    }

    /// Counts a pass.
    pub(crate) fn count(&self, pass: &Pass<'_>) {
        let source = || [("source", pass.source.to_owned())];
        let seconds = pass.took.as_secs_f64();
        self.durations.get_or_create(&source()).observe(seconds);
        let labels = [
            ("source", pass.source.to_owned()),
            ("work", pass.work.to_owned()),
            ("result", pass.result.to_owned()),
        ];
        self.passes.get_or_create(&labels).inc();
        if let Some(check) = pass.refused_by {
            let labels = [
                ("source", pass.source.to_owned()),
                ("check", check.to_owned()),
            ];
            self.refusals.get_or_create(&labels).inc();
        }
        for (family, count) in [
            (&self.written, pass.written),
            (&self.deleted, pass.deleted),
            (&self.put_back, pass.put_back),
        ] {
            let count = u64::try_from(count).unwrap_or(u64::MAX);
            family.get_or_create(&source()).inc_by(count);
        }
        if let Some((revision, objects)) = pass.holds {
            let objects = i64::try_from(objects).unwrap_or(i64::MAX);
            self.objects.get_or_create(&source()).set(objects);
            self.hold(pass.source, revision);
        }
    }

    fn hold(&self, source: &str, revision: &str) {
        let labels = |revision: &str| {
            [
                ("source", source.to_owned()),
                ("revision", revision.to_owned()),
            ]
        };
        let before = lock(&self.held).insert(source.to_owned(), revision.to_owned());
        if let Some(before) = before.filter(|before| before != revision) {
            self.revisions.remove(&labels(&before));
        }
        self.revisions.get_or_create(&labels(revision)).set(1);
    }

    /// Forgets what a source that is gone has in the cluster.
    pub(crate) fn forget(&self, source: &str) {
        self.objects.remove(&[("source", source.to_owned())]);
        if let Some(revision) = lock(&self.held).remove(source) {
            let labels = [("source", source.to_owned()), ("revision", revision)];
            self.revisions.remove(&labels);
        }
    }

    /// The counts in the text format of OpenMetrics.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing into a string does not fail.
        encode(&mut text, &self.registry).ok();
        text
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASS: Pass<'static> = Pass {
        source: "a/b",
        work: "fetch",
        result: "Synced",
        took: Duration::from_millis(30),
        refused_by: None,
        written: 3,
        deleted: 1,
        put_back: 2,
        holds: Some(("c1", 4)),
    };

    fn has(metrics: &Metrics, lines: &[&str]) {
        let text = metrics.text();
        for line in lines {
            assert!(text.lines().any(|one| one == *line), "{line}: {text}");
        }
    }

    #[test]
    fn passes_are_counted_by_source() {
        let metrics = Metrics::default();
        metrics.lead(true);
        metrics.count(&PASS);
        metrics.count(&Pass {
            work: "check",
            result: "Refused",
            refused_by: Some("prune"),
            holds: Some(("c2", 5)),
            ..PASS
        });
        has(
            &metrics,
            &[
                "portcullis_sync_leading 1",
                r#"portcullis_sync_reconcile_duration_seconds_count{source="a/b"} 2"#,
                r#"portcullis_sync_reconciles_total{source="a/b",work="fetch",result="Synced"} 1"#,
                r#"portcullis_sync_reconciles_total{source="a/b",work="check",result="Refused"} 1"#,
                r#"portcullis_sync_refusals_total{source="a/b",check="prune"} 1"#,
                r#"portcullis_sync_objects_written_total{source="a/b"} 6"#,
                r#"portcullis_sync_objects_deleted_total{source="a/b"} 2"#,
                r#"portcullis_sync_drift_repaired_total{source="a/b"} 4"#,
                r#"portcullis_sync_revision_info{source="a/b",revision="c2"} 1"#,
                r#"portcullis_sync_objects{source="a/b"} 5"#,
            ],
        );
        assert!(!metrics.text().contains("c1"), "{}", metrics.text());
        metrics.forget("a/b");
        assert!(!metrics.text().contains("c2"), "{}", metrics.text());
    }
}
