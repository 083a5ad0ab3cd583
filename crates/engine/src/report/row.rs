//! Results as rows of a PolicyReport, and their summary.

use portcullis_api::policy_report::{
    self, ReportOutcome, ReportSeverity, ReportSummary, ReportTime, ReportedResource,
};

use super::ReportResult;
use crate::response::RuleStatus;

impl ReportResult {
    /// The row of a PolicyReport. What is empty is left out.
    #[must_use]
    pub fn row(
        &self,
        resources: Vec<ReportedResource>,
        timestamp: ReportTime,
    ) -> policy_report::ReportResult {
        policy_report::ReportResult {
            source: said(self.source),
            policy: self.policy.clone(),
            rule: said(&self.rule),
            category: self.category.clone(),
            severity: self.severity.as_deref().and_then(severity),
            timestamp: Some(timestamp),
            result: Some(outcome(self.result)),
            scored: Some(self.scored),
            resources,
            resource_selector: None,
            message: said(&self.message),
            properties: self.properties.clone(),
        }
    }
}

/// The outcome in the words of the API.
#[must_use]
pub fn outcome(status: RuleStatus) -> ReportOutcome {
    match status {
        RuleStatus::Pass => ReportOutcome::Pass,
        RuleStatus::Fail => ReportOutcome::Fail,
        RuleStatus::Warn => ReportOutcome::Warn,
        RuleStatus::Error => ReportOutcome::Error,
        RuleStatus::Skip => ReportOutcome::Skip,
    }
}

/// How many outcomes there are of each kind, those of which there is none included.
#[must_use]
pub fn summary(outcomes: impl IntoIterator<Item = ReportOutcome>) -> ReportSummary {
    let [mut pass, mut fail, mut warn, mut error, mut skip] = [0; 5];
    for outcome in outcomes {
        let count = match outcome {
            ReportOutcome::Pass => &mut pass,
            ReportOutcome::Fail => &mut fail,
            ReportOutcome::Warn => &mut warn,
            ReportOutcome::Error => &mut error,
            ReportOutcome::Skip => &mut skip,
        };
        *count += 1;
    }
    ReportSummary {
        pass: Some(pass),
        fail: Some(fail),
        warn: Some(warn),
        error: Some(error),
        skip: Some(skip),
    }
}

fn said(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn severity(word: &str) -> Option<ReportSeverity> {
    match word {
        "critical" => Some(ReportSeverity::Critical),
        "high" => Some(ReportSeverity::High),
        "medium" => Some(ReportSeverity::Medium),
        "low" => Some(ReportSeverity::Low),
        "info" => Some(ReportSeverity::Info),
        _ => None,
    }
}
