//! One pass over a source: what was fetched is judged and brought into the cluster, or what was applied
//! last is put back.

use std::{sync::Arc, time::Duration};

use portcullis_cluster::Cluster;

use super::{
    fetch::{Fetched, source_of},
    generation,
    known::{Due, Known, Outcome},
    times::unix_nanoseconds,
    workers::{Gate, Pass, broken},
};
use crate::{
    reconcile::{self, Done, Options},
    revision::{self, Revision},
    source::{Download, Source, download},
    store::Store,
    sync_error::SyncError,
};

impl Due {
    /// Whether the pass before failed.
    pub(super) fn has_failed(&self) -> bool {
        self.known.as_ref().is_some_and(Known::has_failed)
    }

    /// Brings in what was fetched, or puts back what was applied last; nothing once the gate is closed.
    pub(super) fn run(
        &self,
        fetched: Option<Fetched>,
        cluster: &Cluster,
        patience: Duration,
        gate: &Gate,
    ) -> Option<Outcome> {
        let known = self.known.as_ref();
        let applied = known.and_then(|known| known.applied.clone());
        let Some(fetched) = fetched else {
            let Some(applied) = applied else {
                return Some(Outcome::failed(broken()));
            };
            let _inside = self.enter(gate)?;
            return Some(self.apply(cluster, patience, &applied, Some(&applied)));
        };
        let mut outcome = self.brought(fetched, cluster, patience, applied.as_deref(), gate)?;
        if outcome.result.is_err() && is_about_the_revision(&outcome.result) {
            // The last good revision stays in the cluster, whatever others do to it.
            let applied = applied.or_else(|| self.applied_before(cluster, gate).map(Arc::new));
            if let Some(applied) = applied {
                let _inside = self.enter(gate)?;
                let held = self.apply(cluster, patience, &applied, Some(&applied));
                outcome.held = held.result.ok();
                outcome.applied = Some(applied);
            }
        }
        Some(outcome)
    }

    fn enter<'g>(&self, gate: &'g Gate) -> Option<Pass<'g>> {
        gate.enter(self.has_failed())
    }

    /// Judges and applies. A commit that passed the gate is not judged again.
    fn brought(
        &self,
        fetched: Fetched,
        cluster: &Cluster,
        patience: Duration,
        applied: Option<&Revision>,
        gate: &Gate,
    ) -> Option<Outcome> {
        let (source, download) = match fetched.answer {
            Ok(answer) => answer,
            Err(error) => return Some(Outcome::failed(error)),
        };
        let _inside = self.enter(gate)?;
        Some(self.judged(cluster, patience, applied, &source, download))
    }

    fn judged(
        &self,
        cluster: &Cluster,
        patience: Duration,
        applied: Option<&Revision>,
        source: &Source,
        download: Download,
    ) -> Outcome {
        let attempted = download.commit().ok();
        let checkout = match download.checkout() {
            Ok(checkout) => checkout,
            Err(error) => {
                return Outcome {
                    attempted,
                    ..Outcome::failed(error.into())
                };
            }
        };
        let known = self.known.as_ref();
        let known = known.filter(|known| known.generation == generation(&self.object));
        let known = known.and_then(|known| known.revision.clone());
        let revision = match known.filter(|known| known.commit == checkout.commit) {
            Some(known) => Ok(known),
            None => revision::read(source, &checkout, unix_nanoseconds()).map(Arc::new),
        };
        match revision {
            Ok(revision) => self.apply(cluster, patience, &revision, applied),
            Err(findings) => {
                let commit = checkout.commit.clone();
                let error = SyncError::Gate { commit, findings };
                Outcome {
                    attempted: Some(checkout.commit.clone()),
                    ..Outcome::failed(error)
                }
            }
        }
    }

    /// What was applied last, from the repository: after a start it is known by its commit only.
    fn applied_before(&self, cluster: &Cluster, gate: &Gate) -> Option<Revision> {
        let source = source_of(cluster, &self.object).ok()?;
        let store = Store::new(cluster, &self.key.0, &source.name);
        let commit = store.read().ok()?.commit;
        if commit.is_empty() {
            return None;
        }
        let source = Source {
            revision: Some(commit),
            ..source
        };
        let download = download(&source).ok()?;
        let _inside = self.enter(gate)?;
        let checkout = download.checkout().ok()?;
        revision::read(&source, &checkout, unix_nanoseconds()).ok()
    }

    fn apply(
        &self,
        cluster: &Cluster,
        patience: Duration,
        revision: &Arc<Revision>,
        before: Option<&Revision>,
    ) -> Outcome {
        let options = Options {
            source: format!("{}/{}", self.key.0, self.key.1),
            namespace: self.key.0.clone(),
            patience,
            plan_only: false,
            claims: self.claims.clone(),
        };
        let result = reconcile::reconcile(cluster, revision, before, &options);
        Outcome {
            attempted: Some(revision.commit.clone()),
            applied: result.is_ok().then(|| Arc::clone(revision)),
            revision: Some(Arc::clone(revision)),
            result,
            held: None,
            took: Duration::ZERO,
        }
    }
}

/// Whether a revision, or the way to it, is at fault, and not the cluster.
fn is_about_the_revision(result: &Result<Done, SyncError>) -> bool {
    matches!(
        result,
        Err(SyncError::Source(_)
            | SyncError::Gate { .. }
            | SyncError::Allowance { .. }
            | SyncError::Refused { .. }
            | SyncError::Spec(_)
            | SyncError::Object { .. }
            | SyncError::Terminating { .. })
    )
}
