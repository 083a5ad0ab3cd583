//! The rows of a report: those of several policies together, in their order, within a budget.

use std::{
    collections::hash_map::DefaultHasher,
    hash::{Hash, Hasher},
    sync::Arc,
};

use portcullis_api::{
    metadata::ObjectMeta,
    policy_report::{
        PolicyReport, PolicyReportKind, PolicyReportVersion, ReportOutcome, ReportResult,
        ReportTime,
    },
};
use portcullis_engine::{
    report::{results, summary},
    response::EngineResponse,
};

use super::{
    asked::{Asked, PolicyId},
    subject::Subject,
};

/// Tools find reports by this label.
const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "kyverno");

/// How many bytes the rows of a report may have; the API server takes no object of more than 1.5 MiB.
const BUDGET: usize = 1024 * 1024;

/// The longest message of a row, in characters.
const LONGEST_MESSAGE: usize = 4096;

/// The property that says when a policy was asked, which changes nothing of what it found.
const PROCESS: &str = "process";

/// When policies are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Process {
    /// When a request is made.
    Admission,
    /// When objects are scanned.
    Scan,
}

/// What policies found of one object.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    pub(super) asked: Vec<Arc<Asked>>,
    pub(super) rows: Vec<ReportResult>,
}

/// A report as it stands in the cluster.
pub type Report = PolicyReport;

impl Finding {
    pub(super) fn of(
        asked: Vec<Arc<Asked>>,
        responses: &[EngineResponse],
        process: Process,
        seconds: i64,
    ) -> Finding {
        let answers = asked.iter().flat_map(|asked| asked.answers(responses));
        let found = answers.flat_map(results).map(|mut found| {
            let word = match process {
                Process::Admission => "admission review",
                Process::Scan => "background scan",
            };
            found.properties.insert(PROCESS.to_owned(), word.to_owned());
            if let Some((end, _)) = found.message.char_indices().nth(LONGEST_MESSAGE) {
                found.message.truncate(end);
            }
            found.row(Vec::new(), ReportTime { seconds, nanos: 0 })
        });
        let mut rows: Vec<ReportResult> = found.collect();
        sort(&mut rows);
        Finding { asked, rows }
    }

    /// Whether a policy was asked for this finding.
    fn has_asked(&self, policy: &PolicyId) -> bool {
        self.asked.iter().any(|asked| asked.has(policy))
    }

    /// Whether both are answers of the same policies.
    pub(super) fn replaces(&self, other: &Finding) -> bool {
        let (own, others) = (self.asked.iter(), other.asked.iter());
        self.asked.len() == other.asked.len()
            && own.zip(others).all(|(one, other)| Arc::ptr_eq(one, other))
    }
}

/// The rows after findings: those of policies that were not asked, and are still there, stay. A row
/// that says what it said before keeps its time.
pub(super) fn merged(
    existing: Option<&Report>,
    findings: &[Finding],
    served: &Asked,
) -> Vec<ReportResult> {
    let before = existing.map_or(&[][..], |report| &report.results);
    let mut rows = before.to_vec();
    for finding in findings {
        rows.retain(|row| !finding.has_asked(&PolicyId::of_row(row)));
        rows.extend(finding.rows.iter().cloned());
    }
    rows.retain(|row| served.has(&PolicyId::of_row(row)));
    sort(&mut rows);
    for row in &mut rows {
        if let Some(same) = same(before, row) {
            row.clone_from(same);
        }
    }
    rows
}

/// The row that says the same, of rows in their order, as Kyverno's reports have them, too.
fn same<'r>(rows: &'r [ReportResult], row: &ReportResult) -> Option<&'r ReportResult> {
    let start = rows.partition_point(|one| key(one) < key(row));
    let of_rule = rows.iter().skip(start);
    let mut of_rule = of_rule.take_while(|one| key(one) == key(row));
    of_rule.find(|one| is_same(one, row))
}

fn sort(rows: &mut [ReportResult]) {
    rows.sort_by(|one, other| key(one).cmp(&key(other)));
}

fn key(row: &ReportResult) -> (&str, Option<&str>, Option<&str>) {
    (&row.policy, row.rule.as_deref(), row.source.as_deref())
}

/// Whether two rows say the same, whenever and however it was found out.
fn is_same(one: &ReportResult, other: &ReportResult) -> bool {
    let properties = |row: &ReportResult| {
        let mut properties = row.properties.clone();
        properties.remove(PROCESS);
        properties
    };
    one.result == other.result
        && one.message == other.message
        && one.scored == other.scored
        && one.severity == other.severity
        && one.category == other.category
        && properties(one) == properties(other)
}

/// A report with these rows; none without rows. Of too many, those that pass or are skipped are left
/// out first; the summary counts all.
pub(super) fn report(
    subject: Option<&Subject>,
    uid: &str,
    existing: Option<&Report>,
    mut rows: Vec<ReportResult>,
) -> Option<Report> {
    if rows.is_empty() {
        return None;
    }
    let counts = summary(rows.iter().filter_map(|row| row.result));
    within_budget(&mut rows);
    let mut metadata = ObjectMeta {
        name: Some(uid.to_owned()),
        ..ObjectMeta::default()
    };
    let (key, value) = MANAGED_BY;
    metadata.labels.insert(key.to_owned(), value.to_owned());
    let scope = match (subject, existing) {
        (Some(subject), _) => {
            metadata.owner_references.push(subject.owner());
            let namespace = Some(&subject.namespace).filter(|name| !name.is_empty());
            metadata.namespace = namespace.cloned();
            Some(subject.reference())
        }
        (None, Some(report)) => {
            metadata.namespace.clone_from(&report.metadata.namespace);
            let owners = report.metadata.owner_references.clone();
            metadata.owner_references = owners;
            report.scope.clone()
        }
        (None, None) => return None,
    };
    Some(PolicyReport {
        api_version: PolicyReportVersion::V1Alpha2,
        kind: match metadata.namespace {
            Some(_) => PolicyReportKind::PolicyReport,
            None => PolicyReportKind::ClusterPolicyReport,
        },
        metadata,
        scope,
        scope_selector: None,
        summary: Some(counts),
        results: rows,
    })
}

fn within_budget(rows: &mut Vec<ReportResult>) {
    let matters =
        |row: &ReportResult| !matches!(row.result, Some(ReportOutcome::Pass | ReportOutcome::Skip));
    let mut left = BUDGET;
    let mut kept = vec![false; rows.len()];
    for wanted in [true, false] {
        let of_turn = rows.iter().zip(&mut kept);
        for (row, kept) in of_turn.filter(|(row, _)| matters(row) == wanted) {
            let size = serde_json::to_vec(row).map_or(BUDGET, |bytes| bytes.len());
            *kept = size <= left;
            left = left.saturating_sub(size);
        }
    }
    let mut kept = kept.into_iter();
    rows.retain(|_| kept.next().unwrap_or(false));
}

/// Whether a report stands there as it is wanted.
pub(super) fn stands(existing: &Report, wanted: &Report) -> bool {
    let (key, _) = MANAGED_BY;
    existing.results == wanted.results
        && existing.summary == wanted.summary
        && existing.scope == wanted.scope
        && existing.metadata.owner_references == wanted.metadata.owner_references
        && existing.metadata.labels.get(key) == wanted.metadata.labels.get(key)
}

/// Whether a report is of the kind that is written here.
#[must_use]
pub fn is_ours(report: &Report) -> bool {
    let (key, value) = MANAGED_BY;
    report.metadata.labels.get(key).map(String::as_str) == Some(value)
}

/// The digest of what responses have become once they stand in a report.
#[must_use]
pub(crate) fn digest_of(responses: &[EngineResponse], asked: &Arc<Asked>) -> u64 {
    let finding = Finding::of(vec![Arc::clone(asked)], responses, Process::Scan, 0);
    digest(&finding.rows, asked)
}

/// A number for what the rows of these policies say, whenever it was found out.
#[must_use]
pub fn digest(rows: &[ReportResult], asked: &Asked) -> u64 {
    let mut hasher = DefaultHasher::new();
    let mut rows: Vec<&ReportResult> = rows
        .iter()
        .filter(|row| asked.has(&PolicyId::of_row(row)))
        .collect();
    rows.sort_by(|one, other| key(one).cmp(&key(other)));
    for row in rows {
        key(row).hash(&mut hasher);
        row.result.map(|result| result as u8).hash(&mut hasher);
        (row.scored, row.severity.map(|severity| severity as u8)).hash(&mut hasher);
        (&row.message, &row.category).hash(&mut hasher);
        let properties = row.properties.iter();
        for property in properties.filter(|(key, _)| *key != PROCESS) {
            property.hash(&mut hasher);
        }
    }
    hasher.finish()
}
