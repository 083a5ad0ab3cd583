//! Whether an object is in effect, as kstatus tells it.

use serde_json::Value;

/// What an object lacks; none where it is in effect. An object that says nothing of itself is.
#[must_use]
pub fn lacks(object: &Value) -> Option<String> {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    if text("/metadata/deletionTimestamp").is_some() {
        return Some("it is being deleted".to_owned());
    }
    if text("/kind") == Some("Namespace") && text("/status/phase") == Some("Terminating") {
        return Some("it is terminating".to_owned());
    }
    let generation = object
        .pointer("/metadata/generation")
        .and_then(Value::as_i64);
    let observed = object
        .pointer("/status/observedGeneration")
        .and_then(Value::as_i64);
    if observed.is_some() && observed < generation {
        return Some("its controller has not seen it yet".to_owned());
    }
    if text("/kind") == Some("CustomResourceDefinition") {
        let is_established = condition(object, "Established").is_some_and(|one| is(one, "True"));
        return (!is_established).then(|| "it is not established".to_owned());
    }
    let ready = condition(object, "Ready").filter(|one| !is(one, "True"))?;
    let said = ready
        .get("message")
        .and_then(Value::as_str)
        .unwrap_or("`Ready` is not `True`");
    Some(said.to_owned())
}

fn condition<'o>(object: &'o Value, name: &str) -> Option<&'o Value> {
    let conditions = object.pointer("/status/conditions")?.as_array()?;
    let mut conditions = conditions.iter();
    conditions.find(|one| one.get("type").and_then(Value::as_str) == Some(name))
}

fn is(condition: &Value, status: &str) -> bool {
    condition.get("status").and_then(Value::as_str) == Some(status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn objects_tell_what_they_lack() {
        let conditions = |kind: &str, name: &str, status: &str| json!({"kind": kind, "status": {"conditions": [{"type": name, "status": status, "message": "why"}]}});
        let definition = "CustomResourceDefinition";
        for (object, wanted) in [
            (json!({"kind": "ClusterPolicy"}), None),
            (conditions("ClusterPolicy", "Ready", "True"), None),
            (conditions("ClusterPolicy", "Ready", "False"), Some("why")),
            (conditions(definition, "Established", "True"), None),
            (json!({"kind": definition}), Some("it is not established")),
            (
                json!({"metadata": {"deletionTimestamp": "now"}}),
                Some("it is being deleted"),
            ),
            (
                json!({"kind": "Namespace", "status": {"phase": "Terminating"}}),
                Some("it is terminating"),
            ),
            (
                json!({"metadata": {"generation": 2}, "status": {"observedGeneration": 1}}),
                Some("its controller has not seen it yet"),
            ),
        ] {
            assert_eq!(lacks(&object).as_deref(), wanted, "{object}");
        }
    }
}
