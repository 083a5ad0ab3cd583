//! Writes reports and Events to a cluster. Each call waits for its answer.

use std::sync::Arc;

use portcullis_api::policy_report::{PolicyReport, PolicyReportKind};
use portcullis_cluster::{Apply, ApplyOptions, Cluster, ClusterError, ServedKind, Target};
use portcullis_engine::request::GroupVersionResource;
use serde_json::Value;

use super::pending::{Existing, Reports, Write};

/// Who owns the fields of reports.
pub const MANAGER: &str = "portcullis-webhook";

/// What was written in one turn.
#[derive(Clone, Debug, Default)]
pub struct Written {
    /// How many reports were created, changed or deleted.
    pub reports: usize,
    /// How many will be tried once more.
    pub waiting: usize,
    /// How many were given up.
    pub given_up: usize,
    /// The first error that is not that somebody else wrote meanwhile.
    pub error: Option<ClusterError>,
}

/// Writes to a cluster.
#[derive(Clone)]
pub struct Writer {
    cluster: Arc<Cluster>,
}

/// What became of one write.
enum Done {
    Written,
    /// The object that the report is about is not there.
    Missing,
    /// Somebody else wrote meanwhile.
    Raced,
    Failed(ClusterError),
}

impl Writer {
    /// A writer to a cluster.
    #[must_use]
    pub fn new(cluster: Arc<Cluster>) -> Writer {
        Writer { cluster }
    }

    /// The cluster.
    #[must_use]
    pub fn cluster(&self) -> &Arc<Cluster> {
        &self.cluster
    }

    /// Writes all that waits and is not in the cluster yet.
    pub fn flush(&self, reports: &mut Reports, seconds: i64) -> Written {
        let mut written = Written::default();
        let existing = match self.existing(&reports.wanted()) {
            Ok(existing) => existing,
            Err(error) => {
                written.error = Some(error);
                return written;
            }
        };
        for write in reports.plan(&existing) {
            let is_waiting = match self.write(&write) {
                Done::Written => {
                    written.reports += 1;
                    continue;
                }
                Done::Missing => reports.missing(write, seconds),
                Done::Raced => reports.retry(write),
                Done::Failed(error) => {
                    written.error.get_or_insert(error);
                    reports.retry(write)
                }
            };
            match is_waiting {
                true => written.waiting += 1,
                false => written.given_up += 1,
            }
        }
        written
    }

    /// The reports of these objects, each named by uid and namespace.
    fn existing(&self, wanted: &[(String, String)]) -> Result<Existing, ClusterError> {
        let kinds = [report_kind(false), report_kind(true)];
        let [of_cluster, of_namespace] = &kinds;
        let targets: Vec<Target<'_>> = wanted
            .iter()
            .map(|(uid, namespace)| Target {
                kind: match namespace.as_str() {
                    "" => of_cluster,
                    _ => of_namespace,
                },
                namespace,
                name: uid,
            })
            .collect();
        let answers = self.cluster.read_objects(&targets);
        let mut existing = Existing::new();
        for ((uid, _), answer) in wanted.iter().zip(answers) {
            // What is no report is written anew.
            if let Some(report) = answer?.and_then(|report| read(report).ok()) {
                existing.insert(uid.clone(), report);
            }
        }
        Ok(existing)
    }

    fn write(&self, write: &Write) -> Done {
        if let Some(subject) = &write.look_for {
            let kind = served(
                &subject.resource,
                &subject.kind,
                !subject.namespace.is_empty(),
            );
            let target = Target {
                kind: &kind,
                namespace: &subject.namespace,
                name: &subject.name,
            };
            let found = self.cluster.read_objects(&[target]).pop();
            let uid = |object: &Value| {
                let uid = object.pointer("/metadata/uid").and_then(Value::as_str);
                uid == Some(&subject.uid)
            };
            match found {
                Some(Ok(Some(object))) if uid(&object) => {}
                Some(Err(error)) => return Done::Failed(error),
                _ => return Done::Missing,
            }
        }
        match self.put(write) {
            Ok(()) => Done::Written,
            // A report that has gone, went with its object.
            Err(error) if error.code() == Some(404) => Done::Missing,
            Err(error) if error.code() == Some(409) => Done::Raced,
            Err(error) => Done::Failed(error),
        }
    }

    fn put(&self, write: &Write) -> Result<(), ClusterError> {
        let kind = report_kind(!write.namespace.is_empty());
        let target = Target {
            kind: &kind,
            namespace: &write.namespace,
            name: &write.uid,
        };
        let report = match (&write.report, &write.existing) {
            (Some(report), _) => serde_json::to_value(report).unwrap_or_default(),
            (None, Some(existing)) => return self.cluster.delete_object(&target, existing),
            (None, None) => return Ok(()),
        };
        if write.existing.is_none() {
            // Not applied: of two that make the same report, one has to see the other's rows.
            let created = self.cluster.create_object(&kind, &write.namespace, report);
            return created.map(drop);
        }
        self.apply(target, &report)
    }

    fn apply(&self, target: Target<'_>, object: &Value) -> Result<(), ClusterError> {
        let options = ApplyOptions {
            manager: MANAGER,
            dry_run: false,
        };
        let applied = self
            .cluster
            .apply_objects(&[Apply { target, object }], &options);
        applied.into_iter().try_for_each(|one| one.map(drop))
    }

    /// Writes Events, and gives the first error. One that cannot be written is lost.
    #[must_use]
    pub fn write_events(&self, events: &[Value]) -> Option<ClusterError> {
        let kind = served(
            &GroupVersionResource {
                group: "events.k8s.io".to_owned(),
                version: "v1".to_owned(),
                resource: "events".to_owned(),
            },
            "Event",
            true,
        );
        let mut first = None;
        for event in events {
            let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str);
            let target = Target {
                kind: &kind,
                namespace: text("/metadata/namespace").unwrap_or_default(),
                name: text("/metadata/name").unwrap_or_default(),
            };
            let error = self.apply(target, event).err();
            // The namespace of an object may have gone meanwhile.
            let error = error.filter(|error| error.code() != Some(404));
            first = first.or(error);
        }
        first
    }
}

/// Reads a report as the cluster has it.
///
/// # Errors
/// Where it is none.
pub(crate) fn read(report: Value) -> serde_json::Result<PolicyReport> {
    serde_json::from_value(report)
}

/// The kind of the reports of a namespace, or of the cluster.
#[must_use]
pub(crate) fn report_kind(is_namespaced: bool) -> ServedKind {
    let (kind, resource) = match is_namespaced {
        true => (PolicyReportKind::PolicyReport, "policyreports"),
        false => (
            PolicyReportKind::ClusterPolicyReport,
            "clusterpolicyreports",
        ),
    };
    let resource = GroupVersionResource {
        group: "wgpolicyk8s.io".to_owned(),
        version: "v1alpha2".to_owned(),
        resource: resource.to_owned(),
    };
    served(&resource, &format!("{kind:?}"), is_namespaced)
}

fn served(resource: &GroupVersionResource, kind: &str, is_namespaced: bool) -> ServedKind {
    ServedKind {
        group: resource.group.clone(),
        version: resource.version.clone(),
        kind: kind.to_owned(),
        resource: resource.resource.clone(),
        namespaced: is_namespaced,
        verbs: vec!["list".to_owned()],
        subresources: Vec::new(),
    }
}
