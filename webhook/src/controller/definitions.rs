//! The CustomResourceDefinitions that there are, by name: what the cluster serves of them it may say later.

use std::collections::BTreeSet;

use portcullis_cluster::{Discovery, ServedKind, WatchEvent};
use serde_json::Value;

/// Groups whose kinds are policies and exceptions.
const OURS: [&str; 2] = ["kyverno.io", "policies.kyverno.io"];

/// The names of the definitions, such as `clusterpolicies.kyverno.io`.
#[derive(Debug, Default)]
pub(super) struct Definitions {
    names: BTreeSet<String>,
    /// Those that have not come again since the watch began anew.
    unseen: BTreeSet<String>,
}

impl Definitions {
    pub(super) fn take(&mut self, event: &WatchEvent) {
        match event {
            WatchEvent::Restarted => self.unseen.clone_from(&self.names),
            WatchEvent::Applied(object) => {
                let name = name(object);
                self.unseen.remove(&name);
                self.names.insert(name);
            }
            WatchEvent::Deleted(object) => drop(self.names.remove(&name(object))),
            WatchEvent::Listed => {
                for name in std::mem::take(&mut self.unseen) {
                    self.names.remove(&name);
                }
            }
            WatchEvent::Failed(_) => {}
        }
    }

    /// Whether a kind is one of a definition.
    pub(super) fn have(&self, kind: &ServedKind) -> bool {
        self.names
            .contains(&format!("{}.{}", kind.resource, kind.group))
    }

    /// Whether policies are defined of which the cluster does not say yet that it serves them.
    pub(super) fn are_ahead_of(&self, discovery: &Discovery) -> bool {
        let names = self.names.iter().filter_map(|name| name.split_once('.'));
        let mut ours = names.filter(|(_, group)| OURS.contains(group));
        ours.any(|(resource, group)| !discovery.has_resource(group, resource))
    }
}

fn name(object: &Value) -> String {
    let name = object.pointer("/metadata/name").and_then(Value::as_str);
    name.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn applied(name: &str) -> WatchEvent {
        WatchEvent::Applied(json!({"metadata": {"name": name}}))
    }

    fn kind(resource: &str) -> ServedKind {
        ServedKind {
            group: "kyverno.io".to_owned(),
            resource: resource.to_owned(),
            ..ServedKind::config_maps()
        }
    }

    #[test]
    fn what_does_not_come_again_is_gone() {
        let mut definitions = Definitions::default();
        let [policies, others] = ["policies.kyverno.io", "widgets.example.com"].map(applied);
        for (event, policies_are_there) in [
            (policies.clone(), true),
            (others.clone(), true),
            (WatchEvent::Restarted, true),
            (others, true),
            (WatchEvent::Listed, false),
            (policies, true),
            (
                WatchEvent::Deleted(json!({"metadata": {"name": "policies.kyverno.io"}})),
                false,
            ),
        ] {
            definitions.take(&event);
            let have = definitions.have(&kind("policies"));
            assert_eq!(have, policies_are_there, "{event:?}");
            // Other groups are not waited for.
            let ahead = definitions.are_ahead_of(&Discovery::default());
            assert_eq!(ahead, policies_are_there, "{event:?}");
        }
    }
}
