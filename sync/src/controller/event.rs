//! Events about a PolicySource: what was put back, what was brought in, what stopped it.

use portcullis_cluster::{Cluster, ClusterError, ServedKind};
use serde_json::{Value, json};

use super::{Outcome, times::now};
use crate::{ownership::MANAGER, plan::Reason};

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
    let said = ready(object);
    match &outcome.result {
        Ok((plan, inventory)) => {
            let back = plan
                .writes()
                .filter(|write| matches!(write.reason, Reason::PutBack(_)));
            let mut events: Vec<Event> = back
                .map(|write| Event {
                    kind: "Warning",
                    reason: "PutBack",
                    message: write.to_string(),
                })
                .collect();
            let revision = object.pointer("/status/revision").and_then(Value::as_str);
            if revision != Some(&inventory.commit) {
                let (written, pruned) = (plan.writes().count(), plan.prunes.len());
                events.push(Event {
                    kind: "Normal",
                    reason: "Synced",
                    message: format!(
                        "revision {}: {written} written, {pruned} deleted, {} as they should be",
                        inventory.commit, plan.unchanged
                    ),
                });
            }
            events
        }
        Err(error) => {
            let (reason, message) = (error.reason(), super::status::cut(&error.to_string()));
            if said == Some((reason, &message)) {
                return Vec::new();
            }
            vec![Event {
                kind: "Warning",
                reason,
                message,
            }]
        }
    }
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
