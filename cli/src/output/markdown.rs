//! A report as Markdown: counts, a table of the rows, the overview, a list of the findings.

use crate::output::report::Report;

/// The report.
pub(crate) fn render(report: &Report) -> String {
    let counts: Vec<String> = report
        .counts
        .iter()
        .map(|(name, count)| format!("{count} {name}"))
        .collect();
    let mut text = format!("**portcullis {}**: {}\n", report.command, counts.join(", "));
    if !report.rows.is_empty() {
        text.push_str("\n| Policy | Rule | Resource | Result | Reason |\n|---|---|---|---|---|\n");
    }
    for row in &report.rows {
        let cells = [
            &row.policy,
            &row.rule,
            &row.resource,
            row.result.word(),
            &row.reason,
        ]
        .map(cell);
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
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

/// Text that cannot end a cell or start HTML.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
        .replace('<', "&lt;")
        .replace(['\r', '\n'], " ")
}
