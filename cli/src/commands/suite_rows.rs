//! The rows of suites, as reports take them.

use std::sync::Arc;

use portcullis_pipeline::{
    diagnostic::{Diagnostic, Place, SourceFile},
    offline::shown,
    suite::{SuiteOutcome, row::Judged},
};

use crate::{
    commands::row_places,
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

/// The failed rows of a suite with their places: the case, and the rule where its template is
/// known. `rerun` is what the suite can be run again with.
pub(crate) fn failures(
    outcome: &SuiteOutcome,
    title: &str,
    template: Option<&SourceFile>,
    rerun: &str,
) -> Vec<Diagnostic> {
    let failed: Vec<Row> = of(outcome)
        .into_iter()
        .filter(|row| row.result.is_bad())
        .collect();
    let more = failed.len().saturating_sub(SHOWN);
    let mut found: Vec<Diagnostic> = failed
        .iter()
        .take(SHOWN)
        .map(|row| failure(outcome, row, title, template))
        .collect();
    if let Some(last) = found.pop() {
        let last = match more {
            0 => last,
            more => last.help(format!("{more} more rows of this suite fail")),
        };
        found.push(last.help(format!("run it again with `portcullis test {rerun}`")));
    }
    found
}

fn failure(
    outcome: &SuiteOutcome,
    row: &Row,
    title: &str,
    template: Option<&SourceFile>,
) -> Diagnostic {
    let mut failure = Diagnostic::error(format!(
        "{title}: rule `{}` on {}: {}",
        row.rule, row.resource, row.reason
    ));
    if let Some(place) = row.place.clone() {
        failure = failure.at(place, "this case");
    }
    if let Some(place) = template.and_then(|template| row_places::rule(template, &row.rule)) {
        failure = failure.related(place, "this rule");
    }
    for (place, label) in row_places::resource(outcome, row) {
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
