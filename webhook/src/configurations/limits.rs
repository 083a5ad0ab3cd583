//! What the API server takes of a webhook configuration. One mistake in it, and it takes none of it: no
//! policy of the cluster would be asked as it is written.

use std::collections::BTreeSet;

use portcullis_api::{cel_expression::MatchCondition, label_selector::LabelSelector};
use portcullis_engine::matching::Selector;

/// How many `matchConditions` a webhook may have.
const CONDITIONS: usize = 64;

/// How many bytes of JSON a configuration may have. etcd takes 1.5 MiB, in which the API server also
/// notes who owns each field.
pub(super) const BYTES: usize = 768 * 1024;

/// Whether a webhook can have these conditions beside those of the ConfigMap, and the one that keeps
/// out what brings the webhook back.
pub(super) fn are_taken(conditions: &[MatchCondition], configured: usize) -> bool {
    conditions.len() + configured < CONDITIONS
}

/// Conditions with names as the API server wants them: each a label's key, and no two the same. What
/// stands there twice is left out.
pub(super) fn named(conditions: impl IntoIterator<Item = MatchCondition>) -> Vec<MatchCondition> {
    let (mut kept, mut names): (Vec<MatchCondition>, BTreeSet<String>) = Default::default();
    for mut condition in conditions {
        if kept.contains(&condition) {
            continue;
        }
        if names.contains(&condition.name) || !is_label_key(&condition.name) {
            let numbers = kept.len() + 1..;
            let mut free = numbers.map(|number| format!("condition-{number}"));
            condition.name = free.find(|name| !names.contains(name)).unwrap_or_default();
        }
        names.insert(condition.name.clone());
        kept.push(condition);
    }
    kept
}

fn is_label_key(text: &str) -> bool {
    let selector = LabelSelector {
        match_labels: [(text.to_owned(), String::new())].into(),
        ..LabelSelector::default()
    };
    !text.contains(['*', '?']) && Selector::of(&selector).is_ok()
}
