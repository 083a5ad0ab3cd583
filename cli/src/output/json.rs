//! A report as JSON or YAML (`schemas/output/report.json`).
//!
//! ```json
//! {"command": "validate", "counts": {"files": 2}, "results": [],
//!  "findings": [{"severity": "error", "message": "…", "path": "a.yaml", "line": 3, "column": 5,
//!                "label": "…", "help": ["…"]}]}
//! ```

use portcullis_pipeline::diagnostic::{Diagnostic, Place, Severity};
use serde_json::{Map, Value, json};

use crate::output::report::{Report, Row};

/// The report as JSON.
pub(crate) fn render(report: &Report) -> String {
    format!("{:#}\n", value(report))
}

/// The report as YAML.
pub(crate) fn render_yaml(report: &Report) -> String {
    portcullis_yaml::write(&value(report))
}

fn value(report: &Report) -> Value {
    let counts = report.counts.iter();
    let counts: Map<String, Value> = counts
        .map(|(name, count)| ((*name).to_owned(), Value::from(*count)))
        .collect();
    let mut value = json!({
        "command": report.command,
        "counts": counts,
        "results": report.rows.iter().map(row).collect::<Vec<_>>(),
        "findings": report.findings.iter().map(finding).collect::<Vec<_>>(),
    });
    if let (Some(fields), Some((name, further))) = (value.as_object_mut(), &report.further) {
        fields.insert((*name).to_owned(), further.clone());
    }
    value
}

fn row(row: &Row) -> Value {
    let mut value = json!({
        "suite": row.suite,
        "policy": row.policy,
        "rule": row.rule,
        "resource": row.resource,
        "result": row.result.word(),
        "reason": row.reason,
        "message": row.message,
    });
    add_place(&mut value, row.place.as_ref());
    value
}

/// What is wrong, as an object.
pub(crate) fn finding(finding: &Diagnostic) -> Value {
    let severity = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut value = json!({
        "severity": severity,
        "message": finding.message,
        "label": finding.label,
        "help": finding.help,
    });
    if let (Some(fields), false) = (value.as_object_mut(), finding.renderings.is_empty()) {
        fields.insert("renderings".into(), finding.renderings.clone().into());
    }
    add_place(&mut value, finding.place.as_ref());
    value
}

pub(crate) fn add_place(value: &mut Value, place: Option<&Place>) {
    if let (Some(fields), Some(place)) = (value.as_object_mut(), place) {
        let (line, column) = place.file.line_column(place.span.start);
        fields.insert("path".into(), place.file.path.display().to_string().into());
        fields.insert("line".into(), line.into());
        fields.insert("column".into(), column.into());
    }
}
