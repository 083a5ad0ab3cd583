//! The controller: every PolicySource of a cluster, again and again.
//!
//! It looks at all sources every few seconds, and reconciles those that are due: whose interval is
//! over, or whose spec changed. A source that fails is tried again later and later. A list has no
//! watch that can break: an API server that goes away and comes back is met by the next look.

mod event;
mod source;
mod status;
mod times;

use std::{
    collections::BTreeMap,
    thread,
    time::{Duration, Instant},
};

use portcullis_api::{policy_source::PolicySource, read::read};
use portcullis_cluster::{
    Apply, ApplyOptions, Cluster, ClusterError, ListOptions, ServedKind, Target,
};
use serde_json::Value;

use self::times::{now, retry, unix_nanoseconds};
use crate::{
    inventory::Inventory,
    ownership::MANAGER,
    plan::Plan,
    reconcile::{self, Options},
    revision::{self, Revision},
    source::fetch,
    sync_error::SyncError,
};

/// How many sources are reconciled at a time.
const AT_A_TIME: usize = 4;
/// The controller, with what it knows of each source.
pub struct Controller<'a> {
    cluster: &'a Cluster,
    patience: Duration,
    known: BTreeMap<(String, String), Known>,
}

/// What is known of a source from the pass before.
#[derive(Clone)]
struct Known {
    generation: Option<i64>,
    due: Instant,
    failures: u32,
    /// What the commit wants, which passed the gate.
    revision: Option<Revision>,
}

/// What a pass over a source came to.
struct Outcome {
    attempted: Option<String>,
    revision: Option<Revision>,
    result: Result<(Plan, Inventory), SyncError>,
}

/// A line for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// The source; empty where it is about none.
    pub source: String,
    /// A word for machines.
    pub reason: &'static str,
    /// What happened.
    pub message: String,
}

impl<'a> Controller<'a> {
    /// A controller of a cluster; `patience` is how long a stage may take to be ready.
    #[must_use]
    pub fn new(cluster: &'a Cluster, patience: Duration) -> Controller<'a> {
        Controller {
            cluster,
            patience,
            known: BTreeMap::new(),
        }
    }

    /// Looks at all sources, reconciles those that are due, and tells what happened.
    ///
    /// # Errors
    /// Where the sources cannot be listed.
    pub fn pass(&mut self) -> Result<Vec<Logged>, ClusterError> {
        let sources = self.list()?;
        let now = Instant::now();
        let mut due = Vec::new();
        let mut there = BTreeMap::new();
        for object in sources {
            let key = identity(&object);
            let known = self.known.remove(&key);
            let generation = generation(&object);
            let is_suspended = object.pointer("/spec/suspend") == Some(&Value::Bool(true));
            let is_due = known
                .as_ref()
                .is_none_or(|known| known.due <= now || known.generation != generation);
            if is_due && !is_suspended {
                due.push((object, known));
            } else if let Some(known) = known {
                there.insert(key, known);
            }
        }
        // What is known of sources that are gone goes with them.
        self.known = there;
        let mut log = Vec::new();
        for some in due.chunks(AT_A_TIME) {
            let outcomes = self.reconcile_all(some);
            for ((object, known), outcome) in some.iter().zip(outcomes) {
                log.extend(self.finish(object, known.as_ref(), outcome));
            }
        }
        Ok(log)
    }

    fn list(&self) -> Result<Vec<Value>, ClusterError> {
        let options = ListOptions {
            namespace: None,
            cluster_wide: true,
            batch_size: 500,
            continue_on_error: false,
        };
        let mut sources = Vec::new();
        let errors = self.cluster.list(&[policy_sources()], &options, |page| {
            sources.extend(page.objects);
        });
        match errors.into_iter().next() {
            Some(error) => Err(error),
            None => Ok(sources),
        }
    }

    fn reconcile_all(&self, some: &[(Value, Option<Known>)]) -> Vec<Outcome> {
        thread::scope(|scope| {
            let passes: Vec<_> = some
                .iter()
                .map(|(object, known)| {
                    let generation = generation(object);
                    let known = known
                        .as_ref()
                        .filter(|known| known.generation == generation);
                    let known = known.and_then(|known| known.revision.as_ref());
                    scope.spawn(move || self.reconcile(object, known))
                })
                .collect();
            passes
                .into_iter()
                .map(|pass| pass.join().unwrap_or_else(|_| Outcome::failed(broken())))
                .collect()
        })
    }

    /// One pass over a source. A commit that passed the gate is not judged again.
    fn reconcile(&self, object: &Value, known: Option<&Revision>) -> Outcome {
        let policy_source: PolicySource = match read(object) {
            Ok(source) => source,
            Err(error) => return Outcome::failed(SyncError::Spec(error.to_string())),
        };
        let source = match source::of(self.cluster, &policy_source) {
            Ok(source) => source,
            Err(error) => return Outcome::failed(error),
        };
        let checkout = match fetch(&source) {
            Ok(checkout) => checkout,
            Err(error) => return Outcome::failed(error.into()),
        };
        let attempted = Some(checkout.commit.clone());
        let revision = match known.filter(|known| known.commit == checkout.commit) {
            Some(known) => Ok(known.clone()),
            None => revision::read(&source, &checkout, unix_nanoseconds()),
        };
        let revision = match revision {
            Ok(revision) => revision,
            Err(findings) => {
                let commit = checkout.commit.clone();
                let error = SyncError::Gate { commit, findings };
                return Outcome {
                    attempted,
                    ..Outcome::failed(error)
                };
            }
        };
        let options = Options {
            source: source.name,
            namespace: policy_source.metadata.namespace.unwrap_or_default(),
            patience: self.patience,
            plan_only: false,
        };
        Outcome {
            attempted,
            result: reconcile::reconcile(self.cluster, &revision, &options),
            revision: Some(revision),
        }
    }

    /// Writes status and Events, where they say something new, and when the source is due again.
    fn finish(&mut self, object: &Value, known: Option<&Known>, outcome: Outcome) -> Vec<Logged> {
        let key = identity(object);
        let name = format!("{}/{}", key.0, key.1);
        let failures = match &outcome.result {
            Ok(_) => 0,
            Err(_) => known.map_or(0, |known| known.failures) + 1,
        };
        let wait = match failures {
            0 => source::interval(object),
            failures => retry(failures),
        };
        let told = event::of(object, &outcome);
        let mut log: Vec<Logged> = told
            .iter()
            .map(|event| Logged {
                source: name.clone(),
                reason: event.reason,
                message: event.message.clone(),
            })
            .collect();
        for event in &told {
            let written = event.write(self.cluster, object);
            log.extend(written.err().map(|error| not_written(&name, &error)));
        }
        if let Some(status) = status::of(object, &outcome, &now()) {
            let written = self.write_status(&key, &status);
            log.extend(written.err().map(|error| not_written(&name, &error)));
        }
        let known = Known {
            generation: generation(object),
            due: Instant::now() + wait,
            failures,
            revision: outcome.revision,
        };
        self.known.insert(key, known);
        log
    }

    fn write_status(&self, key: &(String, String), status: &Value) -> Result<(), ClusterError> {
        let kind = policy_sources();
        let object = serde_json::json!({
            "apiVersion": kind.api_version(),
            "kind": kind.kind,
            "metadata": {"namespace": key.0, "name": key.1},
            "status": status,
        });
        let apply = Apply {
            target: Target {
                kind: &kind,
                namespace: &key.0,
                name: &key.1,
            },
            object: &object,
        };
        let options = ApplyOptions {
            manager: MANAGER,
            dry_run: false,
        };
        self.cluster.apply_status(&apply, &options).map(drop)
    }
}

impl Outcome {
    fn failed(error: SyncError) -> Outcome {
        Outcome {
            attempted: None,
            revision: None,
            result: Err(error),
        }
    }
}

fn broken() -> SyncError {
    SyncError::Spec("the pass over this source ended before it was done".to_owned())
}

fn not_written(source: &str, error: &ClusterError) -> Logged {
    Logged {
        source: source.to_owned(),
        reason: "StatusNotWritten",
        message: error.to_string(),
    }
}

/// The kind that is reconciled.
fn policy_sources() -> ServedKind {
    ServedKind {
        group: "portcullis.io".to_owned(),
        version: "v1alpha1".to_owned(),
        kind: "PolicySource".to_owned(),
        resource: "policysources".to_owned(),
        namespaced: true,
        verbs: Vec::new(),
        subresources: vec!["status".to_owned()],
    }
}

fn identity(object: &Value) -> (String, String) {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    let owned = |text: Option<&str>| text.unwrap_or_default().to_owned();
    (
        owned(text("/metadata/namespace")),
        owned(text("/metadata/name")),
    )
}

fn generation(object: &Value) -> Option<i64> {
    object
        .pointer("/metadata/generation")
        .and_then(Value::as_i64)
}
