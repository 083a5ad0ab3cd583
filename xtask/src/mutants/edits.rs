//! The ways in which a rule can be wrong: each edit changes one thing that a suite should notice.

mod conditions;
mod expression;
mod pattern;
mod written;

use portcullis_values::json_pointer;
use serde_json::{Value, json};

/// One change of a policy's document.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Edit {
    /// A JSON pointer into the policy.
    pub(crate) pointer: String,
    /// What is done, in words.
    pub(crate) what: String,
    change: Change,
}

#[derive(Clone, Debug, PartialEq)]
enum Change {
    Remove,
    Replace(Value),
    /// The entry keeps its value under another key.
    Rename(String),
}

impl Edit {
    /// The policy after the edit.
    pub(crate) fn apply(&self, policy: &Value) -> Value {
        let mut changed = policy.clone();
        match &self.change {
            Change::Remove => drop(remove(&mut changed, &self.pointer)),
            Change::Replace(value) => set(&mut changed, &self.pointer, value),
            Change::Rename(key) => rename(&mut changed, &self.pointer, key),
        }
        changed
    }
}

fn set(document: &mut Value, pointer: &str, value: &Value) {
    if let Some(place) = document.pointer_mut(pointer) {
        *place = value.clone();
    } else if let Some((parent, key)) = pointer.rsplit_once('/')
        && let Some(Value::Object(entries)) = document.pointer_mut(parent)
    {
        entries.insert(json_pointer::unescape(key), value.clone());
    }
}

fn remove(document: &mut Value, pointer: &str) -> Option<Value> {
    let (parent, key) = pointer.rsplit_once('/')?;
    match document.pointer_mut(parent)? {
        Value::Array(items) => {
            let index = key.parse().ok().filter(|index| *index < items.len())?;
            Some(items.remove(index))
        }
        Value::Object(entries) => entries.remove(&json_pointer::unescape(key)),
        _ => None,
    }
}

fn rename(document: &mut Value, pointer: &str, key: &str) {
    let value = remove(document, pointer);
    if let (Some(value), Some((parent, _))) = (value, pointer.rsplit_once('/'))
        && let Some(Value::Object(entries)) = document.pointer_mut(parent)
    {
        entries.insert(key.to_owned(), value);
    }
}

/// Every edit of a policy.
pub(crate) fn of(policy: &Value) -> Vec<Edit> {
    let mut edits = Vec::new();
    for (index, rule) in items(policy, "/spec/rules").enumerate() {
        let pointer = format!("/spec/rules/{index}");
        edits.push(removal(&pointer, "rule removed"));
        walk(rule, &pointer, Room::Rule, &mut edits);
    }
    edits.extend(fewer_controllers(policy));
    edits
}

/// The kinds that rules are derived for, each left out once.
fn fewer_controllers(policy: &Value) -> Vec<Edit> {
    const ALL: &str =
        "DaemonSet,Deployment,Job,ReplicaSet,ReplicationController,StatefulSet,CronJob";
    const POINTER: &str = "/metadata/annotations/pod-policies.kyverno.io~1autogen-controllers";
    let written = policy.pointer(POINTER).and_then(Value::as_str);
    let derives = items(policy, "/spec/rules").any(|rule| {
        let mut filters = items(rule, "/match/any");
        filters.any(|filter| filter.pointer("/resources/kinds") == Some(&json!(["Pod"])))
    });
    let kinds: Vec<&str> = written.unwrap_or(ALL).split(',').collect();
    if !derives || written == Some("none") {
        return Vec::new();
    }
    let without = |left_out: &&str| {
        let kept: Vec<&str> = kinds
            .iter()
            .filter(|kind| *kind != left_out)
            .copied()
            .collect();
        replacement(POINTER, kept.join(","))
    };
    kinds.iter().map(without).collect()
}

/// Where in a rule a value stands.
#[derive(Clone, Copy, PartialEq)]
enum Room {
    Rule,
    Filter,
    Pattern,
    Conditions,
    PodSecurity,
    Written,
}

fn walk(value: &Value, pointer: &str, room: Room, edits: &mut Vec<Edit>) {
    match value {
        Value::Object(entries) => {
            for (key, child) in entries {
                let at = format!("{pointer}/{}", json_pointer::escape(key));
                let inner = room_of(key, room);
                edits.extend(of_entry(key, child, &at, room));
                walk(child, &at, inner, edits);
            }
        }
        Value::Array(children) => {
            for (index, child) in children.iter().enumerate() {
                let at = format!("{pointer}/{index}");
                if children.len() > 1 && is_droppable(child, room) {
                    edits.push(removal(&at, "one of a list removed"));
                }
                walk(child, &at, room, edits);
            }
        }
        leaf if room == Room::Pattern => edits.extend(pattern::of_leaf(leaf, pointer)),
        leaf if room == Room::Written => edits.extend(written::of_leaf(leaf, pointer)),
        _ => {}
    }
}

fn room_of(key: &str, room: Room) -> Room {
    match (room, key) {
        (Room::Rule, "match" | "exclude") => Room::Filter,
        (Room::Rule, "pattern" | "anyPattern") => Room::Pattern,
        (Room::Rule, "preconditions" | "deny") => Room::Conditions,
        (Room::Rule, "podSecurity") => Room::PodSecurity,
        (Room::Rule, "patchStrategicMerge" | "data") => Room::Written,
        (room, _) => room,
    }
}

/// In a pattern a list has one item for all; conditions, filters and kinds are lists of many.
fn is_droppable(child: &Value, room: Room) -> bool {
    match room {
        Room::Rule | Room::Written => false,
        Room::Pattern => child.is_object(),
        Room::Filter | Room::PodSecurity => true,
        Room::Conditions => child.get("operator").is_some() || child.is_string(),
    }
}

fn of_entry(key: &str, child: &Value, pointer: &str, room: Room) -> Vec<Edit> {
    let text = child.as_str().unwrap_or_default();
    match (room, key) {
        (Room::Rule, "exclude") => vec![removal(pointer, "exclude removed")],
        (Room::Rule, "preconditions") => vec![removal(pointer, "preconditions removed")],
        (Room::Rule, "list") => expression::edits(text, pointer),
        (Room::Conditions, key) => conditions::of_entry(key, child, pointer),
        (Room::PodSecurity, "level") => match text {
            "baseline" => vec![replacement(pointer, "restricted")],
            _ => vec![replacement(pointer, "baseline")],
        },
        (Room::PodSecurity, "version") => vec![replacement(pointer, "v1.0")],
        (Room::PodSecurity, "exclude") => vec![removal(pointer, "exclude removed")],
        (Room::Pattern, key) => pattern::of_key(key, pointer),
        (Room::Written, key) => written::of_key(key, pointer),
        _ => Vec::new(),
    }
}

fn removal(pointer: &str, what: &str) -> Edit {
    Edit {
        pointer: pointer.to_owned(),
        what: what.to_owned(),
        change: Change::Remove,
    }
}

fn replacement(pointer: &str, value: impl Into<Value>) -> Edit {
    let value = value.into();
    Edit {
        pointer: pointer.to_owned(),
        what: format!("replaced by {value}"),
        change: Change::Replace(value),
    }
}

fn renaming(pointer: &str, key: &str) -> Edit {
    Edit {
        pointer: pointer.to_owned(),
        what: format!("key changed to {key}"),
        change: Change::Rename(key.to_owned()),
    }
}

fn items<'v>(value: &'v Value, pointer: &str) -> impl Iterator<Item = &'v Value> + use<'v> {
    let list = value.pointer(pointer).and_then(Value::as_array);
    list.into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The edits of a rule as `pointer below the rule: what`; each changes the policy.
    #[track_caller]
    fn check(rule: &Value, wanted: &[&str]) {
        let policy = json!({"spec": {"rules": [rule]}});
        let edits = of(&policy);
        let said: Vec<String> = edits
            .iter()
            .map(|edit| {
                let below = edit.pointer.trim_start_matches("/spec/rules/0");
                format!("{below}: {}", edit.what)
            })
            .collect();
        let said: Vec<&str> = said.iter().map(String::as_str).collect();
        assert_eq!(said, wanted);
        for edit in &edits {
            assert_ne!(edit.apply(&policy), policy, "{edit:?}");
        }
    }

    #[test]
    fn rules_and_filters_are_removed() {
        check(
            &json!({
                "match": {"any": [{"resources": {"kinds": ["Pod", "Service"]}}]},
                "exclude": {"any": [{"resources": {"names": ["a"]}}]},
            }),
            &[
                ": rule removed",
                "/exclude: exclude removed",
                "/match/any/0/resources/kinds/0: one of a list removed",
                "/match/any/0/resources/kinds/1: one of a list removed",
            ],
        );
    }

    #[test]
    fn leaves_of_patterns_are_turned_and_removed() {
        check(
            &json!({"validate": {"pattern": {"spec": {
                "a/b": ">=2", "=(c)": "x | y & z", "d": null, "X(e)": "null",
            }}}}),
            &[
                ": rule removed",
                "/validate/pattern/spec/=(c): key changed to c",
                "/validate/pattern/spec/=(c): replaced by \"y & z\"",
                "/validate/pattern/spec/=(c): replaced by \"x\"",
                "/validate/pattern/spec/=(c): replaced by \"x | z\"",
                "/validate/pattern/spec/=(c): replaced by \"x | y\"",
                "/validate/pattern/spec/=(c): leaf removed",
                "/validate/pattern/spec/X(e): key allowed",
                "/validate/pattern/spec/a~1b: replaced by \"<2\"",
                "/validate/pattern/spec/a~1b: replaced by \">2\"",
                "/validate/pattern/spec/a~1b: leaf removed",
                "/validate/pattern/spec/d: replaced by \"?*\"",
                "/validate/pattern/spec/d: leaf removed",
            ],
        );
    }

    #[test]
    fn conditions_are_turned_and_their_values_made_fewer() {
        check(
            &json!({
                "preconditions": {"all": [{"key": "{{ a || `[]` }}", "operator": "AnyIn", "value": ["x", "y"]}]},
                "validate": {"deny": {"conditions": {"any": [
                    {"key": "{{ a.[b, c][] }}", "operator": "GreaterThan", "value": 1},
                    {"key": "k", "operator": "Equals", "value": true},
                ]}}},
            }),
            &[
                ": rule removed",
                "/preconditions: preconditions removed",
                "/preconditions/all/0/key: replaced by \"{{ a }}\"",
                "/preconditions/all/0/operator: replaced by \"AllNotIn\"",
                "/preconditions/all/0/operator: replaced by \"AllIn\"",
                "/preconditions/all/0/value/0: one of a list removed",
                "/preconditions/all/0/value/1: one of a list removed",
                "/validate/deny/conditions/any: key changed to all",
                "/validate/deny/conditions/any/0: one of a list removed",
                "/validate/deny/conditions/any/0/key: replaced by \"{{ a.[c][] }}\"",
                "/validate/deny/conditions/any/0/key: replaced by \"{{ a.[b][] }}\"",
                "/validate/deny/conditions/any/0/operator: replaced by \"LessThanOrEquals\"",
                "/validate/deny/conditions/any/0/operator: replaced by \"GreaterThanOrEquals\"",
                "/validate/deny/conditions/any/0/value: replaced by 2",
                "/validate/deny/conditions/any/1: one of a list removed",
                "/validate/deny/conditions/any/1/operator: replaced by \"NotEquals\"",
            ],
        );
    }

    #[test]
    fn what_is_written_is_changed_and_left_out() {
        check(
            &json!({"mutate": {"patchStrategicMerge": {"spec": {
                "containers": [{"(name)": "?*", "drop": ["ALL"]}], "+(replicas)": 2,
            }}}}),
            &[
                ": rule removed",
                "/mutate/patchStrategicMerge/spec/+(replicas): key changed to replicas",
                "/mutate/patchStrategicMerge/spec/+(replicas): replaced by 3",
                "/mutate/patchStrategicMerge/spec/+(replicas): leaf removed",
                "/mutate/patchStrategicMerge/spec/containers/0/(name): key changed to name",
                "/mutate/patchStrategicMerge/spec/containers/0/(name): replaced by \"!?*\"",
                "/mutate/patchStrategicMerge/spec/containers/0/(name): leaf removed",
                "/mutate/patchStrategicMerge/spec/containers/0/drop/0: replaced by \"ALLx\"",
                "/mutate/patchStrategicMerge/spec/containers/0/drop/0: leaf removed",
            ],
        );
    }

    #[test]
    fn pod_security_and_lists_are_narrowed() {
        check(
            &json!({"validate": {
                "podSecurity": {"level": "baseline", "version": "latest"},
                "foreach": [{"list": "a.[b, c][]"}],
            }}),
            &[
                ": rule removed",
                "/validate/foreach/0/list: replaced by \"a.[c][]\"",
                "/validate/foreach/0/list: replaced by \"a.[b][]\"",
                "/validate/podSecurity/level: replaced by \"restricted\"",
                "/validate/podSecurity/version: replaced by \"v1.0\"",
            ],
        );
    }
}
