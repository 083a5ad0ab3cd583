//! A report for people: findings with their lines, Kyverno's box of rows, and a line of counts.
//!
//! ```text
//! │────│────────│
//! │ ID │ POLICY │
//! │────│────────│
//! │ 1  │ a      │
//! │────│────────│
//! ```

use std::io;

use crate::output::{console::Console, report::Report};

/// Writes the report.
pub(crate) fn print(report: &Report, console: &mut Console) -> io::Result<()> {
    console.findings(&report.findings)?;
    if !report.rows.is_empty() {
        console.data(&rows(report))?;
    }
    if !report.overview.is_empty() {
        console.data(&grid(&report.overview))?;
    }
    let counts: Vec<String> = report
        .counts
        .iter()
        .map(|(name, count)| format!("{name}: {count}"))
        .collect();
    console.data(&format!("{}\n", counts.join(", ")))
}

fn rows(report: &Report) -> String {
    let body = report.rows.iter().enumerate().map(|(index, row)| {
        vec![
            (index + 1).to_string(),
            row.policy.clone(),
            row.rule.clone(),
            row.resource.clone(),
            row.result.word().to_owned(),
            row.reason.clone(),
            row.message.lines().collect::<Vec<_>>().join(" "),
        ]
    });
    let head = [
        "ID", "POLICY", "RULE", "RESOURCE", "RESULT", "REASON", "MESSAGE",
    ];
    let head = head.map(str::to_owned).to_vec();
    let mut all: Vec<Vec<String>> = std::iter::once(head).chain(body).collect();
    if !report.detailed {
        all.iter_mut().for_each(|row| row.truncate(6));
    }
    grid(&all)
}

/// A box with a line below its first row.
#[must_use]
pub fn grid(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let bars: Vec<String> = widths.iter().map(|width| "─".repeat(width + 2)).collect();
    let rule = format!("│{}│\n", bars.join("│"));
    let mut text = rule.clone();
    for (index, row) in rows.iter().enumerate() {
        for (cell, width) in row.iter().zip(&widths) {
            text.push_str(&format!("│ {cell:width$} "));
        }
        text.push_str("│\n");
        if index == 0 {
            text.push_str(&rule);
        }
    }
    text.push_str(&rule);
    text
}

#[cfg(test)]
mod tests {
    use super::grid;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [
            vec!["ID".into(), "POLICY".into()],
            vec!["1".into(), "ä".into()],
        ];
        let wanted =
            "│────│────────│\n│ ID │ POLICY │\n│────│────────│\n│ 1  │ ä      │\n│────│────────│\n";
        assert_eq!(grid(&rows), wanted);
    }
}
