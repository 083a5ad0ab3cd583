//! The results of `apply` as rows of a report.

use portcullis_engine::response::RuleStatus;
use portcullis_pipeline::apply::{Applied, ApplyReport};

use super::places::Places;
use crate::output::{
    format::Format,
    report::{Report, Row, RowResult},
};

/// The report.
pub(super) fn to_report(
    report: &ApplyReport,
    places: &mut Places<'_>,
    format: Format,
    is_detailed: bool,
) -> Report {
    // Other formats have a member of their own for the place.
    let is_told = format == Format::Table;
    let rows = report.results.iter();
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
        detailed: is_detailed,
        rows: rows.map(|one| to_row(one, places, is_told)).collect(),
        // People have read them on standard error.
        findings: match format {
            Format::Table => Vec::new(),
            _ => report.errors.clone(),
        },
        ..Report::default()
    }
}

fn to_row(one: &Applied, places: &mut Places<'_>, is_told: bool) -> Row {
    let place = places.of(one);
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
        reason: match &place {
            Some(place) if is_told => place.label(),
            _ => String::new(),
        },
        message: one.message.to_string(),
        place,
    }
}
