//! What a mutation writes, as far as the policy's text tells: constants at places of the object.
//!
//! Left out are values with variables, what `+( )` only adds, elements that are not told by name,
//! rules with `foreach`, and those for other objects than the one of the request.

use portcullis_api::cluster_policy::Mutation;
use portcullis_values::json_pointer;
use serde_json::{Map, Value};

use super::json_patch;
use crate::context::has_variable;
use crate::pattern::anchor::{self, AnchorKind};

/// A constant, or nothing, at a place.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Write {
    /// Keys, and names of list elements.
    pub(super) path: Vec<String>,
    /// What is there then; none when it is removed.
    pub(super) value: Option<Value>,
    /// Whether it takes the place of whatever was below.
    pub(super) replaces: bool,
    /// Where it is written, below `mutate`.
    pub(super) place: String,
}

impl Write {
    /// The place in the object, for the author.
    pub(super) fn shown(&self) -> String {
        format!("/{}", self.path.join("/"))
    }
}

/// What a mutation writes, and the conditions of its patch.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Writes {
    pub(super) list: Vec<Write>,
    pub(super) conditions: Vec<(Vec<String>, Value)>,
}

pub(super) fn of(mutation: &Mutation) -> Writes {
    let mut writes = Writes::default();
    if !mutation.targets.is_empty() || mutation.foreach.is_some() {
        return writes;
    }
    if let Some(Value::Object(patch)) = &mutation.patch_strategic_merge {
        writes.merge(patch, &[], "/patchStrategicMerge");
    } else if let Some(patch) = &mutation.patches_json6902 {
        for operation in json_patch::operations(patch).unwrap_or_default() {
            writes.operation(&operation);
        }
    }
    writes
}

impl Writes {
    fn merge(&mut self, patch: &Map<String, Value>, path: &[String], place: &str) {
        // A directive decides about the whole map.
        if patch.keys().any(|key| key.starts_with('$')) {
            return;
        }
        for (key, value) in patch {
            let place = format!("{place}/{}", json_pointer::escape(key));
            match anchor::parse(key).map(|anchor| (anchor.kind, anchor.key)) {
                None => self.value(value, &below(path, key), &place),
                Some((AnchorKind::Addition, _)) => {}
                Some((_, name))
                    if name == "name" && value.as_str() == path.last().map(String::as_str) => {}
                Some(_) => self.conditions.push((below(path, key), value.clone())),
            }
        }
    }

    fn value(&mut self, value: &Value, path: &[String], place: &str) {
        match value {
            Value::Object(patch) => self.merge(patch, path, place),
            Value::Array(items) if items.iter().any(Value::is_object) => {
                self.elements(items, path, place);
            }
            // Lists of names are merged.
            Value::Array(_) if path.last().is_some_and(|key| key == "finalizers") => {}
            value if has_variable(&value.to_string()) => {}
            value => self.list.push(Write {
                path: path.to_vec(),
                value: Some(value.clone()).filter(|value| !value.is_null()),
                replaces: false,
                place: place.to_owned(),
            }),
        }
    }

    fn elements(&mut self, items: &[Value], path: &[String], place: &str) {
        for (index, item) in items.iter().enumerate() {
            let Some(item) = item.as_object() else {
                continue;
            };
            let name = item.get("name").or_else(|| item.get("(name)"));
            if let Some(name) = name.and_then(Value::as_str).filter(|it| !has_variable(it)) {
                self.merge(item, &below(path, name), &format!("{place}/{index}"));
            }
        }
    }

    fn operation(&mut self, operation: &Value) {
        let text = |key: &str| json_patch::text(operation, key);
        let path: Vec<String> = text("path")
            .split('/')
            .skip(1)
            .map(json_pointer::unescape)
            .collect();
        let is_element = |key: &String| key == "-" || key.parse::<usize>().is_ok();
        if path.is_empty()
            || path.iter().any(|key| has_variable(key))
            || path.last().is_some_and(is_element)
        {
            return;
        }
        let value = match text("op") {
            "add" | "replace" => match operation.get("value") {
                Some(value) if !has_variable(&value.to_string()) => Some(value.clone()),
                _ => return,
            },
            "remove" => None,
            "test" => {
                let value = operation.get("value").cloned();
                self.conditions.push((path, value.unwrap_or_default()));
                return;
            }
            _ => return,
        };
        self.list.push(Write {
            path,
            value,
            replaces: true,
            place: "/patchesJson6902".to_owned(),
        });
    }
}

fn below(path: &[String], key: &str) -> Vec<String> {
    let mut path = path.to_vec();
    path.push(key.to_owned());
    path
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(mutation: Value, expected: &[(&str, Option<Value>)]) {
        let mutation = serde_json::from_value(mutation).expect("a mutation");
        let list = of(&mutation).list;
        let written: Vec<_> = list
            .iter()
            .map(|it| (it.shown(), it.value.clone()))
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(path, value)| ((*path).to_owned(), value.clone()))
            .collect();
        assert_eq!(written, expected);
    }

    #[test]
    fn merge_patches() {
        let merge = |patch: Value| json!({"patchStrategicMerge": patch});
        check(
            merge(json!({"metadata": {"labels": {"a": "b", "+(c)": "d", "e": null}}})),
            &[
                ("/metadata/labels/a", Some(json!("b"))),
                ("/metadata/labels/e", None),
            ],
        );
        check(
            merge(json!({"a": "{{ request.name }}", "b": {"$patch": "delete", "c": 1}})),
            &[],
        );
        check(
            merge(json!({"list": [{"name": "x", "a": 1}, {"(name)": "*", "b": 2}, {"c": 3}]})),
            &[
                ("/list/x/a", Some(json!(1))),
                ("/list/x/name", Some(json!("x"))),
                ("/list/*/b", Some(json!(2))),
            ],
        );
        check(
            merge(json!({"metadata": {"finalizers": ["a"]}, "args": ["b"]})),
            &[("/args", Some(json!(["b"])))],
        );
        let mut existing = merge(json!({"a": 1}));
        existing["targets"] = json!([{"kind": "Secret"}]);
        check(existing, &[]);
    }

    #[test]
    fn json_patches() {
        let patch = "
            - {op: add, path: /metadata/annotations/a~1b, value: c}
            - {op: remove, path: /spec/x}
            - {op: add, path: /spec/list/-, value: 1}
            - {op: add, path: /spec/list/0, value: 1}
            - {op: add, path: /spec/y, value: \"{{ request.name }}\"}
            - {op: replace, path: \"/spec/{{ request.name }}\", value: 1}
            - {op: test, path: /spec/z, value: 1}";
        check(
            json!({"patchesJson6902": patch}),
            &[
                ("/metadata/annotations/a/b", Some(json!("c"))),
                ("/spec/x", None),
            ],
        );
    }
}
