//! The labels of a generated object, all but the first under `generate.kyverno.io/`:
//!
//! | label | value |
//! |---|---|
//! | `app.kubernetes.io/managed-by` | `kyverno` |
//! | `policy-name`, `policy-namespace`, `rule-name` | the rule that made it |
//! | `trigger-{group,version,kind,namespace,name,uid}` | the object that the rule was about |
//! | `source-{group,version,kind,namespace,name,uid}` | the object that it is a copy of |
//!
//! A label's value has 63 characters at most, so a longer name is cut off. A copy keeps the other
//! labels of its source.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::ObjectRef;

/// The label that says who looks after an object, and its value here.
pub const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "kyverno");
/// What all other labels start with.
pub const PREFIX: &str = "generate.kyverno.io/";
/// The label, with an empty value, of an object that rules copy.
pub const CLONE_SOURCE: &str = "generate.kyverno.io/clone-source";
/// How long the value of a label may be.
const MAX_VALUE: usize = 63;

/// Where a generated object comes from.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// The policy's namespace; empty for a cluster-wide policy.
    pub policy_namespace: &'a str,
    /// The policy's name.
    pub policy: &'a str,
    /// The rule's name.
    pub rule: &'a str,
    /// The object that the rule was about.
    pub trigger: &'a Value,
    /// The object that was copied, for a copy.
    pub source: Option<&'a Value>,
}

impl Origin<'_> {
    /// The labels of an object that comes from here.
    #[must_use]
    pub fn labels(&self) -> BTreeMap<String, String> {
        let mut labels = BTreeMap::from([(MANAGED_BY.0.to_owned(), MANAGED_BY.1.to_owned())]);
        let mut add = |key: String, value: &str| {
            labels.insert(format!("{PREFIX}{key}"), trimmed(value).to_owned());
        };
        add("policy-name".to_owned(), self.policy);
        add("policy-namespace".to_owned(), self.policy_namespace);
        add("rule-name".to_owned(), self.rule);
        let ends = [("trigger", Some(self.trigger)), ("source", self.source)];
        for (end, object) in ends
            .iter()
            .filter_map(|(end, object)| Some((end, (*object)?)))
        {
            for (key, value) in identity(object) {
                add(format!("{end}-{key}"), &value);
            }
        }
        labels
    }
}

/// Puts labels on an object. Other labels stay, but those of an earlier generation go. What is written in the place of labels and
/// is no map stays, too: the API server says what is wrong with it.
pub fn put(object: &mut Map<String, Value>, labels: BTreeMap<String, String>) {
    let own = object
        .get("metadata")
        .and_then(|metadata| metadata.get("labels"));
    if own.is_some_and(|own| !own.is_object() && !own.is_null()) {
        return;
    }
    edit_map(object, "metadata", |metadata| {
        edit_map(metadata, "labels", |own| {
            own.retain(|key, _| !key.starts_with(PREFIX));
            own.extend(labels.into_iter().map(|(key, value)| (key, value.into())));
        });
    });
}

/// Changes the map at a key; what stands there and is no map is replaced by one.
pub(crate) fn edit_map(
    object: &mut Map<String, Value>,
    key: &str,
    edit: impl FnOnce(&mut Map<String, Value>),
) {
    let slot = object.entry(key).or_insert(Value::Null);
    let mut map = match slot.take() {
        Value::Object(map) => map,
        _ => Map::new(),
    };
    edit(&mut map);
    *slot = Value::Object(map);
}

/// A name as a label has it: cut off, and with a letter or digit at the end.
#[must_use]
pub fn trimmed(value: &str) -> &str {
    let end = value.char_indices().map(|(at, _)| at).nth(MAX_VALUE);
    match end.and_then(|end| value.get(..end)) {
        Some(cut) => cut.trim_end_matches(['-', '_', '.']),
        None => value,
    }
}

fn identity(object: &Value) -> [(&'static str, String); 6] {
    let of = ObjectRef::of(object);
    let (group, version) = of.group_version();
    let uid = object.pointer("/metadata/uid").and_then(Value::as_str);
    [
        ("group", group.to_owned()),
        ("version", version.to_owned()),
        ("uid", uid.unwrap_or_default().to_owned()),
        ("kind", of.kind),
        ("namespace", of.namespace),
        ("name", of.name),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_no_map_of_labels_stays() {
        let labels = BTreeMap::from([("a".to_owned(), "b".to_owned())]);
        for (metadata, expected) in [
            (json!({"labels": "x"}), json!({"labels": "x"})),
            (json!({"labels": null}), json!({"labels": {"a": "b"}})),
            (
                json!({"labels": {"c": "d"}}),
                json!({"labels": {"a": "b", "c": "d"}}),
            ),
            (json!({}), json!({"labels": {"a": "b"}})),
        ] {
            let mut object = Map::from_iter([("metadata".to_owned(), metadata)]);
            put(&mut object, labels.clone());
            assert_eq!(object["metadata"], expected);
        }
    }
}
