//! The rows of suites, as reports take them.

use std::sync::Arc;

use portcullis_pipeline::{
    diagnostic::{Diagnostic, Place, SourceFile},
    suite::{SuiteOutcome, row::Judged},
};

use crate::output::report::{Row, RowResult};

/// The rows of a suite, with the place of each case.
pub(crate) fn of(outcome: &SuiteOutcome) -> Vec<Row> {
    let text = std::fs::read_to_string(&outcome.file).unwrap_or_default();
    let file = SourceFile::new(outcome.file.clone(), Arc::<str>::from(text));
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

/// What kept a suite from running.
pub(crate) fn errors(outcome: &SuiteOutcome) -> impl Iterator<Item = Diagnostic> {
    let file = outcome.file.display();
    outcome
        .errors
        .iter()
        .map(move |error| Diagnostic::error(format!("{file}: {error}")))
}
