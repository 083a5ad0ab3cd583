//! What a case says of objects that come out: `generatedResource`, all of whose objects are wanted,
//! `generatedResources`, of which one file must fit, and `patchedResources`, which has the objects
//! as a policy changes them.
//!
//! Objects are compared as Kyverno compares them: without what is null or empty, and without the
//! labels that generation adds.

use std::collections::BTreeMap;

use portcullis_api::test_file::TestResult;
use portcullis_engine::generate::{ObjectRef, labels};
use serde_json::{Map, Value};

/// Objects that cases want, by the path of their file as the case has it.
pub type Wanted = BTreeMap<String, Vec<Value>>;

/// The files of objects that a case wants to come out.
pub fn files(case: &TestResult) -> impl Iterator<Item = &String> {
    case.generated_resource
        .iter()
        .chain(&case.generated_resources)
        .chain(&case.patched_resources)
}

/// What is wrong with an object that came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ObjectFault {
    /// The file does not have it.
    NotThere(String),
    /// The file has it otherwise.
    Differs(String),
}

/// Compares an object as policies left it with a case's `patchedResources`; none where it is as the
/// case wants it, or where the case wants nothing.
#[must_use]
pub fn patched_fault(case: &TestResult, wanted: &Wanted, found: &Value) -> Option<ObjectFault> {
    fault_in(case.patched_resources.as_ref()?, wanted, found)
}

/// Compares one generated object with a case's files, as Kyverno does: with that of
/// `generatedResource`, and with those of `generatedResources`, one of which must have it.
#[must_use]
pub fn generated_object_fault(
    case: &TestResult,
    wanted: &Wanted,
    found: &Value,
) -> Option<ObjectFault> {
    let of_file = |file: &String| fault_in(file, wanted, found);
    if let Some(fault) = case.generated_resource.as_ref().and_then(of_file) {
        return Some(fault);
    }
    let mut faults = case.generated_resources.iter().map(of_file);
    let first = faults.next()?;
    if faults.any(|fault| fault.is_none()) {
        return None;
    }
    first
}

fn fault_in(file: &String, wanted: &Wanted, found: &Value) -> Option<ObjectFault> {
    let of = ObjectRef::of(found);
    let objects = wanted.get(file).map(Vec::as_slice).unwrap_or_default();
    let Some(wanted) = objects.iter().find(|wanted| ObjectRef::of(wanted) == of) else {
        return Some(ObjectFault::NotThere(format!("{of} is not in {file}")));
    };
    let place = difference(&comparable(wanted), &comparable(found), "")?;
    Some(ObjectFault::Differs(format!("{of} differs at {place}")))
}

/// What is wrong with what was generated; none where it is as the case wants it.
#[must_use]
pub fn generated_fault(case: &TestResult, wanted: &Wanted, generated: &[Value]) -> Option<String> {
    let of_file = |file: &String| {
        let objects = wanted.get(file).map(Vec::as_slice).unwrap_or_default();
        file_fault(objects, generated)
    };
    if let Some(fault) = case.generated_resource.as_ref().and_then(of_file) {
        return Some(fault);
    }
    let mut faults = case.generated_resources.iter().map(of_file);
    let first = faults.next()?;
    if faults.any(|fault| fault.is_none()) {
        return None;
    }
    first
}

fn file_fault(wanted: &[Value], generated: &[Value]) -> Option<String> {
    wanted.iter().find_map(|wanted| {
        let of = ObjectRef::of(wanted);
        let Some(found) = generated.iter().find(|found| ObjectRef::of(found) == of) else {
            return Some(match generated {
                [] => format!("{of} is not generated, nor anything else"),
                some => format!("{of} is not generated, but {}", names(some)),
            });
        };
        let place = difference(&comparable(wanted), &comparable(found), "")?;
        Some(format!("{of} differs at {place}"))
    })
}

fn names(objects: &[Value]) -> String {
    let names = objects
        .iter()
        .map(|object| ObjectRef::of(object).to_string());
    names.collect::<Vec<_>>().join(", ")
}

/// An object without what is not compared.
fn comparable(object: &Value) -> Value {
    let mut object = object.clone();
    let own = object.pointer_mut("/metadata/labels");
    if let Some(own) = own.and_then(Value::as_object_mut) {
        own.retain(|key, value| {
            !key.starts_with(labels::PREFIX) && (key.as_str(), value.as_str()) != MANAGED
        });
    }
    tidy(object).unwrap_or_default()
}

const MANAGED: (&str, Option<&str>) = (labels::MANAGED_BY.0, Some(labels::MANAGED_BY.1));

/// A value without what is null or empty; none where nothing is left.
fn tidy(value: Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Array(items) => {
            let items: Vec<Value> = items.into_iter().filter_map(tidy).collect();
            (!items.is_empty()).then_some(Value::Array(items))
        }
        Value::Object(entries) => {
            let entries = entries.into_iter();
            let entries: Map<String, Value> = entries
                .filter_map(|(key, value)| Some((key, tidy(value)?)))
                .collect();
            (!entries.is_empty()).then_some(Value::Object(entries))
        }
        other => Some(other),
    }
}

/// The first place where two values differ, with what is wanted and found there.
fn difference(wanted: &Value, found: &Value, path: &str) -> Option<String> {
    let nothing = Value::Null;
    match (wanted, found) {
        (Value::Object(wanted), Value::Object(found)) => {
            let keys = wanted.keys().chain(found.keys());
            keys.into_iter().find_map(|key| {
                let side = |map: &'_ Map<String, Value>| map.get(key).cloned();
                let (wanted, found) = (side(wanted), side(found));
                difference(
                    wanted.as_ref().unwrap_or(&nothing),
                    found.as_ref().unwrap_or(&nothing),
                    &format!("{path}/{key}"),
                )
            })
        }
        (Value::Array(wanted), Value::Array(found)) if wanted.len() == found.len() => {
            let mut pairs = wanted.iter().zip(found).enumerate();
            pairs.find_map(|(at, (wanted, found))| {
                difference(wanted, found, &format!("{path}/{at}"))
            })
        }
        (Value::Number(one), Value::Number(other)) if one.as_f64() == other.as_f64() => None,
        (wanted, found) if wanted == found => None,
        (wanted, found) => Some(format!("{path}: wanted `{wanted}`, got `{found}`")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn secret(name: &str, data: Value) -> Value {
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "n"}, "data": data})
    }

    #[track_caller]
    fn check(one: Option<&str>, any: &[&str], generated: &[&Value], expected: Option<&str>) {
        let generated: Vec<Value> = generated.iter().copied().cloned().collect();
        let wanted = Wanted::from([
            (
                "a".to_owned(),
                vec![secret("a", json!({"k": 1, "l": [1, 2]}))],
            ),
            ("b".to_owned(), vec![secret("b", json!({"k": 1}))]),
        ]);
        let case = TestResult {
            generated_resource: one.map(str::to_owned),
            generated_resources: any.iter().map(|file| (*file).to_owned()).collect(),
            ..TestResult::default()
        };
        assert_eq!(
            generated_fault(&case, &wanted, &generated).as_deref(),
            expected
        );
    }

    #[test]
    fn generated_objects_are_compared_with_files() {
        let mut a = secret(
            "a",
            json!({"k": 1.0, "l": [1, 2], "empty": {"map": {}}, "null": null}),
        );
        a["metadata"]["labels"] = json!({"app.kubernetes.io/managed-by": "kyverno", "generate.kyverno.io/rule-name": "r"});
        let other = secret("a", json!({"k": 1, "l": [1, 3]}));
        let b = secret("b", json!({"k": 1}));
        check(None, &[], &[], None);
        check(Some("a"), &[], &[&a], None);
        check(Some("a"), &[], &[&b, &a], None);
        check(
            Some("a"),
            &[],
            &[],
            Some("v1 Secret n/a is not generated, nor anything else"),
        );
        check(
            Some("a"),
            &[],
            &[&b],
            Some("v1 Secret n/a is not generated, but v1 Secret n/b"),
        );
        check(
            Some("a"),
            &[],
            &[&other],
            Some("v1 Secret n/a differs at /data/l/1: wanted `2`, got `3`"),
        );
        check(None, &["a", "b"], &[&b], None);
        check(
            None,
            &["a", "b"],
            &[&other],
            Some("v1 Secret n/a differs at /data/l/1: wanted `2`, got `3`"),
        );
        a["metadata"]["labels"]["team"] = json!("x");
        check(
            Some("a"),
            &[],
            &[&a],
            Some(
                "v1 Secret n/a differs at /metadata/labels: wanted `null`, got `{\"team\":\"x\"}`",
            ),
        );
    }
}
