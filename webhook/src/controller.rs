//! The webhook on a cluster: what it serves is what the cluster has.
//!
//! ```text
//! watches → objects → compiled → served
//!         → world (namespaces, roles)
//! ```
//!
//! Changes that come together are compiled together; requests are answered by the version before
//! until the next one is whole.

mod bindings;
mod certificate;
mod definitions;
mod objects;
mod options;
mod scans;
mod secrets;
mod status;
mod watches;
mod world;
mod writer;

pub use self::options::Options;
pub(crate) use self::writer::is_named;

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::Arc,
    time::Duration,
};

use portcullis_cluster::{Cluster, ClusterError, Discovery, Lease, Watch, WatchEvent};
use serde_json::Value;
use tokio::{
    sync::{mpsc, watch},
    task,
    time::{self, Instant},
};

use self::{
    definitions::Definitions,
    objects::Objects,
    scans::Scans,
    watches::About,
    world::ClusterWorld,
    writer::{Compiled, Writer},
};
use crate::{
    configuration::Configuration,
    log::{Level, Log},
    reports::{self, Reporter},
    served::Served,
};

/// How long changes are gathered before they are compiled.
const GATHER: Duration = Duration::from_millis(100);

/// How long it takes to the next try, where the cluster does not say what it serves.
const RETRY: Duration = Duration::from_secs(2);

/// How long it takes to the second look at what the cluster serves, which it may say later than that a
/// definition is there; with each further look it doubles.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// How often it is looked although no definition has changed.
const LOOK: Duration = Duration::from_secs(60);

/// How long after the start kinds of policies that are defined are waited for, in case one is never served.
const UNSERVED: Duration = Duration::from_secs(30);

/// How many events may wait.
const WAITING: usize = 1024;

/// Keeps what is served in step with a cluster.
pub struct Controller {
    cluster: Arc<Cluster>,
    world: Arc<ClusterWorld>,
    served: Arc<Served>,
    log: Arc<Log>,
    objects: Objects,
    /// The watches, by what they are about.
    watches: BTreeMap<String, (About, Watch)>,
    /// The watches that have not told all that there is yet.
    unlisted: BTreeSet<String>,
    /// The watches that broke off, and have told nothing since.
    broken: BTreeSet<String>,
    definitions: Definitions,
    /// Until when kinds of policies are waited for.
    patience: Instant,
    /// Whether policies are not compiled before the cluster says that it serves their kinds.
    awaits_kinds: bool,
    /// When it is looked what the cluster serves, and how long it then takes to the next look.
    look: (Instant, Duration),
    events: mpsc::Receiver<(About, WatchEvent)>,
    to: mpsc::Sender<(About, WatchEvent)>,
    is_ready: watch::Sender<bool>,
    compiled: watch::Sender<Arc<Compiled>>,
    options: Options,
    /// What has changed since the last compilation.
    changed: Changed,
}

#[derive(Debug, Default)]
struct Changed {
    policies: bool,
    statuses: bool,
    since: Option<Instant>,
}

impl Controller {
    /// A controller of a cluster, which must say what it serves.
    ///
    /// # Errors
    /// Where it does not.
    pub fn new(
        cluster: Arc<Cluster>,
        log: Arc<Log>,
        options: Options,
    ) -> Result<Controller, ClusterError> {
        let discovery = Arc::new(Discovery::of(&cluster)?);
        let world = Arc::new(ClusterWorld::new(Arc::clone(&cluster), discovery));
        let mut objects = Objects::new(options.exceptions());
        let shared: Arc<ClusterWorld> = Arc::clone(&world);
        let served = Arc::new(Served::new(objects.compile(), shared));
        let (to, events) = mpsc::channel(WAITING);
        Ok(Controller {
            cluster,
            world,
            served,
            log,
            objects,
            watches: BTreeMap::new(),
            unlisted: BTreeSet::new(),
            broken: BTreeSet::new(),
            definitions: Definitions::default(),
            patience: Instant::now() + UNSERVED,
            awaits_kinds: false,
            look: (Instant::now() + LOOK, LOOK),
            events,
            to,
            is_ready: watch::Sender::new(false),
            compiled: watch::Sender::new(Arc::default()),
            options,
            changed: Changed::default(),
        })
    }

    /// What is served: nothing at first.
    #[must_use]
    pub fn served(&self) -> Arc<Served> {
        Arc::clone(&self.served)
    }

    /// Whether all policies of the cluster are served.
    #[must_use]
    pub fn is_ready(&self) -> watch::Receiver<bool> {
        self.is_ready.subscribe()
    }

    /// The certificate that all replicas share, which is made where there is none.
    pub(crate) async fn certificate(&self) -> io::Result<certificate::Kept> {
        let (cluster, log) = (Arc::clone(&self.cluster), Arc::clone(&self.log));
        certificate::Kept::first(cluster, self.options.secrets(), log).await
    }

    /// Who writes what the cluster is to know, when it is the turn of this replica.
    pub(crate) fn writer(&self, authority: watch::Receiver<String>) -> (Writer, Lease) {
        let lease = Lease::hold(&self.cluster, self.options.lease());
        let writer = Writer {
            cluster: Arc::clone(&self.cluster),
            world: Arc::clone(&self.world),
            served: Arc::clone(&self.served),
            log: Arc::clone(&self.log),
            client: self.options.client(),
            namespace: self.options.namespace.clone(),
            compiled: self.compiled.subscribe(),
            authority,
            turn: lease.is_held(),
        };
        (writer, lease)
    }

    /// Who scans the objects that there are, when it is the turn of this replica.
    pub(crate) fn scans(&self, reporter: &Reporter, turn: watch::Receiver<bool>) -> Scans {
        Scans {
            served: Arc::clone(&self.served),
            writer: reports::Writer::new(Arc::clone(&self.cluster)),
            events: reporter.events(),
            log: Arc::clone(&self.log),
            compiled: self.compiled.subscribe(),
            turn,
        }
    }

    /// Who reports what requests are answered; none where reports are off.
    pub(crate) fn reporter(&self) -> Option<Reporter> {
        let writer = || reports::Writer::new(Arc::clone(&self.cluster));
        let start = || Reporter::start(Arc::clone(&self.served), writer(), Arc::clone(&self.log));
        (!self.options.without_reports).then(start)
    }

    /// Follows the cluster without end.
    ///
    /// # Errors
    /// Where a thread ends that compiles.
    pub async fn run(mut self) -> io::Result<()> {
        self.watch_surroundings();
        self.watch_policies();
        self.changed.note(|changed| changed.policies = true);
        loop {
            let until = self.changed.since.map(|since| since + GATHER);
            tokio::select! {
                event = self.events.recv() => match event {
                    Some((about, event)) => self.take(about, event),
                    None => return Ok(()),
                },
                () = wait(until) => self.follow().await?,
                () = time::sleep_until(self.look.0) => self.discover().await?,
            }
        }
    }

    fn take(&mut self, about: About, event: WatchEvent) {
        let name = about.name();
        if !self.watches.contains_key(&name) {
            return;
        }
        if let WatchEvent::Failed(why) = &event {
            let fields = [
                ("watch", Value::from(name.as_str())),
                ("error", Value::from(why.as_str())),
            ];
            self.log.line(
                Level::Warning,
                "watch broke off; it is tried again",
                &fields,
            );
        }
        match event {
            WatchEvent::Failed(_) => drop(self.broken.insert(name.clone())),
            _ => drop(self.broken.remove(&name)),
        }
        if event == WatchEvent::Listed && self.unlisted.remove(&name) {
            self.changed.note(|changed| changed.policies = true);
        }
        match about {
            About::Policies(kind) => {
                let is_applied = matches!(event, WatchEvent::Applied(_));
                if self.objects.take(&kind, event) {
                    self.changed.note(|changed| changed.policies = true);
                } else if is_applied {
                    self.changed.note(|changed| changed.statuses = true);
                }
            }
            About::Namespaces => self.world.take_namespace(event),
            About::Bindings(kind) => self.world.take_binding(kind, event),
            About::Configuration => self.configure(event),
            About::Definitions => {
                self.definitions.take(&event);
                if matches!(event, WatchEvent::Applied(_) | WatchEvent::Deleted(_)) {
                    self.look = (Instant::now() + GATHER, LOOK_AGAIN);
                }
            }
        }
    }

    /// Takes what the ConfigMap says; the last one that could be read stays where the next cannot.
    fn configure(&mut self, event: WatchEvent) {
        let configuration = match event {
            WatchEvent::Applied(object) => Configuration::from_config_map(&object),
            WatchEvent::Deleted(_) => Ok(Configuration::default()),
            _ => return,
        };
        match configuration {
            Ok(configuration) => {
                if !configuration.without_effect.is_empty() {
                    let fields = [("keys", Value::from(configuration.without_effect.clone()))];
                    let message = "these keys of the configuration change nothing";
                    self.log.line(Level::Warning, message, &fields);
                }
                self.served.configure(configuration);
                self.changed.note(|changed| changed.policies = true);
            }
            Err(error) => {
                let fields = [("error", Value::from(error.to_string()))];
                self.log.line(
                    Level::Error,
                    "configuration refused; the one before stays",
                    &fields,
                );
            }
        }
    }

    /// Does what changes ask for.
    async fn follow(&mut self) -> io::Result<()> {
        let changed = std::mem::take(&mut self.changed);
        self.awaits_kinds = self.lacks_kinds();
        let is_told = self.unlisted.is_empty() && !self.awaits_kinds;
        if changed.policies && is_told {
            self.compile().await?;
        } else if changed.statuses && *self.is_ready.borrow() {
            self.publish();
        }
        if changed.policies && !is_told {
            // The last watch that has told all asks for the next compilation, or the look that finds the
            // last kind.
            self.changed.policies = true;
        }
        Ok(())
    }

    /// Whether kinds of policies are defined that the cluster does not serve yet.
    fn lacks_kinds(&self) -> bool {
        let discovery = self.world.discovery();
        Instant::now() < self.patience && self.definitions.are_ahead_of(&discovery)
    }

    /// Looks what the cluster serves: kinds of policies are watched, and objects of new kinds are asked
    /// about.
    async fn discover(&mut self) -> io::Result<()> {
        let cluster = Arc::clone(&self.cluster);
        let (now, after) = (Instant::now(), self.look.1);
        match task::spawn_blocking(move || Discovery::of(&cluster)).await? {
            Ok(discovery) => {
                self.look = (now + after, (after * 2).min(LOOK));
                let before = self.world.discovery();
                // Policies and the kinds that they are about are not given up for what is only late.
                let discovery = discovery.with_missing(&before, |kind| self.definitions.have(kind));
                let is_other = *before != discovery;
                if is_other {
                    self.world.serves(Arc::new(discovery));
                }
                self.watch_policies();
                if self.awaits_kinds && !self.lacks_kinds() {
                    self.changed.note(|changed| changed.policies = true);
                }
                if is_other && *self.is_ready.borrow() {
                    self.publish();
                }
            }
            Err(error) => {
                let fields = [("error", Value::from(error.to_string()))];
                self.log.line(
                    Level::Warning,
                    "the cluster does not say what it serves",
                    &fields,
                );
                self.look = (now + RETRY, LOOK_AGAIN);
            }
        }
        Ok(())
    }

    /// Tells the writer what is served, and what is to be said of it.
    fn publish(&self) {
        self.compiled.send_replace(Arc::new(self.objects.judged()));
    }

    /// Compiles all, which takes a thread of its own, and swaps what is served.
    async fn compile(&mut self) -> io::Result<()> {
        let mut objects = std::mem::take(&mut self.objects);
        let (objects, policies) = task::spawn_blocking(move || {
            let policies = objects.compile();
            (objects, policies)
        })
        .await?;
        self.objects = objects;
        let count = policies.count();
        self.served.swap(policies);
        for (id, problem) in self.objects.problems() {
            let fields = [
                ("policy", Value::from(id)),
                ("problem", Value::from(problem)),
            ];
            self.log
                .line(Level::Error, "policy not served as it is written", &fields);
        }
        self.log
            .line(Level::Info, "policies", &[("count", Value::from(count))]);
        self.publish();
        self.is_ready.send_replace(true);
        Ok(())
    }
}

impl Changed {
    /// Notes a change; what has come first says when it is looked at.
    fn note(&mut self, change: impl FnOnce(&mut Changed)) {
        change(self);
        self.since.get_or_insert_with(Instant::now);
    }
}

async fn wait(until: Option<Instant>) {
    match until {
        Some(until) => time::sleep_until(until).await,
        None => std::future::pending().await,
    }
}
