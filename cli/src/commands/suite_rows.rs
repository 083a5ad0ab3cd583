//! The rows of suites, as reports take them.

use std::sync::Arc;

use portcullis_pipeline::{
    diagnostic::{Diagnostic, Place, SourceFile},
    offline::shown,
    suite::{SuiteOutcome, row::Judged},
};

use crate::output::report::{Row, RowResult};

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
