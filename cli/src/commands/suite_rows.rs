//! The rows of suites, as reports take them.

use std::{path::Path, sync::Arc};

use portcullis_pipeline::{
    diagnostic::{Diagnostic, Place, SourceFile},
    offline::shown,
    suite::{self, SuiteOutcome, row::Judged},
    verify::SuiteRun,
};

use crate::{
    commands::{policy_places, row_places},
    output::report::{Row, RowResult},
};

/// The rows of a suite, with the place of each case.
pub(crate) fn of(outcome: &SuiteOutcome) -> Vec<Row> {
    let text = std::fs::read_to_string(&outcome.file).unwrap_or_default();
    let file = SourceFile::new(shown(&outcome.file), Arc::<str>::from(text));
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

/// The failed rows of a suite with their places: the case, the rule, and the resource.
pub(crate) fn failures(run: &SuiteRun) -> Vec<Diagnostic> {
    let outcomes = run.outcomes.iter();
    outcomes
        .flat_map(|outcome| failures_of(run, outcome))
        .collect()
}

fn failures_of(run: &SuiteRun, outcome: &SuiteOutcome) -> Vec<Diagnostic> {
    let shown_rows = of(outcome);
    let rows = outcome.rows.iter().zip(&shown_rows);
    let failed: Vec<_> = rows.filter(|(_, row)| row.result.is_bad()).collect();
    let more = failed.len().saturating_sub(SHOWN);
    let failed = failed.into_iter().take(SHOWN);
    let mut found: Vec<Diagnostic> = failed
        .map(|(row, shown)| failure(run, outcome, row, shown.place.clone()))
        .collect();
    if let Some(last) = found.pop() {
        let last = match more {
            0 => last,
            more => last.help(format!("{more} more rows of this suite fail")),
        };
        let rerun = rerun(run, outcome);
        found.push(last.help(format!("run it again with `portcullis test {rerun}`")));
    }
    found
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

fn failure(
    run: &SuiteRun,
    outcome: &SuiteOutcome,
    row: &suite::row::Row,
    case: Option<Place>,
) -> Diagnostic {
    let title = match run.renderings.as_slice() {
        [] => outcome.name.clone(),
        renderings => format!("{} ({})", run.policy, renderings.join(", ")),
    };
    let mut failure = Diagnostic::error(format!(
        "{title}: rule `{}` on {}: {}",
        row.rule, row.resource, row.reason
    ));
    if let Some(case) = case {
        failure = failure.at(case, "this case");
    }
    let policy = policy_places::of_row(outcome, row, run.rendered.as_ref());
    let places = policy.into_iter().chain(row_places::resource(outcome, row));
    for (place, label) in places {
        failure = failure.related(place, label);
    }
    if row.message.is_empty() {
        failure
    } else {
        failure.help(format!("the rule says: {}", row.message))
    }
}

/// What kept a suite from running; of a file that the suite names, with the suite.
pub(crate) fn errors(outcome: &SuiteOutcome) -> impl Iterator<Item = Diagnostic> {
    outcome.errors.iter().map(|error| {
        let place = error.place.as_ref().map(|place| &place.file.path);
        if place.is_some_and(|path| outcome.file.ends_with(path)) {
            return error.clone();
        }
        error.clone().help(format!(
            "the suite {} needs it",
            shown(&outcome.file).display()
        ))
    })
}
