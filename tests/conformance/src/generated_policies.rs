//! Kyverno's tests of the native policies that it generates: folders of a policy, perhaps exceptions,
//! and the ValidatingAdmissionPolicy or MutatingAdmissionPolicy that must, or must not, come of them.
//!
//! `chainsaw-test.yaml` says which files must hold (`assert`) and which must not (`error`). An object
//! holds where the generated one has everything that it has.

use std::path::{Path, PathBuf};

use portcullis_pipeline::{
    native_policies::{self, Choice},
    offline::yaml_files,
};
use portcullis_yaml::{Limits, Mode};
use serde_json::Value;

use crate::score::Score;

/// The corpus.
pub const NAME: &str = "generated-policies";

/// Its folders, below that of the corpora.
const FOLDERS: &[&str] = &[
    "kyverno-test/conformance/chainsaw/generate-validating-admission-policy",
    "kyverno-test/conformance/chainsaw/generate-mutating-admission-policy",
];

/// Replays every test; each file that must, or must not, hold is a case.
#[must_use]
pub fn replay(corpora: &Path) -> Option<Score> {
    let mut score = Score::new(NAME);
    for folder in FOLDERS {
        let files = yaml_files(&corpora.join(folder)).unwrap_or_default();
        let tests = files
            .iter()
            .filter(|file| file.ends_with("chainsaw-test.yaml"));
        for test in tests {
            replay_test(corpora, test, &mut score);
        }
    }
    (score.total > 0).then_some(score)
}

fn replay_test(corpora: &Path, test: &Path, score: &mut Score) {
    let folder = test.parent().unwrap_or(test);
    let inputs = ["policy.yaml", "exception.yaml"].map(|name| folder.join(name));
    let inputs: Vec<PathBuf> = inputs.into_iter().filter(|path| path.is_file()).collect();
    let generated = native_policies::compile(&inputs, &[], Choice::default());
    let steps = documents(test);
    let steps = steps.iter().flat_map(|test| list(&test["spec"]["steps"]));
    for operation in steps.flat_map(|step| list(&step["try"])) {
        for (word, wanted) in [("assert", true), ("error", false)] {
            let Some(name) = operation[word]["file"].as_str() else {
                continue;
            };
            if !name.contains("admissionpolicy") {
                continue;
            }
            let file = folder.join(name);
            let expected = documents(&file);
            let shown = file.strip_prefix(corpora).unwrap_or(&file).display();
            score.count(
                || shown.to_string(),
                check(&expected, &generated.objects, wanted),
            );
        }
    }
}

fn check(expected: &[Value], generated: &[Value], wanted: bool) -> Result<(), String> {
    for expected in expected {
        let same = |one: &&Value| {
            one["kind"] == expected["kind"]
                && one["metadata"]["name"] == expected["metadata"]["name"]
        };
        match (generated.iter().find(same), wanted) {
            (Some(one), true) => holds(expected, one, "")?,
            (None, true) => return Err("it was not generated".to_owned()),
            (Some(_), false) => return Err("it was generated".to_owned()),
            (None, false) => {}
        }
    }
    Ok(())
}

/// Whether a value has everything that is expected; an owner has no identity outside a cluster.
fn holds(expected: &Value, value: &Value, path: &str) -> Result<(), String> {
    match (expected, value) {
        (Value::Object(expected), Value::Object(_)) => expected
            .iter()
            .filter(|(key, _)| *key != "ownerReferences")
            .try_for_each(|(key, below)| holds(below, &value[key], &format!("{path}/{key}"))),
        (Value::Array(expected), Value::Array(items)) if expected.len() == items.len() => expected
            .iter()
            .zip(items)
            .try_for_each(|(expected, item)| holds(expected, item, path)),
        _ if expected == value => Ok(()),
        _ => Err(format!("{path}: expected {expected}, found {value}")),
    }
}

fn documents(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let read = portcullis_yaml::documents(&text)
        .map(|document| document.read(Mode::Lenient, &Limits::default()));
    read.flatten().collect()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
