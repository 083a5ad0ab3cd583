//! Watches: the objects of a kind as they are, and each change from then on.
//!
//! A watch goes on whatever happens: a connection that breaks is made anew, later and later; a
//! version that the server has forgotten (410) starts the list again.

use futures::{Stream, StreamExt};
use kube::{
    Api, Client, Resource,
    api::{ApiResource, DynamicObject, GroupVersionKind, PartialObjectMeta},
    core::DynamicResourceScope,
    runtime::{
        WatchStreamExt,
        watcher::{self, Config, Event},
    },
};
use serde::Serialize;
use serde_json::Value;
use tokio::{sync::mpsc::Sender, task::AbortHandle};

use crate::{cluster::Cluster, discovery::ServedKind};

/// Which objects are watched.
#[derive(Clone, Debug)]
pub struct WatchOptions {
    /// Their kind.
    pub kind: ServedKind,
    /// Their namespace; without one all of them.
    pub namespace: Option<String>,
    /// The name of the one object that is wanted; without one all of them.
    pub name: Option<String>,
    /// Whether no more than `metadata` is wanted.
    pub metadata_only: bool,
}

impl WatchOptions {
    /// All objects of a kind.
    #[must_use]
    pub fn all(kind: ServedKind) -> WatchOptions {
        WatchOptions {
            kind,
            namespace: None,
            name: None,
            metadata_only: false,
        }
    }
}

/// What a watch tells.
#[derive(Clone, Debug, PartialEq)]
pub enum WatchEvent {
    /// All objects follow: what was known before and does not come again is gone.
    Restarted,
    /// An object is there, or has changed. It has `apiVersion` and `kind`, and no `managedFields`.
    Applied(Value),
    /// An object is gone; this is how it was last.
    Deleted(Value),
    /// All objects have come that were there at the restart.
    Listed,
    /// The watch broke off for this reason, and is tried again.
    Failed(String),
}

/// A watch; it ends when this is dropped.
#[derive(Debug)]
pub struct Watch(AbortHandle);

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Cluster {
    /// Watches objects, and sends what happens to them with a tag that tells the watch from others.
    /// It waits while the channel is full, and ends with the channel.
    #[must_use]
    pub fn watch<T: Clone + Send + Sync + 'static>(
        &self,
        options: &WatchOptions,
        tag: T,
        to: Sender<(T, WatchEvent)>,
    ) -> Watch {
        let kind = options.kind.clone();
        let config = match &options.name {
            Some(name) => Config::default().fields(&format!("metadata.name={name}")),
            None => Config::default(),
        };
        let client = self.client().clone();
        let task = if options.metadata_only {
            let api: Api<PartialObjectMeta<DynamicObject>> = api(client, options);
            let events = watcher::watcher(api, config).default_backoff();
            self.spawn(send(events, kind, tag, to))
        } else {
            let api: Api<DynamicObject> = api(client, options);
            let events = watcher::watcher(api, config).default_backoff();
            self.spawn(send(events, kind, tag, to))
        };
        Watch(task)
    }
}

fn api<K>(client: Client, options: &WatchOptions) -> Api<K>
where
    K: Resource<DynamicType = ApiResource, Scope = DynamicResourceScope>,
{
    let kind = &options.kind;
    let name = GroupVersionKind::gvk(&kind.group, &kind.version, &kind.kind);
    let resource = ApiResource::from_gvk_with_plural(&name, &kind.resource);
    match options.namespace.as_deref().filter(|_| kind.namespaced) {
        Some(namespace) => Api::namespaced_with(client, namespace, &resource),
        None => Api::all_with(client, &resource),
    }
}

async fn send<K: Serialize, T: Clone>(
    events: impl Stream<Item = watcher::Result<Event<K>>>,
    kind: ServedKind,
    tag: T,
    to: Sender<(T, WatchEvent)>,
) {
    let mut events = std::pin::pin!(events);
    while let Some(event) = events.next().await {
        let event = match event {
            Ok(Event::Init) => WatchEvent::Restarted,
            Ok(Event::InitDone) => WatchEvent::Listed,
            Ok(Event::Apply(object) | Event::InitApply(object)) => {
                told(&object, &kind, WatchEvent::Applied)
            }
            Ok(Event::Delete(object)) => told(&object, &kind, WatchEvent::Deleted),
            Err(error) => WatchEvent::Failed(innermost(&error)),
        };
        if to.send((tag.clone(), event)).await.is_err() {
            return;
        }
    }
}

/// An object with the type that a list leaves out, and without what only the server needs.
fn told(
    object: &impl Serialize,
    kind: &ServedKind,
    as_event: impl FnOnce(Value) -> WatchEvent,
) -> WatchEvent {
    let mut value = match serde_json::to_value(object) {
        Ok(value) => value,
        Err(error) => return WatchEvent::Failed(error.to_string()),
    };
    if let Some(object) = value.as_object_mut() {
        object.insert("apiVersion".to_owned(), kind.api_version().into());
        object.insert("kind".to_owned(), kind.kind.clone().into());
        let metadata = object.get_mut("metadata").and_then(Value::as_object_mut);
        if let Some(metadata) = metadata {
            metadata.remove("managedFields");
        }
    }
    as_event(value)
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(below) = cause.source() {
        cause = below;
    }
    cause.to_string()
}
