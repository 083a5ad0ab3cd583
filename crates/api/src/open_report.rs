//! Report and ClusterReport (`openreports.io/v1alpha1`): results of policies, in the newer group.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::label_selector::LabelSelector;
use crate::metadata::ObjectMeta;
use crate::policy_report::{ReportResult, ReportSummary, ReportedResource};

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
    /// Who evaluated the policies; empty where each result says so for itself.
    #[serde(default)]
    pub source: String,
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
    pub results: Vec<ReportResult>,
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
