//! Where an object differs from the manifest that was signed.
//!
//! Scalars are compared at their paths, such as `spec.ports.0.port`. A field that is null, and an
//! empty map or list as the value of a field, is as good as none, for the API server adds and drops
//! them; an element of a list always counts.

use std::collections::BTreeMap;
use std::fmt;

use portcullis_values::wildcard;
use serde_json::Value;

/// A path with two values.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Difference {
    path: String,
    signed: Option<Value>,
    found: Option<Value>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = |value: &Option<Value>| match value {
            Some(value) => format!("`{value}`"),
            None => "nothing".to_owned(),
        };
        let (signed, found) = (told(&self.signed), told(&self.found));
        write!(f, "{} is {found}, and {signed} was signed", self.path)
    }
}

/// The differences that no pattern ignores, by path. The namespace may be left to the object.
pub(super) fn between(signed: &Value, object: &Value, ignored: &[String]) -> Vec<Difference> {
    let (mut of_signed, mut of_object) = (BTreeMap::new(), BTreeMap::new());
    leaves(signed, &mut String::new(), &mut of_signed);
    leaves(object, &mut String::new(), &mut of_object);
    if !of_signed.contains_key("metadata.namespace") {
        of_object.remove("metadata.namespace");
    }
    let mut differences = Vec::new();
    for (path, signed) in &of_signed {
        let found = of_object.remove(path);
        if found != Some(*signed) {
            differences.push((path.clone(), Some(*signed), found));
        }
    }
    let added = of_object.into_iter();
    differences.extend(added.map(|(path, found)| (path, None, Some(found))));
    differences.sort_by(|one, other| one.0.cmp(&other.0));
    let differences = differences.into_iter();
    differences
        .filter(|(path, _, _)| !ignored.iter().any(|pattern| covers(pattern, path)))
        .map(|(path, signed, found)| Difference {
            path,
            signed: signed.cloned(),
            found: found.cloned(),
        })
        .collect()
}

/// Whether a pattern names a path, or something around it.
fn covers(pattern: &str, path: &str) -> bool {
    wildcard::matches(pattern, path) || wildcard::matches(&format!("{pattern}.*"), path)
}

fn leaves<'v>(value: &'v Value, path: &mut String, found: &mut BTreeMap<String, &'v Value>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                if !is_nothing(value) {
                    below(key, value, path, found);
                }
            }
        }
        Value::Array(elements) => {
            for (index, value) in elements.iter().enumerate() {
                below(&index.to_string(), value, path, found);
            }
        }
        _ => {
            found.insert(path.clone(), value);
        }
    }
}

fn below<'v>(
    step: &str,
    value: &'v Value,
    path: &mut String,
    found: &mut BTreeMap<String, &'v Value>,
) {
    let length = path.len();
    if length > 0 {
        path.push('.');
    }
    path.push_str(step);
    match is_nothing(value) {
        true => {
            found.insert(path.clone(), value);
        }
        false => leaves(value, path, found),
    }
    path.truncate(length);
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(fields) => fields.is_empty(),
        Value::Array(elements) => elements.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(signed: Value, object: Value, ignored: &[&str], expected: &[&str]) {
        let ignored: Vec<String> = ignored.iter().map(|&pattern| pattern.to_owned()).collect();
        let found = between(&signed, &object, &ignored);
        let paths: Vec<&str> = found.iter().map(|it| it.path.as_str()).collect();
        assert_eq!(paths, expected);
    }

    #[test]
    fn paths_that_differ() {
        check(json!({"a": 1}), json!({"a": 1}), &[], &[]);
        check(json!({"a": 1}), json!({"a": 2}), &[], &["a"]);
        check(json!({"a": 1}), json!({"a": "1"}), &[], &["a"]);
        check(json!({}), json!({"b": {"c": 1}}), &[], &["b.c"]);
        check(json!({"b": [1, 2]}), json!({"b": [1]}), &[], &["b.1"]);
        check(json!({}), json!({"b": {}, "c": [], "d": null}), &[], &[]);
        let (none, all) = (json!({"ingress": []}), json!({"ingress": [{}]}));
        check(none, all, &[], &["ingress.0"]);
        let object = json!({"metadata": {"namespace": "x"}});
        check(json!({}), object.clone(), &[], &[]);
        let signed = json!({"metadata": {"namespace": "y"}});
        check(signed, object, &[], &["metadata.namespace"]);
    }

    #[test]
    fn ignored_fields() {
        let object = json!({"status": {"a": 1}, "spec": {"ports": [{"nodePort": 1}], "type": 1}});
        let all = ["spec.ports.0.nodePort", "spec.type", "status.a"];
        check(json!({}), object.clone(), &[], &all);
        check(json!({}), object.clone(), &["status"], &all[..2]);
        check(json!({}), object.clone(), &["stat"], &all);
        check(
            json!({}),
            object.clone(),
            &["spec.ports.*.nodePort"],
            &all[1..],
        );
        check(json!({}), object, &["spec.*", "s*.a"], &[]);
    }
}
