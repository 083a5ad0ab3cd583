//! `ObjectKey`: which object of a cluster is meant.

use std::fmt;

use serde_json::Value;

/// Which object is meant. The version is not part of it: all versions of a kind show the same object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey {
    /// API group; empty for the core group.
    pub group: String,
    /// Kind, such as `ClusterPolicy`.
    pub kind: String,
    /// Namespace; empty for an object that is in none.
    pub namespace: String,
    /// Name.
    pub name: String,
}

impl ObjectKey {
    /// The key of an object; none where it has no kind or name.
    #[must_use]
    pub fn of(object: &Value) -> Option<ObjectKey> {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
        let version = text("/apiVersion")?;
        let name = text("/metadata/name").filter(|name| !name.is_empty())?;
        Some(ObjectKey {
            group: version
                .split_once('/')
                .map_or("", |(group, _)| group)
                .to_owned(),
            kind: text("/kind").filter(|kind| !kind.is_empty())?.to_owned(),
            namespace: text("/metadata/namespace").unwrap_or_default().to_owned(),
            name: name.to_owned(),
        })
    }

    /// The key as an inventory writes it: `GROUP/KIND/NAMESPACE/NAME`.
    #[must_use]
    pub fn id(&self) -> String {
        let ObjectKey {
            group,
            kind,
            namespace,
            name,
        } = self;
        format!("{group}/{kind}/{namespace}/{name}")
    }

    /// Reads what [`ObjectKey::id`] wrote.
    #[must_use]
    pub fn parse(id: &str) -> Option<ObjectKey> {
        let parts: Vec<&str> = id.split('/').collect();
        let [group, kind, namespace, name] = parts.as_slice() else {
            return None;
        };
        (!kind.is_empty() && !name.is_empty()).then(|| ObjectKey {
            group: (*group).to_owned(),
            kind: (*kind).to_owned(),
            namespace: (*namespace).to_owned(),
            name: (*name).to_owned(),
        })
    }
}

impl fmt::Display for ObjectKey {
    /// `ClusterPolicy/NAME`, or `PolicyException/NAMESPACE/NAME`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.namespace.as_str() {
            "" => write!(formatter, "{}/{}", self.kind, self.name),
            namespace => write!(formatter, "{}/{namespace}/{}", self.kind, self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_id_is_read_as_it_was_written() {
        for (version, namespace, id) in [
            ("kyverno.io/v1", None, "kyverno.io/K//n"),
            ("kyverno.io/v2", Some("a"), "kyverno.io/K/a/n"),
            ("v1", Some("a"), "/K/a/n"),
        ] {
            let object = json!({"apiVersion": version, "kind": "K", "metadata": {"name": "n", "namespace": namespace}});
            let key = ObjectKey::of(&object).unwrap();
            assert_eq!(key.id(), id);
            assert_eq!(ObjectKey::parse(id), Some(key));
        }
        for id in ["", "a/b/c", "g//n/a", "g/K/n/", "g/K/n/a/b"] {
            assert_eq!(ObjectKey::parse(id), None, "{id}");
        }
    }
}
