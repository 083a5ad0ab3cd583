//! A report as workflow commands of GitHub Actions: `::error file=a.yaml,line=3,col=5::message`.

use portcullis_pipeline::diagnostic::{Place, Severity};

use crate::output::report::{Report, Row, RowResult};

/// The report, a line for each finding and each row that is not as wanted.
pub(crate) fn render(report: &Report) -> String {
    let findings = report.findings.iter().map(|finding| {
        let command = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        line(command, finding.place.as_ref(), &finding.message)
    });
    findings
        .chain(report.rows.iter().filter_map(row_line))
        .collect()
}

fn row_line(row: &Row) -> Option<String> {
    let command = match row.result {
        RowResult::Fail | RowResult::Error => "error",
        RowResult::Warn => "warning",
        RowResult::Pass | RowResult::Skip => return None,
    };
    Some(line(command, row.place.as_ref(), &row.sentence()))
}

fn line(command: &str, place: Option<&Place>, message: &str) -> String {
    let Some(place) = place else {
        return format!("::{command}::{}\n", escape(message, false));
    };
    let (line, column) = place.file.line_column(place.span.start);
    let path = place.file.path.display().to_string();
    format!(
        "::{command} file={},line={line},col={column}::{}\n",
        escape(&path, true),
        escape(message, false)
    )
}

/// What stands for itself in a command would end it; a property has two more such characters.
fn escape(text: &str, is_property: bool) -> String {
    let text = text
        .replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A");
    if is_property {
        return text.replace(':', "%3A").replace(',', "%2C");
    }
    text
}
