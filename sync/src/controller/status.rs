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
