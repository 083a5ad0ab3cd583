//! What Kyverno's `test` prints: how each suite goes, its rows, and the summary.

use clap::ValueEnum;
use portcullis_engine::request::Payload;
use portcullis_pipeline::suite::{
    SuiteOutcome,
    row::{Judged, Row},
};
use serde_json::{Map, Value};

use crate::output::table::grid;

/// Kyverno's own formats of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RowFormat {
    /// A list of objects.
    Json,
    /// The same in YAML.
    Yaml,
    /// A table.
    Markdown,
    /// JUnit's XML.
    Junit,
}

/// Which rows are shown, and how.
#[derive(Clone, Copy, Debug, Default)]
pub struct Layout {
    /// Whether only rows that failed are shown, all together.
    pub fail_only: bool,
    /// Whether each row has what the rule said.
    pub detailed: bool,
}

/// How each suite went, its rows, and the summary.
#[must_use]
pub fn render(outcomes: &[&SuiteOutcome], layout: Layout) -> String {
    let passed: usize = outcomes.iter().map(|one| one.passed()).sum();
    let failed: usize = outcomes.iter().map(|one| one.failed()).sum();
    let mut text: String = outcomes
        .iter()
        .map(|outcome| suite(outcome, layout))
        .collect();
    if !layout.fail_only {
        text.push_str(&format!(
            "\nTest Summary: {passed} tests passed and {failed} tests failed\n"
        ));
        return text;
    }
    text.push_str(&format!(
        "\nTest Summary: {failed} out of {} tests failed\n",
        passed + failed
    ));
    if failed > 0 {
        let rows = outcomes.iter().flat_map(|outcome| &outcome.rows);
        let failed: Vec<&Row> = rows.filter(|row| row.judged == Judged::Fail).collect();
        text.push_str("\nAggregated Failed Test Cases : \n");
        text.push_str(&table(&failed, layout.detailed));
    }
    text
}

fn loading(payload: Payload) -> &'static str {
    match payload {
        Payload::Resource => "",
        Payload::Json => "  Loading JSON payloads ...\n",
        Payload::Http => "  Loading HTTP payloads ...\n",
        Payload::Envoy => "  Loading Envoy payloads ...\n",
    }
}

fn suite(outcome: &SuiteOutcome, layout: Layout) -> String {
    let user = if outcome.has_user {
        "  Loading user infos ...\n"
    } else {
        ""
    };
    let payloads: String = outcome.payloads.iter().map(|kind| loading(*kind)).collect();
    let mut text = format!(
        "Loading test {} ( {} ) ...\n  Loading values/variables ...\n{user}  Loading policies ...\n  \
         Loading resources ...\n{payloads}  Loading exceptions ...\n  Applying {} to {} with {} ...\n  \
         Checking results ...\n\n",
        outcome.name,
        outcome.file.display(),
        counted(outcome.policies, "policy", "policies"),
        counted(outcome.resources, "resource", "resources"),
        counted(outcome.exceptions, "exception", "exceptions"),
    );
    if !layout.fail_only && !outcome.rows.is_empty() {
        let rows: Vec<&Row> = outcome.rows.iter().collect();
        text.push_str(&table(&rows, layout.detailed));
        text.push('\n');
    }
    text
}

fn counted(count: usize, one: &str, many: &str) -> String {
    let word = if count == 1 { one } else { many };
    format!("{count} {word}")
}

fn table(rows: &[&Row], detailed: bool) -> String {
    let head = columns(detailed).map(str::to_owned).collect();
    let body = rows.iter().enumerate().map(|(index, row)| {
        std::iter::once((index + 1).to_string())
            .chain(cells(row, detailed))
            .collect()
    });
    grid(&std::iter::once(head).chain(body).collect::<Vec<_>>())
}

fn columns(detailed: bool) -> impl Iterator<Item = &'static str> {
    let columns = ["ID", "POLICY", "RULE", "RESOURCE", "RESULT", "REASON"];
    columns.into_iter().chain(detailed.then_some("MESSAGE"))
}

fn cells(row: &Row, detailed: bool) -> impl Iterator<Item = String> {
    let result = match row.judged {
        Judged::Pass | Judged::Excluded => "Pass",
        Judged::Fail => "Fail",
        Judged::Skipped => "Skip",
    };
    let cells = [
        row.policy.clone(),
        row.rule.clone(),
        row.resource.clone(),
        result.to_owned(),
        row.reason.clone(),
    ];
    let message = detailed.then(|| row.message.clone());
    cells.into_iter().chain(message)
}

/// The rows as a list of objects.
#[must_use]
pub fn objects(rows: &[&Row], detailed: bool) -> Value {
    let object = |(index, row): (usize, &&Row)| {
        let id = std::iter::once(Value::from(index + 1));
        let cells = id.chain(cells(row, detailed).map(Value::from));
        let keys = columns(detailed).map(str::to_owned);
        Value::Object(keys.zip(cells).collect::<Map<_, _>>())
    };
    rows.iter().enumerate().map(object).collect()
}

/// The rows as a table in Markdown.
#[must_use]
pub fn markdown(rows: &[&Row], detailed: bool) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut text = line(columns(detailed).map(str::to_owned).collect());
    text.push_str(&line(columns(detailed).map(|_| "---".to_owned()).collect()));
    for (index, row) in rows.iter().enumerate() {
        let cells = cells(row, detailed).map(|cell| cell.replace('|', "\\|").replace('\n', " "));
        text.push_str(&line(
            std::iter::once((index + 1).to_string())
                .chain(cells)
                .collect(),
        ));
    }
    text
}
