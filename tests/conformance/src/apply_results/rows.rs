//! The rows that `test` shows of a suite, beside those that Kyverno shows.
//!
//! Rows are compared without their numbers and their order. Where the table says that a test's
//! rows are unstable, those that nothing answered do not count. A suite that Kyverno cannot run
//! counts as one row: it must not run here either.

use std::path::Path;

use portcullis_pipeline::suite::{
    self, Judgement, SuiteOptions, SuiteOutcome,
    row::{Judged, Row},
};
use serde_json::Value;

use crate::score::Score;

const EXCLUDED: &str = "Excluded";

/// Policy, rule, resource, result, reason, message.
type Cells = [String; 6];

/// One test of a suite's file, as the table has it.
pub(super) struct Test<'t> {
    /// What Kyverno shows.
    pub(super) shown: &'t Value,
    /// Whether its rows differ from run to run.
    pub(super) is_unstable: bool,
}

/// Compares the rows of a suite's file.
pub(super) fn compare(file: &str, path: &Path, tests: &[Test<'_>], score: &mut Score) {
    let options = SuiteOptions {
        judgement: Judgement::Compat,
        ..SuiteOptions::default()
    };
    let mut outcomes = suite::run_file(path, &options).into_iter();
    for test in tests {
        let outcome = outcomes.next().unwrap_or_default();
        if let Some(error) = test.shown["error"].as_str() {
            score.count(|| file.to_owned(), cannot_run(error, &outcome));
            continue;
        }
        let counts = |cells: &Cells| !test.is_unstable || cells[4] != EXCLUDED;
        let theirs = test.shown["rows"].as_array().into_iter().flatten();
        let theirs: Vec<Cells> = theirs.map(wanted).filter(counts).collect();
        let root = path.to_string_lossy();
        let root = root.strip_suffix(file).unwrap_or_default();
        let ours = outcome.rows.iter().map(|row| found(row, root));
        let ours: Vec<Cells> = ours.filter(counts).collect();
        for (name, outcome) in differences(theirs, ours) {
            score.count(|| format!("{file} {name}"), outcome);
        }
    }
}

/// Whether a suite that Kyverno cannot run does not run here either, for the same reason.
pub(crate) fn cannot_run(error: &str, outcome: &SuiteOutcome) -> Result<(), String> {
    match outcome.errors.first() {
        Some(found) if outcome.rows.is_empty() && error == found.message => Ok(()),
        Some(found) => Err(format!("wanted `{error}`, got `{}`", found.message)),
        None => Err(format!("runs, wanted `{error}`")),
    }
}

fn wanted(row: &Value) -> Cells {
    let keys = ["policy", "rule", "resource", "result", "reason", "message"];
    keys.map(|key| row[key].as_str().unwrap_or_default().to_owned())
}

/// A row's cells; a path is below the corpus, as the table has it.
fn found(row: &Row, root: &str) -> Cells {
    let resource = row.resource.strip_prefix(root).unwrap_or(&row.resource);
    let result = match row.judged {
        Judged::Pass | Judged::Excluded => "Pass",
        Judged::Fail => "Fail",
        Judged::Skipped => "Skip",
    };
    [
        row.policy.as_str(),
        &row.rule,
        resource,
        result,
        &row.reason,
        &row.message,
    ]
    .map(str::to_owned)
}

/// Every row that one side shows, and whether the other shows it too. Of two that differ only in
/// how they ended, the difference is told once.
fn differences(mut theirs: Vec<Cells>, ours: Vec<Cells>) -> Vec<(String, Result<(), String>)> {
    let name = |cells: &Cells| cells[..3].join(" ");
    let end = |cells: &Cells| cells[3..].join(": ");
    let mut compared = Vec::new();
    let mut left = Vec::new();
    for cells in ours {
        match theirs.iter().position(|other| *other == cells) {
            Some(at) => compared.push((name(&theirs.remove(at)), Ok(()))),
            None => left.push(cells),
        }
    }
    for cells in left {
        let same = |other: &Cells| other[..3] == cells[..3];
        let told = match theirs.iter().position(same) {
            Some(at) => format!(
                "wanted `{}`, got `{}`",
                end(&theirs.remove(at)),
                end(&cells)
            ),
            None => format!("a row that Kyverno does not show: `{}`", end(&cells)),
        };
        compared.push((name(&cells), Err(told)));
    }
    let missing = |cells: Cells| {
        (
            name(&cells),
            Err(format!("no row, wanted `{}`", end(&cells))),
        )
    };
    compared.extend(theirs.into_iter().map(missing));
    compared
}

#[cfg(test)]
mod tests {
    use super::{Cells, differences};

    fn check(theirs: &[&str], ours: &[&str], wanted: &[Result<(), &str>]) {
        let row = |text: &&str| -> Cells {
            let mut cells = text.split(' ').map(str::to_owned);
            std::array::from_fn(|_| cells.next().unwrap_or_default())
        };
        let theirs = theirs.iter().map(row).collect();
        let found = differences(theirs, ours.iter().map(row).collect());
        let found: Vec<Result<(), &str>> = found
            .iter()
            .map(|(_, outcome)| outcome.as_ref().copied().map_err(String::as_str))
            .collect();
        assert_eq!(found, wanted);
    }

    #[test]
    fn rows_are_compared_as_multisets() {
        let (a, b) = ("p r x Pass Ok m", "p r y Pass Ok m");
        check(&[a, b], &[b, a], &[Ok(()), Ok(())]);
        check(
            &[a, a],
            &[a],
            &[Ok(()), Err("no row, wanted `Pass: Ok: m`")],
        );
        check(
            &[a],
            &[a, a],
            &[
                Ok(()),
                Err("a row that Kyverno does not show: `Pass: Ok: m`"),
            ],
        );
        check(
            &[a],
            &["p r x Fail Ok m"],
            &[Err("wanted `Pass: Ok: m`, got `Fail: Ok: m`")],
        );
    }
}
