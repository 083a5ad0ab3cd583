//! Kyverno's test suites: each counts as one case, by corpus and by what its policies are. One that
//! Kyverno cannot run, as the table of its answers tells where it is there, must not run here.

use std::{collections::BTreeMap, path::Path};

use portcullis_engine::load::Loaded;
use portcullis_pipeline::{
    offline::{Overrides, policies},
    suite::{self, Judgement, SuiteOptions, SuiteOutcome},
};

use crate::{
    apply_results::{self, rows},
    score::Score,
};

/// The corpora that hold suites.
pub const CORPORA: &[&str] = &["policies", "kyverno-test/cli"];

/// Replays a corpus: its score, then a score for each kind of policy.
#[must_use]
pub fn replay(corpora: &Path, corpus: &str) -> Vec<Score> {
    let folder = corpora.join(corpus);
    let (files, _) = suite::discover(std::slice::from_ref(&folder), suite::FILE);
    let options = SuiteOptions {
        judgement: Judgement::Compat,
        ..SuiteOptions::default()
    };
    let table = corpora.join(format!("goldens/{}.jsonl", apply_results::NAME));
    let table = std::fs::read_to_string(table).unwrap_or_default();
    let errors = apply_results::errors(&table, corpus);
    let mut whole = Score::new(corpus);
    let mut kinds: BTreeMap<String, Score> = BTreeMap::new();
    for file in files {
        let outcomes = suite::run_file(&file, &options);
        let name = file
            .strip_prefix(&folder)
            .unwrap_or(&file)
            .display()
            .to_string();
        let outcome = match (errors.get(&name), outcomes.as_slice()) {
            (Some(error), [outcome]) => rows::cannot_run(error, outcome),
            _ => judge(&outcomes),
        };
        let kind = format!("{corpus}: {}", kind_of(&file));
        let by_kind = kinds
            .entry(kind)
            .or_insert_with_key(|kind| Score::new(kind.as_str()));
        by_kind.count(|| name.clone(), outcome.clone());
        whole.count(|| name, outcome);
    }
    [whole].into_iter().chain(kinds.into_values()).collect()
}

fn judge(outcomes: &[SuiteOutcome]) -> Result<(), String> {
    let complaint = outcomes.iter().find_map(|outcome| {
        let row = outcome
            .rows
            .iter()
            .find(|row| row.judged == suite::row::Judged::Fail);
        let row = row.map(|row| {
            format!(
                "{} of {} rows; {} {} {}: {}: {}",
                outcome.failed(),
                outcome.rows.len(),
                row.policy,
                row.rule,
                row.resource,
                row.reason,
                row.message
            )
        });
        outcome
            .errors
            .first()
            .map(|error| error.message.clone())
            .or(row)
    });
    complaint.map_or(Ok(()), Err)
}

/// What a suite's policies do, in words: the most demanding body decides.
pub(crate) fn kind_of(file: &Path) -> String {
    let folder = file.parent().unwrap_or(Path::new("."));
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let mut kinds: Vec<String> = Vec::new();
    for document in portcullis_yaml::documents(&text) {
        let read = document.read(
            portcullis_yaml::Mode::Lenient,
            &portcullis_yaml::Limits::default(),
        );
        let value = read.unwrap_or_default();
        let paths = value["policies"].as_array().cloned().unwrap_or_default();
        let paths: Vec<_> = paths
            .iter()
            .filter_map(|path| path.as_str())
            .map(|path| folder.join(path))
            .collect();
        for loaded in policies::load(&paths, &Overrides::new()).loaded {
            kinds.extend(bodies(&loaded));
        }
    }
    kinds.sort();
    kinds.dedup();
    let demanding = [
        "ValidatingPolicy",
        "MutatingPolicy",
        "GeneratingPolicy",
        "DeletingPolicy",
        "ImageValidatingPolicy",
        "ValidatingAdmissionPolicy",
        "MutatingAdmissionPolicy",
        "validate.cel",
        "verifyImages",
        "generate",
        "mutate",
        "validate.manifests",
    ];
    let most = demanding
        .iter()
        .find(|kind| kinds.iter().any(|found| found.ends_with(**kind)));
    most.map_or_else(|| "validate".to_owned(), |kind| (*kind).to_owned())
}

fn bodies(loaded: &Loaded) -> Vec<String> {
    match loaded {
        Loaded::Policy(policy) => policy
            .spec
            .rules
            .iter()
            .map(|rule| {
                let rule = serde_json::to_value(rule).unwrap_or_default();
                let body = ["mutate", "generate", "verifyImages"]
                    .into_iter()
                    .find(|body| !rule[body].is_null());
                let inside = ["cel", "manifests"]
                    .into_iter()
                    .find(|body| !rule["validate"][body].is_null());
                match (body, inside) {
                    (Some(body), _) => body.to_owned(),
                    (None, Some(inside)) => format!("validate.{inside}"),
                    _ => "validate".to_owned(),
                }
            })
            .collect(),
        Loaded::Cleanup(_) => vec!["CleanupPolicy".to_owned()],
        Loaded::Validating(_) => vec!["ValidatingPolicy".to_owned()],
        Loaded::Deleting(_) => vec!["DeletingPolicy".to_owned()],
        Loaded::Mutating(_) => vec!["MutatingPolicy".to_owned()],
        Loaded::Generating(_) => vec!["GeneratingPolicy".to_owned()],
        Loaded::ValidatingAdmission(_) => vec!["ValidatingAdmissionPolicy".to_owned()],
        Loaded::MutatingAdmission(_) => vec!["MutatingAdmissionPolicy".to_owned()],
        Loaded::ImageValidating(_) => vec!["ImageValidatingPolicy".to_owned()],
        _ => Vec::new(),
    }
}
