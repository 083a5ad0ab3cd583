//! `--policy-report`: reports of `openreports.io` or `wgpolicyk8s.io`, one for the policies of the
//! cluster and one for each policy of a namespace.
//!
//! Both say the same. What the former calls `subjects` and `description` are `resources` and
//! `message` in the latter.

use std::collections::BTreeMap;

use portcullis_api::{
    metadata::ObjectMeta,
    open_report::{OpenReport, OpenReportKind, OpenReportResult, OpenReportVersion},
    policy_report::{
        PolicyReport, PolicyReportKind, PolicyReportVersion, ReportOutcome, ReportResult,
        ReportSeverity, ReportSummary, ReportTime, ReportedResource,
    },
};
use portcullis_engine::response::RuleStatus;
use portcullis_pipeline::apply::{Applied, Reported};
use serde_json::{Value, json};

use super::ReportApi;

/// The reports, that of the cluster first. Kyverno calls a report of a namespace `PolicyReport`,
/// which `openreports.io` does not have; `compat` keeps that.
pub(super) fn of(results: &[Applied], api: ReportApi, seconds: i64, compat: bool) -> Vec<Value> {
    let mut policies: BTreeMap<Option<(&str, &str)>, Vec<&Applied>> = BTreeMap::new();
    for one in results {
        policies
            .entry(one.policy.split_once('/'))
            .or_default()
            .push(one);
    }
    let reports = policies.into_iter().map(|(policy, mut results)| {
        // Those of one policy stand together, each in the order of the manifests.
        results.sort_by(|one, other| one.policy.cmp(&other.policy));
        let report = report(policy, &results, seconds);
        let mut report = match api {
            ReportApi::OpenReports => json!(report),
            ReportApi::PolicyReports => return json!(to_policy_report(report)),
        };
        let kind = report.get_mut("kind");
        if let Some(kind) = kind.filter(|_| policy.is_some() && compat) {
            *kind = json!("PolicyReport");
        }
        report
    });
    reports.collect()
}

fn report(policy: Option<(&str, &str)>, results: &[&Applied], seconds: i64) -> OpenReport {
    let (namespace, name) = policy.unzip();
    OpenReport {
        api_version: OpenReportVersion::V1Alpha1,
        kind: match policy {
            Some(_) => OpenReportKind::Report,
            None => OpenReportKind::ClusterReport,
        },
        metadata: ObjectMeta {
            name: Some(name.unwrap_or("merged").to_owned()),
            namespace: namespace.map(str::to_owned),
            ..ObjectMeta::default()
        },
        source: None,
        scope: None,
        scope_selector: None,
        summary: Some(summary(results)),
        results: results
            .iter()
            .filter_map(|one| Some(result(one.status, one.reported.as_deref()?, seconds)))
            .collect(),
    }
}

fn to_policy_report(report: OpenReport) -> PolicyReport {
    PolicyReport {
        api_version: PolicyReportVersion::V1Alpha2,
        kind: match report.kind {
            OpenReportKind::Report => PolicyReportKind::PolicyReport,
            OpenReportKind::ClusterReport => PolicyReportKind::ClusterPolicyReport,
        },
        metadata: report.metadata,
        scope: report.scope,
        scope_selector: report.scope_selector,
        summary: report.summary,
        results: report.results.into_iter().map(to_policy_result).collect(),
    }
}

fn to_policy_result(result: OpenReportResult) -> ReportResult {
    ReportResult {
        source: result.source,
        policy: result.policy,
        rule: result.rule,
        category: result.category,
        severity: result.severity,
        timestamp: result.timestamp,
        result: result.result,
        scored: result.scored,
        resources: result.subjects,
        resource_selector: result.resource_selector,
        message: result.description,
        properties: result.properties,
    }
}

fn summary(results: &[&Applied]) -> ReportSummary {
    let count = |status| {
        let of_status = results.iter().filter(|one| one.status == status).count();
        Some(i64::try_from(of_status).unwrap_or(i64::MAX))
    };
    ReportSummary {
        pass: count(RuleStatus::Pass),
        fail: count(RuleStatus::Fail),
        warn: count(RuleStatus::Warn),
        error: count(RuleStatus::Error),
        skip: count(RuleStatus::Skip),
    }
}

fn result(status: RuleStatus, reported: &Reported, seconds: i64) -> OpenReportResult {
    let said = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let found = &reported.result;
    OpenReportResult {
        source: said(found.source),
        policy: found.policy.clone(),
        rule: said(&found.rule),
        category: found.category.clone(),
        severity: found.severity.as_deref().and_then(severity),
        timestamp: Some(ReportTime { seconds, nanos: 0 }),
        result: Some(outcome(status)),
        scored: Some(found.scored),
        subjects: vec![ReportedResource {
            api_version: said(&reported.api_version),
            kind: said(&reported.kind),
            namespace: said(&reported.namespace),
            name: said(&reported.name),
            uid: said(&reported.uid),
            ..ReportedResource::default()
        }],
        resource_selector: None,
        description: said(&found.message),
        properties: found.properties.clone(),
    }
}

fn severity(word: &str) -> Option<ReportSeverity> {
    serde_json::from_value(json!(word)).ok()
}

fn outcome(status: RuleStatus) -> ReportOutcome {
    match status {
        RuleStatus::Pass => ReportOutcome::Pass,
        RuleStatus::Fail => ReportOutcome::Fail,
        RuleStatus::Warn => ReportOutcome::Warn,
        RuleStatus::Error => ReportOutcome::Error,
        RuleStatus::Skip => ReportOutcome::Skip,
    }
}
