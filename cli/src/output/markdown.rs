//! A report as Markdown: counts, a table of the rows that are not as they should be, the overview, a
//! list of the findings. Rows that pass are counted alone: a comment has room for 65,536 characters.

use portcullis_pipeline::diagnostic::Place;

use crate::output::report::{Report, Row, RowResult};

/// The report.
pub(crate) fn render(report: &Report) -> String {
    let counts: Vec<String> = report
        .counts
        .iter()
        .map(|(name, count)| format!("{count} {name}"))
        .collect();
    let mut text = format!("**portcullis {}**: {}\n", report.command, counts.join(", "));
    let rows = report.rows.iter();
    let rows = rows.filter(|row| !matches!(row.result, RowResult::Pass | RowResult::Skip));
    let rows: Vec<Vec<String>> = rows.map(cells).collect();
    if !rows.is_empty() {
        let head = ["Policy", "Rule", "Resource", "Result", "Reason", "Place"].map(str::to_owned);
        let rows = std::iter::once(head.to_vec()).chain(rows);
        text.push('\n');
        text.push_str(&table(&rows.collect::<Vec<_>>()));
    }
    text.push_str(&overview(&report.overview));
    if !report.findings.is_empty() {
        text.push('\n');
    }
    for finding in &report.findings {
        let place = finding.place.as_ref();
        let place = place.map_or_else(String::new, |place| format!("`{}`: ", place.label()));
        text.push_str(&format!("- {place}{}\n", cell(&finding.message)));
    }
    text
}

/// A table with its head first.
fn overview(rows: &[Vec<String>]) -> String {
    let line = |cells: &Vec<String>| {
        let cells: Vec<String> = cells.iter().map(|text| cell(text)).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let Some((head, body)) = rows.split_first() else {
        return String::new();
    };
    let below = format!("|{}\n", "---|".repeat(head.len()));
    let body: String = body.iter().map(line).collect();
    format!("\n{}{below}{body}", line(head))
}

fn cells(row: &Row) -> Vec<String> {
    let result = row.result.word().to_owned();
    let (policy, rule) = (row.policy.clone(), row.rule.clone());
    let place = row.place.as_ref().map(Place::label).unwrap_or_default();
    vec![
        policy,
        rule,
        row.resource.clone(),
        result,
        row.said(),
        place,
    ]
}

/// Rows as a table, the head first.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        let cells: Vec<String> = row.iter().map(|text| cell(text)).collect();
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
        if index == 0 {
            text.push_str(&format!("|{}\n", "---|".repeat(row.len())));
        }
    }
    text
}

/// Text that cannot end a cell or start HTML.
pub(crate) fn cell(text: &str) -> String {
    text.replace('|', "\\|")
        .replace('<', "&lt;")
        .replace(['\r', '\n'], " ")
}
