//! `--policy-report`: reports of `openreports.io` or `wgpolicyk8s.io`, one for the policies of the
//! cluster and one for each policy of a namespace.
//!
//! Both have the same results, under the same names.

use std::collections::BTreeMap;

use portcullis_api::{
    metadata::ObjectMeta,
    open_report::{OpenReport, OpenReportKind, OpenReportVersion},
    policy_report::{
        PolicyReport, PolicyReportKind, PolicyReportVersion, ReportResult, ReportTime,
        ReportedResource,
    },
};
use portcullis_engine::report;
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
        let report = report_of(policy, &results, seconds);
        let mut report = match api {
            ReportApi::OpenReports => json!(to_open_report(report)),
            ReportApi::PolicyReports => return json!(report),
        };
        let kind = report.get_mut("kind");
        if let Some(kind) = kind.filter(|_| policy.is_some() && compat) {
            *kind = json!("PolicyReport");
        }
        report
    });
    reports.collect()
}

fn report_of(policy: Option<(&str, &str)>, results: &[&Applied], seconds: i64) -> PolicyReport {
    let (namespace, name) = policy.unzip();
    let outcomes = results.iter().map(|one| report::outcome(one.status));
    PolicyReport {
        api_version: PolicyReportVersion::V1Alpha2,
        kind: match policy {
            Some(_) => PolicyReportKind::PolicyReport,
            None => PolicyReportKind::ClusterPolicyReport,
        },
        metadata: ObjectMeta {
            name: Some(name.unwrap_or("merged").to_owned()),
            namespace: namespace.map(str::to_owned),
            ..ObjectMeta::default()
        },
        scope: None,
        scope_selector: None,
        summary: Some(report::summary(outcomes)),
        results: results
            .iter()
            .filter_map(|one| Some(row(one, one.reported.as_deref()?, seconds)))
            .collect(),
    }
}

fn row(applied: &Applied, reported: &Reported, seconds: i64) -> ReportResult {
    let said = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let resource = ReportedResource {
        api_version: said(&reported.api_version),
        kind: said(&reported.kind),
        namespace: said(&reported.namespace),
        name: said(&reported.name),
        uid: said(&reported.uid),
        ..ReportedResource::default()
    };
    let time = ReportTime { seconds, nanos: 0 };
    ReportResult {
        result: Some(report::outcome(applied.status)),
        ..reported.result.row(vec![resource], time)
    }
}

fn to_open_report(report: PolicyReport) -> OpenReport {
    OpenReport {
        api_version: OpenReportVersion::V1Alpha1,
        kind: match report.kind {
            PolicyReportKind::PolicyReport => OpenReportKind::Report,
            PolicyReportKind::ClusterPolicyReport => OpenReportKind::ClusterReport,
        },
        metadata: report.metadata,
        source: String::new(),
        scope: report.scope,
        scope_selector: report.scope_selector,
        summary: report.summary,
        results: report.results,
    }
}
