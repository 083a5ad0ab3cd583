//! A report as workflow commands of GitHub Actions: `::error file=a.yaml,line=3,col=5::message`.

use portcullis_pipeline::diagnostic::{Place, Severity};

use crate::output::{
    answer::Answer,
    report::{Report, Row, RowResult},
};

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

/// The answer: a notice for each item and for the facts together, an error for what failed.
pub(crate) fn render_answer(answer: &Answer) -> String {
    let facts = answer.facts.iter();
    let facts: Vec<String> = facts
        .map(|(name, fact)| format!("{name}: {fact}"))
        .collect();
    let facts = (!facts.is_empty()).then(|| notice("portcullis", &facts.join("; ")));
    let cases = answer.cases.iter().map(|case| match &case.outcome {
        Ok(found) => notice(&case.name, found),
        Err(fault) => line("error", fault.place.as_ref(), &fault.message),
    });
    facts.into_iter().chain(cases).collect()
}

fn notice(title: &str, message: &str) -> String {
    let (title, message) = (escape(title, true), escape(message, false));
    format!("::notice title={title}::{message}\n")
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
