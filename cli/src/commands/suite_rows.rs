//! The rows of suites, as reports take them.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use portcullis_pipeline::{
    diagnostic::{self, Diagnostic, Place, Severity, SourceFile},
    files::shown,
    suite::{self, SuiteOutcome, row::Judged},
    suite_run::SuiteRun,
};

use crate::{
    commands::{policy_places, row_places},
    output::report::{Row, RowResult},
};

/// The rows of a suite, with the place of each case.
pub(crate) fn of(outcome: &SuiteOutcome) -> Vec<Row> {
    let text = std::fs::read_to_string(&outcome.file).unwrap_or_default();
    let file = SourceFile::new(shown(&outcome.file), text);
    let rows = outcome.rows.iter().map(|row| Row {
        suite: outcome.name.clone(),
        policy: row.policy.clone(),
        rule: row.rule.clone(),
        resource: row.resource.clone(),
        result: match row.judged {
            Judged::Pass => RowResult::Pass,
            Judged::Fail => RowResult::Fail,
            Judged::Excluded | Judged::Skipped => RowResult::Skip,
        },
        reason: row.reason.clone(),
        message: row.message.clone(),
        place: Some(Place {
            span: file.line(row.line),
            file: file.clone(),
        }),
    });
    rows.collect()
}

/// How many failed rows of a suite are shown in full.
const SHOWN: usize = 3;

/// The failed rows of suites with their places: the case, the rule, and the resource. A row that fails
/// alike for several renderings of a policy is told once. How to run a suite again is told of those that
/// stay where they are.
pub(crate) fn failures(runs: &[SuiteRun], stay: bool) -> Vec<Diagnostic> {
    let is_one_policy =
        |one: &SuiteRun, next: &SuiteRun| one.rendered.is_some() && one.policy == next.policy;
    runs.chunk_by(is_one_policy)
        .flat_map(|runs| failures_of(runs, stay))
        .collect()
}

/// A failed row, and what its rule says for each rendering.
struct Failure<'r> {
    run: &'r SuiteRun,
    outcome: &'r SuiteOutcome,
    row: &'r suite::row::Row,
    case: Option<Place>,
    renderings: Vec<String>,
    says: Vec<(&'r str, Vec<String>)>,
}

/// The failures of one suite in all its renderings.
fn failures_of(runs: &[SuiteRun], stay: bool) -> Vec<Diagnostic> {
    let failed = merged(runs);
    let mut found: Vec<Diagnostic> = failed.iter().take(SHOWN).map(Failure::tell).collect();
    if let (Some(last), Some(first)) = (found.pop(), failed.first()) {
        let last = match failed.len().saturating_sub(SHOWN) {
            0 => last,
            1 => last.help("one more row of this suite fails"),
            more => last.help(format!("{more} more rows of this suite fail")),
        };
        let rerun = rerun(first.run, first.outcome);
        found.push(match stay {
            true => last.help(format!("run it again with `portcullis test {rerun}`")),
            false => last,
        });
    }
    found
}

fn merged(runs: &[SuiteRun]) -> Vec<Failure<'_>> {
    let mut known = BTreeMap::new();
    let mut merged: Vec<Failure<'_>> = Vec::new();
    let outcomes = runs
        .iter()
        .flat_map(|run| run.outcomes.iter().map(move |outcome| (run, outcome)));
    for (run, outcome) in outcomes {
        for (row, shown) in outcome.rows.iter().zip(of(outcome)) {
            if !shown.result.is_bad() {
                continue;
            }
            let key = (
                &outcome.name,
                row.line,
                &row.rule,
                &row.resource,
                &row.reason,
            );
            let next = merged.len();
            let index = *known.entry(key).or_insert(next);
            if index == next {
                merged.push(Failure {
                    run,
                    outcome,
                    row,
                    case: shown.place,
                    renderings: Vec::new(),
                    says: Vec::new(),
                });
            }
            if let Some(failure) = merged.get_mut(index) {
                failure.add(&row.message, &run.renderings);
            }
        }
    }
    merged
}

impl<'r> Failure<'r> {
    fn add(&mut self, message: &'r str, renderings: &[String]) {
        self.renderings.extend_from_slice(renderings);
        match self.says.iter_mut().find(|(said, _)| *said == message) {
            Some((_, names)) => names.extend_from_slice(renderings),
            None => self.says.push((message, renderings.to_vec())),
        }
    }

    fn tell(&self) -> Diagnostic {
        let title = match self.renderings.as_slice() {
            [] => self.outcome.name.clone(),
            renderings => format!("{} ({})", self.run.policy, renderings.join(", ")),
        };
        let row = self.row;
        let mut told = Diagnostic::error(format!(
            "{title}: rule `{}` on {}: {}",
            row.rule, row.resource, row.reason
        ));
        if let Some(case) = self.case.clone() {
            told = told.at(case, "this case");
        }
        let policy = policy_places::of_row(self.outcome, row, self.run.rendered.as_ref());
        let resource = row_places::resource(self.outcome, row);
        for (place, label) in policy.into_iter().chain(resource) {
            told = told.related(place, label);
        }
        for (message, names) in self.says.iter().filter(|(said, _)| !said.is_empty()) {
            told = match self.says.len() {
                1 => told.help(format!("the rule says: {message}")),
                _ => told.help(format!("for {} the rule says: {message}", names.join(", "))),
            };
        }
        told
    }
}

/// What the suite can be run again with: the policy's folder, or the suite's file.
fn rerun(run: &SuiteRun, outcome: &SuiteOutcome) -> String {
    let template = run.rendered.as_ref().map(|policy| &policy.template.path);
    let folder = template.map(|template| template.parent().unwrap_or(Path::new(".")));
    folder.map_or_else(
        || shown(&outcome.file).display().to_string(),
        |folder| folder.display().to_string(),
    )
}

/// What kept suites from running; of a file that a suite names, with the suite. What is wrong at a
/// place that is told already is not told again.
pub(crate) fn errors(runs: &[SuiteRun], told: &[Diagnostic]) -> Vec<Diagnostic> {
    let label = |one: &Diagnostic| one.place.as_ref().map(Place::label);
    let told: BTreeSet<String> = told.iter().filter_map(label).collect();
    let mut errors: Vec<Diagnostic> = runs.iter().flat_map(errors_of).collect();
    errors.retain(|error| label(error).is_none_or(|label| !told.contains(&label)));
    diagnostic::merge(&mut errors);
    errors
}

fn errors_of(run: &SuiteRun) -> impl Iterator<Item = Diagnostic> {
    let errors = run
        .outcomes
        .iter()
        .flat_map(|outcome| outcome.errors.iter().map(move |error| (outcome, error)));
    errors.map(|(outcome, error)| {
        let error = error.clone().rendered_for(&run.renderings);
        let place = error.place.as_ref().map(|place| &place.file.path);
        let is_own = place.is_some_and(|path| outcome.file.ends_with(path));
        if is_own || error.severity == Severity::Warning {
            return error;
        }
        let suite = shown(&outcome.file);
        error.help(format!("the suite {} needs it", suite.display()))
    })
}
