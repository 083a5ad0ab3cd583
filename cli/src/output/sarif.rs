//! A report as SARIF 2.1.0: a rule per policy and rule, a result per finding and per row that is
//! not as wanted, with its region.

use std::collections::BTreeMap;

use portcullis_pipeline::diagnostic::{Place, Severity};
use serde::Serialize;

use crate::output::{
    answer::{Answer, Case},
    report::{Report, Row, RowResult},
};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

#[derive(Serialize)]
struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run; 1],
}

#[derive(Serialize)]
struct Run {
    tool: Tool,
    results: Vec<Finding>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    version: &'static str,
    information_uri: &'static str,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: String,
    short_description: Text,
}

#[derive(Serialize)]
struct Text {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Finding {
    rule_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    level: &'static str,
    message: Text,
    locations: Vec<Location>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: PhysicalLocation,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    region: Region,
}

#[derive(Serialize)]
struct ArtifactLocation {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    start_column: usize,
}

/// The report.
pub(crate) fn render(report: &Report) -> String {
    let own_rule = format!("portcullis/{}", report.command);
    let findings = report.findings.iter().map(|finding| Finding {
        rule_id: own_rule.clone(),
        kind: None,
        level: match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        message: text(&finding.message),
        locations: finding.place.iter().map(location).collect(),
    });
    let results: Vec<Finding> = findings
        .chain(report.rows.iter().filter_map(row_finding))
        .collect();
    log(results)
}

/// The answer: a result for each item. What succeeded has the kind `pass`.
pub(crate) fn render_answer(answer: &Answer) -> String {
    let rule = format!("portcullis/{}", answer.command.replace(' ', "/"));
    log(answer
        .cases
        .iter()
        .map(|case| answered(&rule, case))
        .collect())
}

fn answered(rule: &str, case: &Case) -> Finding {
    let (kind, level, message, place) = match &case.outcome {
        Ok(found) => ("pass", "none", found, &case.place),
        Err(fault) => ("fail", "error", &fault.message, &fault.place),
    };
    Finding {
        rule_id: rule.to_owned(),
        kind: Some(kind),
        level,
        message: text(&format!("{}: {message}", case.name)),
        locations: place.iter().map(location).collect(),
    }
}

fn log(results: Vec<Finding>) -> String {
    let ids: BTreeMap<&str, ()> = results
        .iter()
        .map(|one| (one.rule_id.as_str(), ()))
        .collect();
    let rules = ids
        .into_keys()
        .map(|id| Rule {
            id: id.to_owned(),
            short_description: text(id),
        })
        .collect();
    let log = Log {
        schema: SCHEMA,
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: "portcullis",
                    version: env!("CARGO_PKG_VERSION"),
                    information_uri: env!("CARGO_PKG_REPOSITORY"),
                    rules,
                },
            },
            results,
        }],
    };
    // INVARIANT: the structs above have text keys only, so they can be written as JSON.
    let text = serde_json::to_string_pretty(&log).unwrap_or_default();
    format!("{text}\n")
}

fn row_finding(row: &Row) -> Option<Finding> {
    let level = match row.result {
        RowResult::Fail | RowResult::Error => "error",
        RowResult::Warn => "warning",
        RowResult::Pass | RowResult::Skip => return None,
    };
    let separator = if row.rule.is_empty() { "" } else { "/" };
    Some(Finding {
        rule_id: format!("{}{separator}{}", row.policy, row.rule),
        kind: None,
        level,
        message: text(&row.sentence()),
        locations: row.place.iter().map(location).collect(),
    })
}

fn text(text: &str) -> Text {
    Text {
        text: text.to_owned(),
    }
}

fn location(place: &Place) -> Location {
    let (start_line, start_column) = place.file.line_column(place.span.start);
    let uri = place.file.path.display().to_string();
    Location {
        physical_location: PhysicalLocation {
            artifact_location: ArtifactLocation {
                uri: percent_encoded(&uri.replace('\\', "/")),
            },
            region: Region {
                start_line,
                start_column,
            },
        },
    }
}

/// A path as the reference of a URI: what has no place in one is encoded.
fn percent_encoded(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' | b':' => {
                uri.push(char::from(byte));
            }
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri
}
