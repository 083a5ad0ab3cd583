//! Events about a PolicySource: what was put back, what was brought in, what stopped it.

use portcullis_cluster::{Cluster, ClusterError, ServedKind};
use serde_json::{Value, json};

use super::{known::Outcome, times::now};
use crate::{ownership::MANAGER, plan::Reason, reconcile::Done, sync_error::SyncError};

/// The longest message that the server takes.
const LONGEST: usize = 1024;

/// An Event.
pub(super) struct Event {
    kind: &'static str,
    pub(super) reason: &'static str,
    pub(super) message: String,
}

/// What is to be told of a pass. What was told before is not told again.
pub(super) fn of(object: &Value, outcome: &Outcome) -> Vec<Event> {
    let mut events = match &outcome.result {
        Ok(done) => put_back(object, done),
        Err(_) => outcome
            .held
            .as_ref()
            .map(|done| put_back(object, done))
            .unwrap_or_default(),
    };
    match &outcome.result {
        Ok(done) => events.extend(synced(object, done)),
        Err(error) => events.extend(failed(object, error)),
    }
    events
}

/// What others changed or deleted, and is as it was.
fn put_back(object: &Value, done: &Done) -> Vec<Event> {
    let is_same = revision(object) == Some(&done.inventory.commit);
    let writes = done.plan.writes();
    let told = writes.filter_map(|write| match write.reason {
        Reason::PutBack(_) => Some(write.to_string()),
        Reason::Create if is_same => Some(format!("put back {}, which was deleted", write.key)),
        Reason::Create | Reason::Change => None,
    });
    told.map(|message| Event {
        kind: "Warning",
        reason: "PutBack",
        message,
    })
    .collect()
}

fn synced(object: &Value, done: &Done) -> Option<Event> {
    let Done {
        plan, inventory, ..
    } = done;
    let is_new = revision(object) != Some(&inventory.commit);
    is_new.then(|| Event {
        kind: "Normal",
        reason: "Synced",
        message: format!(
            "revision {}: {} written, {} deleted, {} as they should be",
            inventory.commit,
            plan.writes().count(),
            plan.prunes.len(),
            plan.unchanged
        ),
    })
}

fn failed(object: &Value, error: &SyncError) -> Option<Event> {
    let (reason, message) = (error.reason(), super::status::cut(&error.to_string()));
    let is_new = ready(object) != Some((reason, &message));
    is_new.then_some(Event {
        kind: "Warning",
        reason,
        message,
    })
}

fn revision(object: &Value) -> Option<&str> {
    object.pointer("/status/revision").and_then(Value::as_str)
}

/// Reason and message of the condition `Ready`.
fn ready(object: &Value) -> Option<(&str, &str)> {
    let conditions = object.pointer("/status/conditions")?.as_array()?;
    let ready = conditions
        .iter()
        .find(|one| one.get("type") == Some(&json!("Ready")))?;
    Some((
        ready.get("reason")?.as_str()?,
        ready.get("message")?.as_str()?,
    ))
}

impl Event {
    /// Writes the Event beside its source.
    pub(super) fn write(&self, cluster: &Cluster, object: &Value) -> Result<(), ClusterError> {
        let text = |pointer: &str| {
            object
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let (namespace, name) = (text("/metadata/namespace"), text("/metadata/name"));
        let now = now();
        let message: String = self.message.chars().take(LONGEST).collect();
        let event = json!({
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"generateName": format!("{name}."), "namespace": namespace},
            "involvedObject": {
                "apiVersion": text("/apiVersion"),
                "kind": text("/kind"),
                "namespace": namespace,
                "name": name,
                "uid": text("/metadata/uid"),
                "resourceVersion": text("/metadata/resourceVersion"),
            },
            "type": self.kind,
            "reason": self.reason,
            "message": message,
            "source": {"component": MANAGER},
            "reportingComponent": MANAGER,
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        });
        let kind = ServedKind {
            group: String::new(),
            version: "v1".to_owned(),
            kind: "Event".to_owned(),
            resource: "events".to_owned(),
            namespaced: true,
            verbs: Vec::new(),
            subresources: Vec::new(),
        };
        cluster.create_object(&kind, namespace, event).map(drop)
    }
}
