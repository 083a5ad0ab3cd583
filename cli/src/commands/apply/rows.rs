//! The results of `apply` as rows of a report.

use portcullis_engine::response::RuleStatus;
use portcullis_pipeline::{
    apply::{Applied, ApplyReport},
    diagnostic::{Place, SourceFile},
};

use crate::output::report::{Report, Row, RowResult};

/// The report.
pub(super) fn to_report(report: &ApplyReport) -> Report {
    let counts = report.counts;
    Report {
        command: "apply",
        counts: vec![
            ("pass", counts.pass),
            ("fail", counts.fail),
            ("warn", counts.warn),
            ("error", counts.error),
            ("skip", counts.skip),
        ],
        rows: report.results.iter().map(to_row).collect(),
        ..Report::default()
    }
}

fn to_row(one: &Applied) -> Row {
    Row {
        suite: String::new(),
        policy: one.policy.to_string(),
        rule: one.rule.to_string(),
        resource: one.resource.to_string(),
        result: match one.status {
            RuleStatus::Pass => RowResult::Pass,
            RuleStatus::Fail => RowResult::Fail,
            RuleStatus::Warn => RowResult::Warn,
            RuleStatus::Error => RowResult::Error,
            RuleStatus::Skip => RowResult::Skip,
        },
        reason: format!("line {}", one.line),
        message: one.message.to_string(),
        place: Some(Place::whole(SourceFile::new(&*one.file, ""))),
    }
}
