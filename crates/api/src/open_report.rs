//! Report and ClusterReport (`openreports.io/v1alpha1`): results of policies, in the newer group.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::label_selector::LabelSelector;
use crate::metadata::ObjectMeta;
use crate::policy_report::{
    ReportOutcome, ReportSeverity, ReportSummary, ReportTime, ReportedResource,
};

/// Results of policies, for one resource or one scope.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OpenReport {
    /// API group and version.
    pub api_version: OpenReportVersion,
    /// `Report` or `ClusterReport`.
    pub kind: OpenReportKind,
    /// Name, labels and annotations.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// Who evaluated the policies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The resource that all results are about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<ReportedResource>,
    /// The resources that all results are about, by label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope_selector: Option<LabelSelector>,
    /// Number of results by outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<ReportSummary>,
    /// The results.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<OpenReportResult>,
}

/// Served versions.
#[derive(
    Clone, Debug, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum OpenReportVersion {
    /// `openreports.io/v1alpha1`.
    #[serde(rename = "openreports.io/v1alpha1")]
    V1Alpha1,
}

/// The two kinds, which differ in scope.
#[derive(
    Clone, Debug, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum OpenReportKind {
    /// For one namespace.
    Report,
    /// For the whole cluster.
    ClusterReport,
}

/// One rule's result on one resource.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OpenReportResult {
    /// Who evaluated it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Name of the policy.
    pub policy: String,
    /// Name of the rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Category of the policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Severity of the policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<ReportSeverity>,
    /// When it was evaluated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<ReportTime>,
    /// The outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<ReportOutcome>,
    /// Whether the outcome counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scored: Option<bool>,
    /// The resources.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<ReportedResource>,
    /// The resources, by label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_selector: Option<LabelSelector>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Further properties.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, String>,
}
