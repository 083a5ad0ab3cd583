//! `apply_results.jsonl`: what Kyverno's engine answers in each suite, rule by rule.
//!
//! ```text
//! {"corpus": …, "suite": …, "tests": [{"file": …, "engine": [{"phase", "resource", "policy",
//!   "rules": [{"name", "type", "status", "message", "reportResult", "reportProperties",
//!   "generated", "patchedTarget", …}], "patchedResource"}]}]}
//! ```
//!
//! Suites of policies that validate, generate or mutate count, in what the engine answers and in the
//! rows that `test` shows. Generated objects are compared without the labels that say where they come
//! from, which Kyverno's `test` takes off. What a `mutate` rule changed is compared as the object
//! after the rule's policy, and the target. A changed target is answered for once more, under the
//! target. An answer that one side has and the other has not counts as a difference of its status.

pub(crate) mod rows;

use std::{collections::BTreeMap, path::Path};

use portcullis_engine::{
    generate::labels,
    report,
    report::ReportResult,
    request::{Operation, Payload as Kind},
    response::{RuleResponse, RuleStatus, RuleType},
};
use portcullis_pipeline::{
    offline::{Overrides, payloads::Payload},
    suite::{self, Judgement, SuiteOptions, evaluation::Evaluation},
};
use serde_json::{Value, json};

use crate::{score::Score, suites};

/// The table's file name without its suffix.
pub const NAME: &str = "apply_results";

/// What a difference can be in.
const PARTS: [&str; 5] = ["status", "message", "properties", "generated", "patched"];

/// What the suites that count do.
const KINDS: [&str; 11] = [
    "validate",
    "generate",
    "mutate",
    "validate.cel",
    "ValidatingPolicy",
    "MutatingPolicy",
    "DeletingPolicy",
    "GeneratingPolicy",
    "ImageValidatingPolicy",
    "ValidatingAdmissionPolicy",
    "MutatingAdmissionPolicy",
];

/// Where an answer stands: test file, phase, resource, policy, rule.
type Key = (String, String, String, String, String);

/// One answer, in the parts that are compared.
type Answer = [Value; 5];

/// Replays the table: a score for each part of an answer.
///
/// # Errors
/// Where a line is no JSON.
pub fn replay(corpora: &Path, table: &str) -> Result<Vec<Score>, String> {
    let mut scores = PARTS.map(|part| Score::new(format!("{NAME} {part}")));
    let mut rows = Score::new(format!("{NAME} rows"));
    for line in table.lines().filter(|line| !line.is_empty()) {
        let suite: Value =
            serde_json::from_str(line).map_err(|error| format!("{NAME}: {error}"))?;
        if suite["network"] == true {
            continue;
        }
        let Some(corpus) = corpus_of(&suite) else {
            continue;
        };
        for (file, tests) in by_file(&suite["tests"]) {
            let path = corpora.join(corpus).join(&file);
            if !path.is_file() || !KINDS.contains(&suites::kind_of(&path).as_str()) {
                continue;
            }
            let shown: Vec<rows::Test<'_>> = tests
                .iter()
                .map(|(number, test)| rows::Test {
                    shown: test,
                    is_unstable: is_unstable(&suite, *number),
                })
                .collect();
            rows::compare(&file, &path, &shown, &mut rows);
            let engine = tests.iter().any(|(_, test)| test["engine"].is_array());
            if engine {
                let theirs = theirs(&file, &tests);
                compare(&file, theirs, ours(&file, &path), &mut scores);
            }
        }
    }
    Ok(scores.into_iter().chain([rows]).collect())
}

/// The suites of a corpus that Kyverno cannot run, each with the reason, by file.
#[must_use]
pub fn errors(table: &str, corpus: &str) -> BTreeMap<String, String> {
    let suites = table
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let suites = suites.filter(|suite| corpus_of(suite) == Some(corpus));
    let mut errors = BTreeMap::new();
    for suite in suites {
        for test in suite["tests"].as_array().into_iter().flatten() {
            if let (Some(file), Some(error)) = (test["file"].as_str(), test["error"].as_str()) {
                errors.insert(file.to_owned(), error.to_owned());
            }
        }
    }
    errors
}

fn corpus_of(suite: &Value) -> Option<&str> {
    match suite["corpus"].as_str()? {
        "kyverno/test/cli" => Some("kyverno-test/cli"),
        corpus => Some(corpus),
    }
}

/// Whether the rows of a test differ from run to run.
fn is_unstable(suite: &Value, test: usize) -> bool {
    let rows = format!("/tests/{test}/rows");
    let mut places = suite["unstable"].as_array().into_iter().flatten();
    places.any(|place| place.as_str().is_some_and(|place| place.starts_with(&rows)))
}

/// The tests of each file, with their numbers in the suite.
fn by_file(tests: &Value) -> BTreeMap<String, Vec<(usize, &Value)>> {
    let mut files: BTreeMap<String, Vec<(usize, &Value)>> = BTreeMap::new();
    for (number, test) in tests.as_array().into_iter().flatten().enumerate() {
        if let Some(file) = test["file"].as_str() {
            files
                .entry(file.to_owned())
                .or_default()
                .push((number, test));
        }
    }
    files
}

fn compare(
    file: &str,
    mut theirs: BTreeMap<Key, Vec<Answer>>,
    ours: BTreeMap<Key, Vec<Answer>>,
    scores: &mut [Score; 5],
) {
    for (key, mut found) in ours {
        let mut wanted = theirs.remove(&key).unwrap_or_default();
        found.retain(|answer| {
            let same = wanted.iter().position(|other| other == answer);
            let same = same.map(|at| wanted.remove(at));
            if let Some(same) = &same {
                count(file, &key, Some(same), Some(answer), scores);
            }
            same.is_none()
        });
        let mut wanted = wanted.into_iter();
        for answer in found {
            count(file, &key, wanted.next().as_ref(), Some(&answer), scores);
        }
        for answer in wanted {
            count(file, &key, Some(&answer), None, scores);
        }
    }
    for (key, answers) in theirs {
        for answer in answers {
            count(file, &key, Some(&answer), None, scores);
        }
    }
}

fn count(
    file: &str,
    key: &Key,
    wanted: Option<&Answer>,
    found: Option<&Answer>,
    scores: &mut [Score; 5],
) {
    let name = || {
        let (_, phase, resource, policy, rule) = key;
        format!("{file} {phase} {resource} {policy} {rule}")
    };
    let (Some(wanted), Some(found)) = (wanted, found) else {
        let only = match wanted {
            Some(answer) => format!("no answer, wanted {}", answer[0]),
            None => format!("an answer that Kyverno does not give: {found:?}"),
        };
        scores[0].count(name, Err(only));
        return;
    };
    for ((wanted, found), score) in wanted.iter().zip(found).zip(scores) {
        let outcome = if wanted == found {
            Ok(())
        } else {
            Err(format!("wanted {wanted}, got {found}"))
        };
        score.count(name, outcome);
    }
}

fn theirs(file: &str, tests: &[(usize, &Value)]) -> BTreeMap<Key, Vec<Answer>> {
    let mut answers: BTreeMap<Key, Vec<Answer>> = BTreeMap::new();
    let entries = tests
        .iter()
        .filter_map(|(_, test)| test["engine"].as_array());
    for entry in entries.flatten() {
        let text = |key: &str| entry[key].as_str().unwrap_or_default().to_owned();
        let policy = match entry["policyNamespace"].as_str() {
            Some(namespace) => format!("{namespace}/{}", text("policy")),
            None => text("policy"),
        };
        for rule in entry["rules"].as_array().into_iter().flatten() {
            let key = (
                file.to_owned(),
                text("phase"),
                text("resource"),
                policy.clone(),
                rule["name"].as_str().unwrap_or_default().to_owned(),
            );
            answers.entry(key).or_default().push([
                json!([rule["type"], rule["status"], rule["reportResult"]]),
                json!([rule["message"], rule["reportMessage"]]),
                json!([
                    rule["reportProperties"],
                    rule["scored"],
                    rule["severity"],
                    rule["category"]
                ]),
                in_any_order(&rule["generated"]),
                match (rule["type"].as_str(), rule["status"].as_str()) {
                    (Some("Mutation"), Some("pass")) => json!([
                        unmanaged(&entry["patchedResource"]),
                        unmanaged(&rule["patchedTarget"])
                    ]),
                    _ => Value::Null,
                },
            ]);
        }
    }
    answers
}

fn ours(file: &str, path: &Path) -> BTreeMap<Key, Vec<Answer>> {
    let options = SuiteOptions {
        judgement: Judgement::Compat,
        ..SuiteOptions::default()
    };
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut answers: BTreeMap<Key, Vec<Answer>> = BTreeMap::new();
    for test in suite::tests(path, &Overrides::new()) {
        let evaluation = Evaluation::new(folder, &test, &options);
        for (operation, of_operation) in evaluation.answers(&test) {
            let inputs = &evaluation.inputs;
            let objects = inputs.objects.iter();
            let objects = objects.map(|object| (object, resource(object)));
            let payloads = inputs.payloads.iter();
            let payloads = payloads.map(|of| (&of.value, payload(file, of)));
            for ((object, name), responses) in objects.chain(payloads).zip(of_operation) {
                let mut changed: Option<&Value> = None;
                for response in &responses {
                    changed = response.patched.as_deref().or(changed);
                    let after = changed.filter(|after| *after != object);
                    for rule in &response.rules {
                        let result = report::result(response, rule);
                        let mut add = |phase: String, name: String| {
                            let key = (
                                file.to_owned(),
                                phase,
                                name,
                                result.policy.clone(),
                                rule.rule.to_string(),
                            );
                            let answer = answer(rule, &result, after);
                            answers.entry(key).or_default().push(answer);
                        };
                        add(phase(operation), name.clone());
                        if let Some(target) = target(rule) {
                            add("target".to_owned(), resource(target));
                        }
                    }
                }
            }
        }
    }
    answers
}

/// An object without the label that Kyverno's `test` adds to what a rule changed.
fn unmanaged(object: &Value) -> Value {
    let mut object = object.clone();
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else {
        return object;
    };
    if let Some(own) = metadata.get_mut("labels").and_then(Value::as_object_mut) {
        own.retain(|key, value| (key.as_str(), value.as_str()) != MANAGED);
        if own.is_empty() {
            metadata.remove("labels");
        }
    }
    object
}

const MANAGED: (&str, Option<&str>) = (labels::MANAGED_BY.0, Some(labels::MANAGED_BY.1));

fn target(rule: &RuleResponse) -> Option<&Value> {
    rule.detail.as_ref()?.patched_target.as_ref()
}

fn answer(rule: &RuleResponse, result: &ReportResult, after: Option<&Value>) -> Answer {
    [
        json!([
            rule.rule_type.as_str(),
            rule.status.as_str(),
            result.result.as_str()
        ]),
        json!([&*rule.message, result.message]),
        json!([
            result.properties,
            result.scored,
            result.severity,
            result.category
        ]),
        generated(rule),
        match (rule.rule_type, rule.status) {
            (RuleType::Mutation, RuleStatus::Pass) => {
                let bare = |object: Option<&Value>| object.map(unmanaged);
                let target = target(rule);
                json!([bare(after.filter(|_| target.is_none())), bare(target)])
            }
            _ => Value::Null,
        },
    ]
}

/// A list by its texts: objects are made in no order that counts.
fn in_any_order(objects: &Value) -> Value {
    let mut objects: Vec<Value> = objects.as_array().cloned().unwrap_or_default();
    objects.sort_by_cached_key(Value::to_string);
    match objects.is_empty() {
        true => Value::Null,
        false => Value::from(objects),
    }
}

fn generated(rule: &RuleResponse) -> Value {
    let bare = rule.generated().iter().map(|object| {
        let mut object = object.clone();
        if let Some(own) = object
            .pointer_mut("/metadata/labels")
            .and_then(Value::as_object_mut)
        {
            own.retain(|key, _| !key.starts_with(labels::PREFIX));
        }
        object
    });
    in_any_order(&bare.collect())
}

fn phase(operation: Option<Operation>) -> String {
    operation.map_or("trigger".to_owned(), |operation| {
        format!("operation:{}", operation.as_str())
    })
}

/// How the table names a payload: a file of JSON by its name, a request by its path.
fn payload(file: &str, payload: &Payload) -> String {
    match (payload.kind, file.rsplit_once('/')) {
        (Kind::Envoy | Kind::Http, Some((folder, _))) => format!("{folder}/{}", payload.name),
        _ => payload.name.clone(),
    }
}

fn resource(object: &Value) -> String {
    [
        "/apiVersion",
        "/kind",
        "/metadata/namespace",
        "/metadata/name",
    ]
    .map(|pointer| {
        object
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    })
    .join(",")
}
