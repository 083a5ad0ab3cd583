//! Kyverno's test suites (`kyverno-test.yaml`): found, run, and judged row by row.
//!
//! A row is one case on one resource. Kyverno passes a row that no rule answered, whatever it
//! wanted; such a row is *vacuous* here, and fails a strict suite.

pub mod evaluation;
pub mod expected;
pub mod files;
pub mod inputs;
pub mod row;
pub mod selector;
mod subjects;
mod turns;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use portcullis_api::{
    read::ReadError,
    test_file::{Test, TestResult},
};
use portcullis_engine::{load::Loaded, request::Payload};
use portcullis_yaml::{Limits, Mode};
use rayon::prelude::*;
use serde_json::Value;

use self::{
    evaluation::{Evaluation, named},
    inputs::Inputs,
    row::{Judged, Row},
    selector::CaseSelector,
};
use crate::{
    diagnostic::{Diagnostic, Severity},
    folders::Walk,
    live::LiveRegistries,
    offline::{self, Overrides, places, policies::EXCEPTION},
    progress::Progress,
};

/// The name that suites have.
pub const FILE: &str = "kyverno-test.yaml";

/// How rows are judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Judgement {
    /// Exactly as Kyverno: vacuous rows pass, numbers are float64, known bugs are kept.
    Compat,
    /// Vacuous rows fail; a row that wants `skip` passes where its policy and rule exist.
    Strict,
    /// Vacuous rows pass and are shown.
    #[default]
    Lenient,
}

/// How suites run.
#[derive(Clone, Debug, Default)]
pub struct SuiteOptions {
    /// How rows are judged.
    pub judgement: Judgement,
    /// Texts that stand in for files.
    pub overrides: Overrides,
    /// Which cases run; all where there is none.
    pub selector: Option<CaseSelector>,
    /// Registries that are asked; none where there are none.
    pub registries: Option<LiveRegistries>,
    /// Counts the suites that are done.
    pub progress: Arc<Progress>,
}

/// What one suite gave.
#[derive(Clone, Debug, Default)]
pub struct SuiteOutcome {
    /// The suite's file.
    pub file: PathBuf,
    /// The suite's name.
    pub name: String,
    /// Policies that were loaded.
    pub policies: usize,
    /// Resources that were loaded.
    pub resources: usize,
    /// Exceptions that were loaded.
    pub exceptions: usize,
    /// Whether the suite names a user.
    pub has_user: bool,
    /// Kinds of payloads that the suite names.
    pub payloads: Vec<Payload>,
    /// The rows, in the order of the file.
    pub rows: Vec<Row>,
    /// Why the suite cannot be run, or not as a whole; and warnings of its policies.
    pub errors: Vec<Diagnostic>,
}

impl SuiteOutcome {
    /// Rows that passed, vacuous ones that may pass included.
    #[must_use]
    pub fn passed(&self) -> usize {
        self.rows
            .iter()
            .filter(|row| row.judged != Judged::Fail)
            .count()
    }

    /// Rows that failed.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.rows.len() - self.passed()
    }

    /// Whether nothing kept the suite from running as a whole.
    #[must_use]
    pub fn can_run(&self) -> bool {
        let mut errors = self.errors.iter();
        errors.all(|error| error.severity != Severity::Error)
    }

    /// Whether the suite ran and every row passed.
    #[must_use]
    pub fn is_green(&self) -> bool {
        self.can_run() && self.failed() == 0
    }
}

/// The suites in files and folders, sorted, and the folders that cannot be read. Hidden folders are
/// searched too.
#[must_use]
pub fn discover(paths: &[PathBuf], file_name: &str) -> (Vec<PathBuf>, Vec<Diagnostic>) {
    let is_suite = |path: &Path| path.file_name().is_some_and(|name| name == file_name);
    let mut found = (Vec::new(), Vec::new());
    for path in paths {
        if path.is_file() {
            found.0.push(path.clone());
            continue;
        }
        let mut walk = Walk::new(&is_suite).with_hidden();
        walk.enter(path);
        found.0.extend(walk.files);
        found.1.extend(walk.faults);
    }
    found.0.sort();
    found.0.dedup();
    found
}

/// Runs suites, in parallel; outcomes stand in the order of the files.
#[must_use]
pub fn run(files: &[PathBuf], options: &SuiteOptions) -> Vec<SuiteOutcome> {
    options.progress.expect(files.len());
    let outcomes: Vec<Vec<SuiteOutcome>> = files
        .par_iter()
        .map(|file| {
            let outcomes = run_file(file, options);
            options.progress.advance(1);
            outcomes
        })
        .collect();
    outcomes.into_iter().flatten().collect()
}

/// The tests of one file that can be read, in their order.
#[must_use]
pub fn tests(file: &Path, overrides: &Overrides) -> Vec<Test> {
    let Ok(file) = offline::read(file, overrides) else {
        return Vec::new();
    };
    let values = portcullis_yaml::documents(&file.text)
        .filter_map(|document| document.read(Mode::Strict, &Limits::default()).ok());
    values.filter_map(|value| read_test(&value).ok()).collect()
}

/// Runs every suite of one file.
#[must_use]
pub fn run_file(file: &Path, options: &SuiteOptions) -> Vec<SuiteOutcome> {
    let failed = |errors: Vec<Diagnostic>| SuiteOutcome {
        file: file.to_path_buf(),
        errors,
        ..SuiteOutcome::default()
    };
    let source = match offline::read(file, &options.overrides) {
        Ok(source) => source,
        Err(error) => return vec![failed(vec![error])],
    };
    let mut outcomes = Vec::new();
    for (number, document) in portcullis_yaml::documents(&source.text).enumerate() {
        let read = document.read_document(Mode::Strict, &Limits::default());
        match read {
            Ok(read) if read.value.is_null() => {}
            Ok(read) => outcomes.push(match read_test(&read.value) {
                Ok(test) => {
                    let line = |index: usize| {
                        let span = read.spans.nearest_pointer(&format!("/results/{index}"));
                        portcullis_yaml::line_column(&source.text, span.start + document.offset).0
                    };
                    run_test(file, &test, &line, options)
                }
                Err(errors) => failed(
                    errors
                        .iter()
                        .map(|error| places::not_typed(&source, number, error))
                        .collect(),
                ),
            }),
            Err(error) => outcomes.push(failed(vec![places::not_yaml(&source, &error)])),
        }
    }
    outcomes
}

fn read_test(value: &Value) -> Result<Test, Vec<ReadError>> {
    let test = Test::from_value(value)?;
    if test.api_version.is_none() || test.kind.is_none() || test.name.is_some() {
        return Err(vec![ReadError {
            path: Vec::new(),
            message: "the suite has the older layout; write `apiVersion: cli.kyverno.io/v1alpha1`, `kind: Test` and the name under `metadata`".to_owned(),
        }]);
    }
    Ok(test)
}

fn run_test(
    file: &Path,
    test: &Test,
    line: &dyn Fn(usize) -> usize,
    options: &SuiteOptions,
) -> SuiteOutcome {
    let folder = file.parent().unwrap_or(Path::new("."));
    let evaluation = Evaluation::new(folder, test, options);
    let (inputs, set) = (&evaluation.inputs, &evaluation.set);
    let mut outcome = SuiteOutcome {
        file: file.to_path_buf(),
        name: test.metadata.name.clone().unwrap_or_default(),
        policies: policies(inputs, options.judgement),
        resources: inputs.objects.len(),
        exceptions: inputs.exceptions.loaded.len(),
        has_user: test.userinfo.is_some(),
        payloads: payloads(test),
        errors: inputs.errors.clone(),
        rows: Vec::new(),
    };
    let compat = options.judgement == Judgement::Compat;
    if let Some(fault) = inputs.missing_namespace().filter(|_| compat) {
        outcome.errors.push(fault);
        return outcome;
    }
    // Kyverno skips the cases of a policy that it refuses.
    if !compat {
        let refused = inputs
            .policies
            .refusals(&inputs.exceptions, &evaluation.refused);
        outcome.errors.extend(refused);
        outcome.errors.extend(inputs.policies.loops());
    }
    let answers = evaluation.answers(test);
    let selector = options.selector.as_ref();
    let cases = test.results.iter().enumerate();
    for (index, case) in
        cases.filter(|(_, case)| selector.is_none_or(|selector| selector.has_case(case)))
    {
        let Some(answers) = answers.get(&named(case)) else {
            continue;
        };
        let rows = match refused(&evaluation, case) {
            Some((reason, Refusal::Expression)) if compat => {
                row::refused(case, inputs, answers, (&reason, Judged::Fail))
            }
            Some((reason, Refusal::Policy)) if compat => {
                row::refused(case, inputs, answers, (&reason, Judged::Skipped))
            }
            _ => row::rows(case, set, inputs, answers, options.judgement),
        };
        let rows = rows.into_iter();
        let rows = rows.filter(|row| selector.is_none_or(|selector| selector.has_row(row)));
        outcome.rows.extend(rows.map(|row| Row {
            line: line(index),
            ..row
        }));
    }
    outcome
}

/// How many policies there are; Kyverno does not count those that answer requests of a proxy.
fn policies(inputs: &Inputs, judgement: Judgement) -> usize {
    let is_counted = |loaded: &&Loaded| match loaded {
        Loaded::Validating(policy) if judgement == Judgement::Compat => {
            let mode = policy.spec.evaluation.as_ref();
            let mode = mode.and_then(|evaluation| evaluation.mode.as_deref());
            !matches!(mode, Some("Envoy" | "HTTP"))
        }
        _ => true,
    };
    inputs.policies.loaded.iter().filter(is_counted).count()
}

/// The kinds of payloads that a test names.
fn payloads(test: &Test) -> Vec<Payload> {
    let has_json = test.json_payload.is_some() || !test.json_payloads.is_empty();
    let kinds = [
        (has_json, Payload::Json),
        (!test.http_payloads.is_empty(), Payload::Http),
        (!test.envoy_payloads.is_empty(), Payload::Envoy),
    ];
    let named = kinds.into_iter().filter(|(is_named, _)| *is_named);
    named.map(|(_, kind)| kind).collect()
}

/// What a policy is refused for.
enum Refusal {
    /// An expression that does not compile, which must not count for the suite.
    Expression,
    /// An operator that the definition of its kind does not have, for which Kyverno does not load it.
    Definition,
    /// Something that Kyverno refuses, too.
    Policy,
}

/// Whether an operator stands where the definition names those that there may be.
fn is_of_definition(path: &str) -> bool {
    let is_below = |parts: [&str; 2]| parts.iter().all(|part| path.contains(part));
    let is_nested = path.matches("/foreach/").count() > 1;
    let places = [
        ["/foreach/", "/preconditions/"],
        ["/targets/", "/preconditions/"],
        ["/attestations/", "/conditions/"],
    ];
    path.ends_with("/operator") && !is_nested && places.into_iter().any(is_below)
}

/// Why the policy of a case is refused, if it is.
fn refused(evaluation: &Evaluation, case: &TestResult) -> Option<(String, Refusal)> {
    let name = case.policy.rsplit('/').next().unwrap_or_default();
    let refused = evaluation.refused.iter();
    let refused = refused.filter(|error| error.policy == name && error.kind != EXCEPTION);
    // What is not loaded is not looked at further.
    let error = (refused.clone().find(|error| is_of_definition(&error.path)))
        .or_else(|| refused.clone().next())?;
    let refusal = match error.path.as_str() {
        path if path.to_lowercase().ends_with("expression") => Refusal::Expression,
        path if is_of_definition(path) => Refusal::Definition,
        _ => Refusal::Policy,
    };
    Some((format!("{}: {}", error.path, error.message), refusal))
}
