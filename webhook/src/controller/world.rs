//! The cluster as the world that policies ask.
//!
//! Namespaces and the roles of users come from watches, everything else from the API server, once for
//! each request.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, PoisonError, RwLock},
};

use arc_swap::ArcSwap;
use portcullis_cluster::{Cluster, ClusterSource, Discovery, WatchEvent};
use portcullis_engine::{context::source::ContextSource, request::RequestUser};
use serde_json::Value;

use crate::{
    controller::bindings::Bindings,
    world::{Namespace, World},
};

/// A cluster.
pub(crate) struct ClusterWorld {
    cluster: Arc<Cluster>,
    discovery: ArcSwap<Discovery>,
    namespaces: RwLock<Namespaces>,
    bindings: RwLock<Bindings>,
}

#[derive(Default)]
struct Namespaces {
    known: BTreeMap<String, Arc<Namespace>>,
    unseen: BTreeSet<String>,
}

impl ClusterWorld {
    pub(crate) fn new(cluster: Arc<Cluster>, discovery: Arc<Discovery>) -> ClusterWorld {
        ClusterWorld {
            cluster,
            discovery: ArcSwap::new(discovery),
            namespaces: RwLock::default(),
            bindings: RwLock::default(),
        }
    }

    /// Takes what the cluster serves from now on.
    pub(crate) fn serves(&self, discovery: Arc<Discovery>) {
        self.discovery.store(discovery);
    }

    /// What the cluster serves.
    pub(crate) fn discovery(&self) -> Arc<Discovery> {
        self.discovery.load_full()
    }

    /// Takes what the watch of namespaces tells.
    pub(crate) fn take_namespace(&self, event: WatchEvent) {
        let namespaces = self.namespaces.write();
        let mut namespaces = namespaces.unwrap_or_else(PoisonError::into_inner);
        namespaces.take(event);
    }

    /// Takes what the watch of a kind of bindings tells.
    pub(crate) fn take_binding(&self, kind: &str, event: WatchEvent) {
        let bindings = self.bindings.write();
        let mut bindings = bindings.unwrap_or_else(PoisonError::into_inner);
        bindings.take(kind, event);
    }
}

impl Namespaces {
    fn take(&mut self, event: WatchEvent) {
        match event {
            WatchEvent::Restarted => self.unseen = self.known.keys().cloned().collect(),
            WatchEvent::Listed => {
                for name in std::mem::take(&mut self.unseen) {
                    self.known.remove(&name);
                }
            }
            WatchEvent::Applied(object) => {
                let name = name(&object);
                self.unseen.remove(&name);
                self.known.insert(name, Arc::new(namespace(object)));
            }
            WatchEvent::Deleted(object) => drop(self.known.remove(&name(&object))),
            WatchEvent::Failed(_) => {}
        }
    }
}

fn name(object: &Value) -> String {
    let name = object.pointer("/metadata/name").and_then(Value::as_str);
    name.unwrap_or_default().to_owned()
}

fn namespace(object: Value) -> Namespace {
    let labels = object
        .pointer("/metadata/labels")
        .and_then(Value::as_object);
    let labels = labels.into_iter().flatten();
    let text = |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
    Namespace {
        labels: labels.filter_map(text).collect(),
        object: Some(object),
    }
}

impl World for ClusterWorld {
    fn source(&self) -> Box<dyn ContextSource + '_> {
        let cluster = Arc::clone(&self.cluster);
        Box::new(ClusterSource::new(cluster, self.discovery()))
    }

    fn namespace(&self, name: &str) -> Option<Arc<Namespace>> {
        let namespaces = self.namespaces.read();
        let namespaces = namespaces.unwrap_or_else(PoisonError::into_inner);
        namespaces.known.get(name).cloned()
    }

    fn add_roles(&self, user: &mut RequestUser) {
        let bindings = self.bindings.read();
        let bindings = bindings.unwrap_or_else(PoisonError::into_inner);
        bindings.add_roles(user);
    }

    fn kind_of(&self, group: &str, version: &str, resource: &str) -> Option<String> {
        let api_version = match group {
            "" => version.to_owned(),
            group => format!("{group}/{version}"),
        };
        let discovery = self.discovery.load();
        let kind = discovery.find_resource(&api_version, resource);
        kind.map(|kind| kind.kind.clone())
    }
}
