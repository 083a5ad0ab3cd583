//! The controller: every PolicySource of a cluster, and what it put there, for ever.
//!
//! Watches tell what changes: a source whose spec is new is reconciled at once, and so is one of whose
//! objects somebody changed one. Repositories are asked at the interval of their source. A source that
//! fails is tried again later and later. What a watch may have missed, a look at all sources finds.
//! Each source is reconciled on a thread of its own, and none waits for another. Nor does what others
//! change in the cluster wait for a repository.

mod counted;
mod event;
mod fetch;
mod known;
mod pass;
mod source;
mod status;
mod times;
mod told;
mod workers;

use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
    sync::Arc,
    time::{Duration, Instant},
};

use portcullis_cluster::{
    Apply, ApplyOptions, Cluster, ClusterError, ListOptions, Notices, ServedKind, Target,
};
use serde_json::Value;

use self::{
    known::{Due, Known, Outcome, Work},
    times::now,
    told::{Board, Told},
    workers::{Asked, Workers},
};
use crate::{claims::Claims, metrics::Metrics, ownership::MANAGER};

/// How often it is looked whether waiting is over.
const LOOK: Duration = Duration::from_secs(1);

/// The controller, with what it knows of each source that is not under way.
pub struct Controller {
    cluster: Arc<Cluster>,
    patience: Duration,
    known: BTreeMap<(String, String), Known>,
    board: Arc<Board>,
    watches: BTreeMap<(String, String), Notices>,
    metrics: Arc<Metrics>,
    workers: Workers,
    claims: Claims,
    /// What the watches told since some pass has been under way.
    meanwhile: Told,
    /// How often the watches were heard.
    heard: u64,
    log: Vec<Logged>,
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

impl Controller {
    /// A controller of a cluster; `patience` is how long a stage may take to be ready.
    #[must_use]
    pub fn new(cluster: &Arc<Cluster>, patience: Duration) -> Controller {
        Controller {
            cluster: Arc::clone(cluster),
            patience,
            known: BTreeMap::new(),
            board: Arc::default(),
            watches: BTreeMap::new(),
            metrics: Arc::default(),
            workers: Workers::default(),
            claims: Claims::default(),
            meanwhile: Told::default(),
            heard: 0,
            log: Vec::new(),
        }
    }

    /// Counts what it does there.
    #[must_use]
    pub fn counted(self, metrics: Arc<Metrics>) -> Controller {
        Controller { metrics, ..self }
    }

    /// Waits until there is something to do, `longest` at most, or until it is over.
    pub fn wait(&self, longest: Duration, is_over: impl Fn() -> bool) {
        let end = Instant::now() + longest;
        let now = Instant::now();
        let next = self.known.iter().filter_map(|(key, known)| {
            if self.workers.have(key) {
                return known.next_check(now);
            }
            // Where there is no room, one that is done is told of.
            let has_room = self.workers.has_room(known.has_failed());
            known.next(now).filter(|_| has_room)
        });
        let end = next.min().map_or(end, |next| next.min(end));
        while !is_over() {
            let left = end.saturating_duration_since(Instant::now());
            if self.board.wait(left.min(LOOK)) || left.is_zero() {
                return;
            }
        }
    }

    /// Looks at all sources, begins to reconcile those that are due or changed, and tells what happened to
    /// those that are done since the pass before.
    ///
    /// # Errors
    /// Where the sources cannot be listed.
    pub fn pass(&mut self) -> Result<Vec<Logged>, ClusterError> {
        self.hear();
        self.watch();
        self.begin(|_| true)?;
        Ok(mem::take(&mut self.log))
    }

    /// The same, and waits until no source is under way.
    ///
    /// # Errors
    /// Where the sources cannot be listed.
    pub fn pass_to_the_end(&mut self) -> Result<Vec<Logged>, ClusterError> {
        let mut log = self.pass()?;
        while !self.workers.are_idle() {
            self.board.wait(LOOK);
            self.hear();
            self.begin(|work| work == Work::Bring)?;
        }
        self.watch();
        log.append(&mut self.log);
        Ok(log)
    }

    /// Takes what the watches told, and what sources came to.
    fn hear(&mut self) {
        let mut told = self.board.take();
        self.log.append(&mut told.log);
        self.heard += 1;
        self.meanwhile.keep(&told, self.heard);
        for known in self.known.values_mut() {
            known.is_changed |= told.concerns(&known.seen, 0);
        }
        while let Some((due, outcome)) = self.workers.finished() {
            self.finish(&due, outcome);
            if let Some(known) = self.known.get_mut(&due.key) {
                known.is_changed |= self.meanwhile.concerns(&known.seen, due.since);
            }
        }
        if !self.workers.have_passes() {
            self.meanwhile = Told::default();
        }
    }

    /// Watches the sources, and the kinds of what they have in the cluster.
    fn watch(&mut self) {
        let mut wanted = BTreeMap::new();
        for known in self.known.values() {
            wanted.extend(known.seen.kinds().clone());
        }
        let own = policy_sources();
        wanted.insert((own.group.clone(), own.kind.clone()), own);
        self.watches.retain(|kind, _| wanted.contains_key(kind));
        for (id, kind) in wanted {
            let (cluster, board) = (&self.cluster, &self.board);
            self.watches.entry(id).or_insert_with(|| {
                let (board, told) = (Arc::clone(board), kind.clone());
                cluster.notices(&kind, move |notice| board.tell(&told, notice))
            });
        }
    }

    /// Begins what is due and wanted, of as many sources as there is room for.
    fn begin(&mut self, is_wanted: impl Fn(Work) -> bool) -> Result<(), ClusterError> {
        for mut due in self.due(is_wanted)? {
            let (workers, cluster, board) = (&mut self.workers, &self.cluster, &self.board);
            let has_room = workers.have(&due.key) || workers.has_room(due.has_failed());
            if has_room && due.work == Work::Fetch {
                workers.fetch(&due, cluster, board);
                let known = due.known.as_ref();
                due.work = known
                    .and_then(|known| known.check(Instant::now()))
                    .unwrap_or(Work::Fetch);
            }
            if has_room && due.work != Work::Fetch {
                workers.begin(due, cluster, self.patience, board);
            } else if let Some(known) = due.known {
                self.known.insert(due.key, known);
            }
        }
        Ok(())
    }

    fn due(&mut self, is_wanted: impl Fn(Work) -> bool) -> Result<Vec<Due>, ClusterError> {
        let sources = self.list()?;
        let now = Instant::now();
        let mut due = Vec::new();
        let mut there = BTreeMap::new();
        let names: BTreeSet<_> = sources.iter().map(identity).collect();
        self.workers.forget_all_but(&names);
        for object in sources {
            let key = identity(&object);
            if self.workers.have_pass(&key) {
                continue;
            }
            let mut known = self.known.remove(&key);
            let is_suspended = object.pointer("/spec/suspend") == Some(&Value::Bool(true));
            if let Some(known) = &mut known {
                known.is_suspended = is_suspended;
            }
            let generation = generation(&object);
            let mut asked = self.workers.asked(&key, generation);
            if let (Asked::Answered, Some(known)) = (&asked, &mut known)
                && let Some(commit) = self.workers.answered(&key)
                && known.passes_over(&commit, &object, now)
            {
                self.workers.forget(&key);
                asked = Asked::No;
            }
            let work = match (asked, &known) {
                (Asked::Answered, _) => Some(Work::Bring),
                (Asked::GoesOn, known) => known.as_ref().and_then(|known| known.check(now)),
                (Asked::No, Some(known)) => known.work(generation, now),
                (Asked::No, None) => Some(Work::Fetch),
            };
            let work = work.filter(|work| !is_suspended && is_wanted(*work));
            match (work, known) {
                (Some(work), known) => due.push(Due {
                    key,
                    object,
                    known,
                    work,
                    claims: self.claims.clone(),
                    since: self.heard + 1,
                }),
                (None, Some(known)) => {
                    there.insert(key, known);
                }
                (None, None) => {}
            }
        }
        // What is known of sources that are gone goes with them.
        for (namespace, name) in self.known.keys() {
            self.metrics.forget(&format!("{namespace}/{name}"));
        }
        self.known = there;
        Ok(due)
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

    /// Writes status and Events, where they say something new, and when the source is due again.
    fn finish(&mut self, due: &Due, outcome: Outcome) {
        let name = format!("{}/{}", due.key.0, due.key.1);
        let object = &due.object;
        counted::count(&self.metrics, &name, due, &outcome);
        for event in event::of(object, &outcome) {
            self.log.push(Logged {
                source: name.clone(),
                reason: event.reason,
                message: event.message.clone(),
            });
            let written = event.write(&self.cluster, object);
            self.log
                .extend(written.err().map(|error| not_written(&name, &error)));
        }
        // A source that is only checked stays failed, until its next commit is tried; and of a spec that
        // is new nothing is said until it is fetched.
        let is_kept = due.known.as_ref().is_some_and(|known| {
            let is_failed = known.has_failed() && outcome.result.is_ok();
            let is_new = known.generation != generation(object);
            due.work == Work::Check && (is_failed || is_new)
        });
        if let Some(status) = status::of(object, &outcome, &now()).filter(|_| !is_kept) {
            let written = self.write_status(&due.key, &status);
            self.log
                .extend(written.err().map(|error| not_written(&name, &error)));
        }
        self.known
            .insert(due.key.clone(), Known::after(due, outcome));
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

fn not_written(source: &str, error: &ClusterError) -> Logged {
    Logged {
        source: source.to_owned(),
        reason: "StatusNotWritten",
        message: error.to_string(),
    }
}

/// The kind that is reconciled.
#[must_use]
pub fn policy_sources() -> ServedKind {
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
