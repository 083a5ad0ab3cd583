//! One wrong field at a time, in every version of Kubernetes: each is found, at its place.
#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be read fails the test"
)]

use portcullis_schema::{Catalogue, Verdict, builtin};
use portcullis_yaml::{Limits, Mode};
use serde_json::{Value, json};

const VERSIONS: [&str; 8] = [
    "1.30", "1.31", "1.32", "1.33", "1.34", "1.35", "1.36", "1.37",
];

/// Maps whose keys are anyone's.
const OPEN: [&str; 7] = [
    "labels",
    "annotations",
    "matchLabels",
    "data",
    "requests",
    "limits",
    "selector",
];

/// A manifest with one fault.
struct Faulty {
    manifest: Value,
    pointer: String,
    what: &'static str,
}

#[test]
fn every_fault_of_every_version_is_found() {
    let text = include_str!("manifests.yaml");
    for version in VERSIONS {
        let catalogue = builtin(version).unwrap();
        let mut count = 0;
        for document in portcullis_yaml::documents(text) {
            let manifest = document.read(Mode::Strict, &Limits::default()).unwrap();
            assert_eq!(
                found(&catalogue, &manifest),
                [""; 0],
                "{version}: {manifest}"
            );
            for faulty in faults(&manifest) {
                count += 1;
                let found = found(&catalogue, &faulty.manifest);
                assert!(
                    found.iter().any(|pointer| pointer == &faulty.pointer),
                    "{version} {} {}: {}, found at {found:?}",
                    manifest["kind"],
                    faulty.pointer,
                    faulty.what,
                );
            }
        }
        assert!(count >= 200, "{version}: {count} faults");
    }
}

/// Faults of one kind each: in a Deployment, the pointer, the value there (removed where null), and
/// where the fault is found.
const DEPLOYMENT: &[(&str, &str, &str)] = &[
    ("/spec/selector", "null", "/spec"),
    (
        "/spec/template/spec/containers/0/name",
        "null",
        "/spec/template/spec/containers/0",
    ),
    (
        "/spec/template/spec/containers/0/ports/0/containerPort",
        "null",
        "/spec/template/spec/containers/0/ports/0",
    ),
    (
        "/spec/template/spec/containers/0/ports/0/containerPort",
        "80.5",
        "/spec/template/spec/containers/0/ports/0/containerPort",
    ),
    ("/spec/replicas", "99999999999", "/spec/replicas"),
    (
        "/spec/template/spec/containers/0/resources/limits/memory",
        r#""128Mb""#,
        "/spec/template/spec/containers/0/resources/limits/memory",
    ),
    (
        "/spec/template/spec/containers/0/env/1/name",
        r#""MODE""#,
        "/spec/template/spec/containers/0/env/1",
    ),
    (
        "/spec/template/spec/volumes/0/persistentVolumeClaim/claimName",
        "null",
        "/spec/template/spec/volumes/0/persistentVolumeClaim",
    ),
];

#[test]
fn faults_of_each_kind_are_found() {
    let text = include_str!("manifests.yaml");
    let first = portcullis_yaml::documents(text).next().unwrap();
    let deployment = first.read(Mode::Strict, &Limits::default()).unwrap();
    for version in VERSIONS {
        let catalogue = builtin(version).unwrap();
        for (pointer, value, wanted) in DEPLOYMENT {
            let mut manifest = deployment.clone();
            let value: Value = serde_json::from_str(value).unwrap();
            if value.is_null() {
                let (parent, key) = pointer.rsplit_once('/').unwrap();
                let parent = manifest.pointer_mut(parent).unwrap();
                parent.as_object_mut().unwrap().remove(key).unwrap();
            } else {
                *manifest.pointer_mut(pointer).unwrap() = value;
            }
            let found = found(&catalogue, &manifest);
            assert!(
                found.iter().any(|found| found == wanted),
                "{version} {pointer}: found at {found:?}"
            );
        }
    }
}

fn found(catalogue: &Catalogue, manifest: &Value) -> Vec<String> {
    match catalogue.validate(manifest) {
        Verdict::Valid => Vec::new(),
        Verdict::Invalid(faults) => faults.iter().map(|fault| fault.pointer()).collect(),
        other @ Verdict::UnknownKind { .. } => vec![format!("{other:?}")],
    }
}

fn faults(manifest: &Value) -> Vec<Faulty> {
    let mut faults = Vec::new();
    for part in ["spec", "rules", "roleRef", "subjects", "immutable"] {
        if let Some(value) = manifest.get(part) {
            spoil(manifest, value, &format!("/{part}"), &mut faults);
        }
    }
    faults
}

/// A value of another type in place of each one, and a field that does not exist in each object.
fn spoil(manifest: &Value, value: &Value, pointer: &str, faults: &mut Vec<Faulty>) {
    let mut push = |wrong: Value, what, at: String| {
        let mut manifest = manifest.clone();
        *manifest.pointer_mut(pointer).unwrap() = wrong;
        faults.push(Faulty {
            manifest,
            pointer: at,
            what,
        });
    };
    let name = pointer.rsplit('/').next().unwrap();
    let takes_both = [
        "port",
        "targetPort",
        "maxSurge",
        "maxUnavailable",
        "minAvailable",
    ];
    match value {
        Value::Object(entries) => {
            push(json!("text"), "text for an object", pointer.to_owned());
            let is_open = OPEN.contains(&name) && !entries.contains_key("matchLabels");
            if !is_open && !entries.contains_key("matchExpressions") {
                let mut more = entries.clone();
                more.insert("noSuchField".to_owned(), json!(1));
                push(
                    Value::Object(more),
                    "an unknown field",
                    format!("{pointer}/noSuchField"),
                );
            }
        }
        Value::Array(_) => push(json!({"a": 1}), "an object for a list", pointer.to_owned()),
        Value::String(_) => push(json!({"a": 1}), "an object for text", pointer.to_owned()),
        Value::Number(_) if takes_both.contains(&name) => {
            push(
                json!([1]),
                "a list for a number or text",
                pointer.to_owned(),
            );
        }
        Value::Number(_) => push(json!("many"), "text for a number", pointer.to_owned()),
        Value::Bool(_) => push(json!("yes"), "text for a flag", pointer.to_owned()),
        Value::Null => {}
    }
    match value {
        Value::Object(entries) => {
            for (key, child) in entries {
                let at = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
                spoil(manifest, child, &at, faults);
            }
        }
        Value::Array(items) => {
            for (index, child) in items.iter().enumerate() {
                spoil(manifest, child, &format!("{pointer}/{index}"), faults);
            }
        }
        _ => {}
    }
}
