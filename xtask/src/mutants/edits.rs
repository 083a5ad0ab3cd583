//! The ways in which a rule can be wrong: each edit changes one thing that a suite should notice.

use serde_json::{Value, json};

/// One change of a policy's document.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Edit {
    /// A JSON pointer into the policy.
    pub(crate) pointer: String,
    /// What is done, in words.
    pub(crate) what: String,
    /// The new value; the old one is removed where there is none.
    value: Option<Value>,
}

impl Edit {
    /// The policy after the edit.
    pub(crate) fn apply(&self, policy: &Value) -> Value {
        let mut changed = policy.clone();
        match &self.value {
            Some(value) => set(&mut changed, &self.pointer, value),
            None => remove(&mut changed, &self.pointer),
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
        entries.insert(key.replace("~1", "/").replace("~0", "~"), value.clone());
    }
}

fn remove(document: &mut Value, pointer: &str) {
    let Some((parent, key)) = pointer.rsplit_once('/') else {
        return;
    };
    match document.pointer_mut(parent) {
        Some(Value::Array(items)) => {
            if let Some(index) = key.parse().ok().filter(|index| *index < items.len()) {
                items.remove(index);
            }
        }
        Some(Value::Object(entries)) => {
            entries.remove(&key.replace("~1", "/").replace("~0", "~"));
        }
        _ => {}
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
}

fn walk(value: &Value, pointer: &str, room: Room, edits: &mut Vec<Edit>) {
    match value {
        Value::Object(entries) => {
            for (key, child) in entries {
                let at = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
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
        leaf if room == Room::Pattern && !is_forbidding(pointer) => {
            edits.extend(negations(leaf, pointer));
        }
        _ => {}
    }
}

/// Below `X(…)` the value does not count, only whether the key is there.
fn is_forbidding(pointer: &str) -> bool {
    pointer
        .rsplit('/')
        .next()
        .is_some_and(|key| key.starts_with("X("))
}

fn room_of(key: &str, room: Room) -> Room {
    match (room, key) {
        (Room::Rule, "match" | "exclude") => Room::Filter,
        (Room::Rule, "pattern" | "anyPattern") => Room::Pattern,
        (Room::Rule, "preconditions" | "deny") => Room::Conditions,
        (Room::Rule, "podSecurity") => Room::PodSecurity,
        (room, _) => room,
    }
}

/// In a pattern a list has one item for all; conditions, filters and kinds are lists of many.
fn is_droppable(child: &Value, room: Room) -> bool {
    match room {
        Room::Rule => false,
        Room::Pattern => child.is_object(),
        Room::Filter | Room::PodSecurity => true,
        Room::Conditions => child.get("operator").is_some(),
    }
}

fn of_entry(key: &str, child: &Value, pointer: &str, room: Room) -> Vec<Edit> {
    let text = child.as_str().unwrap_or_default();
    match (room, key) {
        (Room::Rule, "exclude") => vec![removal(pointer, "exclude removed")],
        (Room::Rule, "preconditions") => vec![removal(pointer, "preconditions removed")],
        (Room::Conditions, "operator") => match opposite(text) {
            Some(other) => vec![replacement(pointer, other)],
            None => Vec::new(),
        },
        (Room::PodSecurity, "level") => match text {
            "baseline" => vec![replacement(pointer, "restricted")],
            _ => vec![replacement(pointer, "baseline")],
        },
        (Room::PodSecurity, "exclude") => vec![removal(pointer, "exclude removed")],
        (Room::Pattern, key) if key.starts_with("X(") => vec![removal(pointer, "key allowed")],
        _ => Vec::new(),
    }
}

fn opposite(operator: &str) -> Option<&'static str> {
    const PAIRS: &[(&str, &str)] = &[
        ("Equals", "NotEquals"),
        ("AnyIn", "AllNotIn"),
        ("AllIn", "AnyNotIn"),
        ("GreaterThan", "LessThanOrEquals"),
        ("GreaterThanOrEquals", "LessThan"),
        ("DurationGreaterThan", "DurationLessThanOrEquals"),
        ("DurationGreaterThanOrEquals", "DurationLessThan"),
    ];
    PAIRS.iter().find_map(|(one, other)| match operator {
        operator if operator == *one => Some(*other),
        operator if operator == *other => Some(*one),
        _ => None,
    })
}

/// A leaf of a pattern that wants the opposite; of alternatives, each one less.
fn negations(leaf: &Value, pointer: &str) -> Vec<Edit> {
    match leaf {
        Value::Bool(flag) => vec![replacement(pointer, !flag)],
        Value::Number(number) => {
            let other = number
                .as_i64()
                .map_or(json!(-1), |number| json!(number + 1));
            vec![replacement(pointer, other)]
        }
        Value::Null => vec![replacement(pointer, "?*")],
        Value::String(text) => {
            let separator = if text.contains('|') { '|' } else { '&' };
            let parts: Vec<&str> = text.split(separator).map(str::trim).collect();
            if parts.len() == 1 {
                return vec![replacement(pointer, negated(text))];
            }
            let without = |left_out: usize| {
                let kept = parts.iter().enumerate();
                let kept = kept.filter(|(index, _)| *index != left_out);
                let kept: Vec<&str> = kept.map(|(_, part)| *part).collect();
                replacement(pointer, kept.join(&format!(" {separator} ")))
            };
            (0..parts.len()).map(without).collect()
        }
        _ => Vec::new(),
    }
}

fn negated(text: &str) -> String {
    const COMPARISONS: &[(&str, &str)] = &[
        (">=", "<"),
        ("<=", ">"),
        (">", "<="),
        ("<", ">="),
        ("!", ""),
    ];
    let mut comparisons = COMPARISONS.iter();
    comparisons
        .find_map(|(one, other)| Some(format!("{other}{}", text.strip_prefix(one)?)))
        .unwrap_or_else(|| format!("!{text}"))
}

fn removal(pointer: &str, what: &str) -> Edit {
    Edit {
        pointer: pointer.to_owned(),
        what: what.to_owned(),
        value: None,
    }
}

fn replacement(pointer: &str, value: impl Into<Value>) -> Edit {
    let value = value.into();
    Edit {
        pointer: pointer.to_owned(),
        what: format!("replaced by {value}"),
        value: Some(value),
    }
}

fn items<'v>(value: &'v Value, pointer: &str) -> impl Iterator<Item = &'v Value> + use<'v> {
    let list = value.pointer(pointer).and_then(Value::as_array);
    list.into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_leaf_and_list_has_its_edits() {
        let policy = json!({"spec": {"rules": [{
            "match": {"any": [{"resources": {"kinds": ["Pod", "Service"]}}]},
            "exclude": {"any": [{"resources": {"names": ["a"]}}]},
            "validate": {"pattern": {"spec": {"a/b": ">=2", "c": "x | y", "d": null}}},
        }]}});
        let edits = of(&policy);
        let said: Vec<String> = edits
            .iter()
            .map(|edit| format!("{} {}", edit.pointer, edit.what))
            .collect();
        let rule = "/spec/rules/0";
        assert_eq!(
            said,
            [
                format!("{rule} rule removed"),
                format!("{rule}/exclude exclude removed"),
                format!("{rule}/match/any/0/resources/kinds/0 one of a list removed"),
                format!("{rule}/match/any/0/resources/kinds/1 one of a list removed"),
                format!("{rule}/validate/pattern/spec/a~1b replaced by \"<2\""),
                format!("{rule}/validate/pattern/spec/c replaced by \"y\""),
                format!("{rule}/validate/pattern/spec/c replaced by \"x\""),
                format!("{rule}/validate/pattern/spec/d replaced by \"?*\""),
            ]
        );
        for edit in &edits {
            assert_ne!(edit.apply(&policy), policy, "{edit:?}");
        }
    }
}
