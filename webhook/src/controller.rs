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
mod objects;
mod world;

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::Arc,
    time::Duration,
};

use portcullis_cluster::{
    Cluster, ClusterError, Discovery, ServedKind, Watch, WatchEvent, WatchOptions,
};
use portcullis_engine::load;
use serde_json::{Value, json};
use tokio::{
    sync::{mpsc, watch},
    task,
    time::{self, Instant},
};

use self::{objects::Objects, world::ClusterWorld};
use crate::{
    log::{Level, Log},
    served::Served,
};

/// How long changes are gathered before they are compiled.
const GATHER: Duration = Duration::from_millis(100);

/// How long it takes to the next try, where the cluster does not say what it serves.
const RETRY: Duration = Duration::from_secs(2);

/// How many events may wait.
const WAITING: usize = 1024;

const ROLES: &str = "rbac.authorization.k8s.io";

/// What a watch is about.
#[derive(Clone, Debug)]
enum About {
    /// Policies or exceptions of a kind.
    Policies(Arc<ServedKind>),
    Namespaces,
    /// Bindings of roles, of this kind.
    Bindings(&'static str),
    /// What the cluster serves.
    Definitions,
}

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
    events: mpsc::Receiver<(About, WatchEvent)>,
    to: mpsc::Sender<(About, WatchEvent)>,
    is_ready: watch::Sender<bool>,
    /// What has changed since the last compilation.
    changed: Changed,
}

#[derive(Debug, Default)]
struct Changed {
    policies: bool,
    definitions: bool,
    since: Option<Instant>,
}

impl Controller {
    /// A controller of a cluster, which must say what it serves.
    ///
    /// # Errors
    /// Where it does not.
    pub fn new(cluster: Arc<Cluster>, log: Arc<Log>) -> Result<Controller, ClusterError> {
        let discovery = Arc::new(Discovery::of(&cluster)?);
        let world = Arc::new(ClusterWorld::new(Arc::clone(&cluster), discovery));
        let mut objects = Objects::default();
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
            events,
            to,
            is_ready: watch::Sender::new(false),
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
            }
        }
    }

    fn watch_surroundings(&mut self) {
        let namespaces = kind(("", "Namespace", "namespaces"), false);
        self.watch(About::Namespaces, &WatchOptions::all(namespaces));
        let bindings = kind((ROLES, "RoleBinding", "rolebindings"), true);
        self.watch(About::Bindings("RoleBinding"), &WatchOptions::all(bindings));
        let bindings = kind((ROLES, "ClusterRoleBinding", "clusterrolebindings"), false);
        let options = WatchOptions::all(bindings);
        self.watch(About::Bindings("ClusterRoleBinding"), &options);
        let definitions = (
            "apiextensions.k8s.io",
            "CustomResourceDefinition",
            "customresourcedefinitions",
        );
        let definitions = WatchOptions {
            metadata_only: true,
            ..WatchOptions::all(kind(definitions, false))
        };
        self.watch(About::Definitions, &definitions);
    }

    /// Watches each kind of policy that the cluster serves, and no other any more.
    fn watch_policies(&mut self) {
        let kinds = self.world.discovery().listed(is_policy);
        let wanted: Vec<About> = kinds
            .into_iter()
            .map(|kind| About::Policies(Arc::new(kind)))
            .collect();
        let names: BTreeSet<String> = wanted.iter().map(About::name).collect();
        let is_gone = |name: &String, about: &About| {
            matches!(about, About::Policies(_)) && !names.contains(name)
        };
        let gone = self.watches.iter();
        let gone: Vec<About> = gone
            .filter(|(name, (about, _))| is_gone(name, about))
            .map(|(_, (about, _))| about.clone())
            .collect();
        for about in gone {
            let name = about.name();
            self.watches.remove(&name);
            self.unlisted.remove(&name);
            if let About::Policies(kind) = &about {
                self.changed.policies |= self.objects.forget(kind);
            }
        }
        for about in wanted {
            if let (About::Policies(kind), false) =
                (&about, self.watches.contains_key(&about.name()))
            {
                let options = WatchOptions::all(kind.as_ref().clone());
                self.watch(about, &options);
            }
        }
    }

    fn watch(&mut self, about: About, options: &WatchOptions) {
        let name = about.name();
        let watch = self.cluster.watch(options, about.clone(), self.to.clone());
        self.unlisted.insert(name.clone());
        self.watches.insert(name, (about, watch));
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
        if event == WatchEvent::Listed && self.unlisted.remove(&name) {
            self.changed.note(|changed| changed.policies = true);
        }
        match about {
            About::Policies(kind) => {
                if self.objects.take(&kind, event) {
                    self.changed.note(|changed| changed.policies = true);
                }
            }
            About::Namespaces => self.world.take_namespace(event),
            About::Bindings(kind) => self.world.take_binding(kind, event),
            About::Definitions => {
                if matches!(event, WatchEvent::Applied(_) | WatchEvent::Deleted(_)) {
                    self.changed.note(|changed| changed.definitions = true);
                }
            }
        }
    }

    /// Does what changes ask for.
    async fn follow(&mut self) -> io::Result<()> {
        let changed = std::mem::take(&mut self.changed);
        if changed.definitions {
            self.discover().await?;
        }
        if (changed.policies || self.changed.policies) && self.unlisted.is_empty() {
            self.changed.policies = false;
            self.compile().await?;
        } else if changed.policies {
            // The last watch that has told all asks for the next compilation.
            self.changed.policies = true;
        }
        Ok(())
    }

    async fn discover(&mut self) -> io::Result<()> {
        let cluster = Arc::clone(&self.cluster);
        match task::spawn_blocking(move || Discovery::of(&cluster)).await? {
            Ok(discovery) => {
                self.world.serves(Arc::new(discovery));
                self.watch_policies();
            }
            Err(error) => {
                let fields = [("error", Value::from(error.to_string()))];
                self.log.line(
                    Level::Warning,
                    "the cluster does not say what it serves",
                    &fields,
                );
                self.changed.definitions = true;
                self.changed.since = Some(Instant::now() + RETRY);
            }
        }
        Ok(())
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

impl About {
    fn name(&self) -> String {
        match self {
            About::Policies(kind) => format!("{} {}", kind.api_version(), kind.kind),
            About::Namespaces => "namespaces".to_owned(),
            About::Bindings(kind) => (*kind).to_owned(),
            About::Definitions => "definitions".to_owned(),
        }
    }
}

/// A kind by its group, name and resource, as each cluster has it.
fn kind((group, kind, resource): (&str, &str, &str), namespaced: bool) -> ServedKind {
    ServedKind {
        group: group.to_owned(),
        version: "v1".to_owned(),
        kind: kind.to_owned(),
        resource: resource.to_owned(),
        namespaced,
        verbs: Vec::new(),
        subresources: Vec::new(),
    }
}

/// Whether a kind is one of policies or exceptions that are answered here; admission policies of
/// the API server are its own.
fn is_policy(kind: &ServedKind) -> bool {
    let is_ours = matches!(kind.group.as_str(), "kyverno.io" | "policies.kyverno.io");
    is_ours && load::is_known(&json!({"apiVersion": kind.api_version(), "kind": kind.kind}))
}

async fn wait(until: Option<Instant>) {
    match until {
        Some(until) => time::sleep_until(until).await,
        None => std::future::pending().await,
    }
}
