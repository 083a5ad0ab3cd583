//! What a pass saw of the objects of its source: what comes later is a change by somebody else.

use std::collections::BTreeMap;

use portcullis_cluster::ServedKind;
use serde_json::Value;

use crate::object::ObjectKey;

/// The objects of a source as a pass left them.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    versions: BTreeMap<ObjectKey, String>,
    kinds: BTreeMap<(String, String), ServedKind>,
}

impl Seen {
    /// The kinds of the objects, by group and kind.
    #[must_use]
    pub fn kinds(&self) -> &BTreeMap<(String, String), ServedKind> {
        &self.kinds
    }

    /// Whether a change of an object came after the pass.
    #[must_use]
    pub fn is_behind(&self, key: &ObjectKey, version: &str) -> bool {
        let seen = self.versions.get(key);
        seen.is_some_and(|seen| match (seen.parse::<u64>(), version.parse::<u64>()) {
            (Ok(seen), Ok(version)) => seen < version,
            _ => seen != version,
        })
    }

    /// Notes an object as it is now.
    pub(crate) fn note(&mut self, key: &ObjectKey, kind: &ServedKind, object: &Value) {
        let version = object.pointer("/metadata/resourceVersion");
        let version = version.and_then(Value::as_str).unwrap_or_default();
        self.versions.insert(key.clone(), version.to_owned());
        self.kinds
            .entry((key.group.clone(), key.kind.clone()))
            .or_insert_with(|| kind.clone());
    }

    /// Forgets an object that is deleted on purpose.
    pub(crate) fn forget(&mut self, key: &ObjectKey) {
        self.versions.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_later_changes_are_changes() {
        let kind = ServedKind::config_maps();
        let key = ObjectKey::parse("/ConfigMap/a/b").unwrap();
        let mut seen = Seen::default();
        seen.note(&key, &kind, &json!({"metadata": {"resourceVersion": "9"}}));
        for (version, wanted) in [("8", false), ("9", false), ("10", true), ("x", true)] {
            assert_eq!(seen.is_behind(&key, version), wanted, "{version}");
        }
        seen.forget(&key);
        assert!(!seen.is_behind(&key, "10"));
    }
}
