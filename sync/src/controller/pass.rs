//! One pass over a source: what it wants is fetched, judged and brought into the cluster.

use std::{sync::Arc, time::Duration};

use portcullis_api::{policy_source::PolicySource, read::read};
use portcullis_cluster::Cluster;

use super::{
    generation,
    known::{Due, Known, Outcome, Work},
    source,
    times::unix_nanoseconds,
    workers::{Gate, Pass},
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

    /// Does what is to be done; nothing once the gate is closed. Only fetching is done outside of it: a
    /// server may take long to answer.
    pub(super) fn run(
        &self,
        cluster: &Cluster,
        patience: Duration,
        gate: &Gate,
    ) -> Option<Outcome> {
        let known = self.known.as_ref();
        let applied = known.and_then(|known| known.applied.clone());
        if let (Work::Check, Some(applied)) = (self.work, &applied) {
            let _inside = self.enter(gate)?;
            return Some(self.apply(cluster, patience, applied, Some(applied)));
        }
        let mut outcome = self.fetched(cluster, patience, applied.as_deref(), gate)?;
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

    /// Fetches, judges and applies. A commit that passed the gate is not judged again.
    fn fetched(
        &self,
        cluster: &Cluster,
        patience: Duration,
        applied: Option<&Revision>,
        gate: &Gate,
    ) -> Option<Outcome> {
        let source = match self.source(cluster) {
            Ok(source) => source,
            Err(error) => return Some(Outcome::failed(error)),
        };
        let download = match download(&source) {
            Ok(download) => download,
            Err(error) => return Some(Outcome::failed(error.into())),
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
        let checkout = match download.checkout() {
            Ok(checkout) => checkout,
            Err(error) => return Outcome::failed(error.into()),
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

    fn source(&self, cluster: &Cluster) -> Result<Source, SyncError> {
        let wanted: PolicySource =
            read(&self.object).map_err(|error| SyncError::Spec(error.to_string()))?;
        source::of(cluster, &wanted)
    }

    /// What was applied last, from the repository: after a start it is known by its commit only.
    fn applied_before(&self, cluster: &Cluster, gate: &Gate) -> Option<Revision> {
        let source = self.source(cluster).ok()?;
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
