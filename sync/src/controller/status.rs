//! The status of a PolicySource, in the terms of kstatus.

use portcullis_api::{
    policy_source::PolicySourceStatus,
    status::{ConditionStatus, StatusCondition},
};
use serde_json::Value;

use super::{generation, known::Outcome};
use crate::{object::ObjectKey, sync_error::SyncError};

/// The longest message.
const LONGEST: usize = 2048;

/// The status after a pass; none where it says what was said before.
pub(super) fn of(object: &Value, outcome: &Outcome, now: &str) -> Option<Value> {
    let before = object.get("status").cloned().unwrap_or_default();
    let before: PolicySourceStatus = serde_json::from_value(before).unwrap_or_default();
    let mut after = PolicySourceStatus {
        observed_generation: generation(object),
        revision: before.revision.clone(),
        attempted_revision: outcome
            .attempted
            .clone()
            .or_else(|| before.attempted_revision.clone()),
        inventory: before.inventory.clone(),
        ..PolicySourceStatus::default()
    };
    let mut conditions = Vec::new();
    match &outcome.result {
        Ok(done) => {
            let inventory = &done.inventory;
            after.revision = Some(inventory.commit.clone());
            after.inventory = inventory.objects.iter().map(ObjectKey::id).collect();
            let message = format!("revision {} is in the cluster", inventory.commit);
            conditions.push(("Ready", ConditionStatus::True, "Synced", message));
        }
        Err(error) => {
            after.stopped_by = error.stopped_by();
            let (reason, message) = (error.reason(), cut(&error.to_string()));
            conditions.push(("Ready", ConditionStatus::False, reason, message.clone()));
            let why = if is_retried(error) {
                "Reconciling"
            } else {
                "Stalled"
            };
            conditions.push((why, ConditionStatus::True, reason, message));
        }
    }
    let generation = after.observed_generation;
    let conditions = conditions
        .into_iter()
        .map(|(name, status, reason, message)| {
            let known = before
                .conditions
                .iter()
                .find(|one| one.r#type == name && one.status == status);
            let since = known.map_or(now, |known| &known.last_transition_time);
            StatusCondition {
                r#type: name.to_owned(),
                status,
                reason: reason.to_owned(),
                message,
                last_transition_time: since.to_owned(),
                observed_generation: generation,
            }
        });
    after.conditions = conditions.collect();
    if after == before {
        return None;
    }
    serde_json::to_value(after).ok()
}

/// Whether another try may go well without anybody doing something.
fn is_retried(error: &SyncError) -> bool {
    matches!(
        error,
        SyncError::Source(_)
            | SyncError::Cluster(_)
            | SyncError::NotReady { .. }
            | SyncError::Terminating { .. }
    )
}

/// A text of a length that the server takes.
pub(super) fn cut(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use portcullis_sources::SourceError;
    use serde_json::json;

    use super::*;
    use crate::{inventory::Inventory, plan::Plan, reconcile::Done, seen::Seen};

    /// What kstatus makes of an object.
    fn kstatus(object: &Value) -> &'static str {
        let generation = &object["metadata"]["generation"];
        let conditions = object["status"]["conditions"].as_array();
        let is = |name: &str, status: &str| {
            let mut conditions = conditions.into_iter().flatten();
            conditions.any(|one| one["type"] == name && one["status"] == status)
        };
        match () {
            () if object["status"]["observedGeneration"] != *generation => "InProgress",
            () if is("Reconciling", "True") => "InProgress",
            () if is("Stalled", "True") => "Failed",
            () if is("Ready", "True") => "Current",
            () => "InProgress",
        }
    }

    fn synced() -> Outcome {
        let done = Done {
            plan: Plan::default(),
            inventory: Inventory {
                commit: "abc".to_owned(),
                ..Inventory::default()
            },
            seen: Seen::default(),
        };
        Outcome {
            result: Ok(done),
            ..Outcome::failed(SyncError::Spec(String::new()))
        }
    }

    #[test]
    fn statuses_are_what_kstatus_reads() {
        let mut object = json!({"metadata": {"generation": 1}});
        let not_ready = SyncError::NotReady {
            object: "o".to_owned(),
            seconds: 1,
            reason: "r".to_owned(),
        };
        let fetch = SyncError::Source(SourceError::Status {
            url: "u".to_owned(),
            status: "500".to_owned(),
        });
        let gate = || SyncError::Gate {
            commit: "def".to_owned(),
            findings: Vec::new(),
        };
        for (outcome, wanted, since) in [
            (synced(), "Current", "1"),
            (Outcome::failed(fetch), "InProgress", "2"),
            (Outcome::failed(not_ready), "InProgress", "2"),
            (Outcome::failed(gate()), "Failed", "2"),
            (synced(), "Current", "5"),
        ] {
            let now = object["now"].as_u64().unwrap_or_default() + 1;
            object["now"] = now.into();
            object["status"] = of(&object, &outcome, &now.to_string()).unwrap();
            assert_eq!(kstatus(&object), wanted, "{object}");
            // The last good revision stays, and the time is that of the last change to or fro.
            assert_eq!(object["status"]["revision"], "abc", "{object}");
            let ready = &object["status"]["conditions"][0];
            assert_eq!(ready["lastTransitionTime"], since, "{object}");
            // Nothing is said twice.
            assert_eq!(of(&object, &outcome, "later"), None);
        }
        // A spec that changes makes what was said of the one before out of date.
        object["metadata"]["generation"] = 2.into();
        assert_eq!(kstatus(&object), "InProgress");
        object["status"] = of(&object, &synced(), "6").unwrap();
        assert_eq!(kstatus(&object), "Current");
        let long = Outcome::failed(SyncError::Spec("x".repeat(5000)));
        let status = of(&object, &long, "7").unwrap();
        let message = status["conditions"][0]["message"].as_str().unwrap();
        assert_eq!(message.len(), LONGEST);
    }
}
