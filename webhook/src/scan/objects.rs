//! One scan, from the first page to the last report.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use portcullis_cluster::{Cluster, ClusterError, Discovery, ListOptions, ServedKind};
use portcullis_engine::{
    record::Silent,
    request::{GroupVersionKind, GroupVersionResource, Operation, Request},
    response::EngineResponse,
    validate,
};
use serde_json::Value;

use super::standing::{Standing, standing};
use crate::{
    reports::{Asked, Events, Occasion, Reports, Subject, Writer, digest_of, is_left_out, micros},
    served::Policies,
    world::World,
};

/// How many reports wait at most before they are written.
const LIMIT: usize = 1000;

/// What a scan asks, and whom.
pub struct ScanOptions<'s> {
    /// The policies.
    pub policies: &'s Policies,
    /// The world that they ask.
    pub world: &'s dyn World,
    /// How many objects the server gives at a time.
    pub batch_size: usize,
    /// Objects that are left out.
    pub is_excluded: &'s (dyn Fn(&Subject) -> bool + Sync),
    /// Whether the scan is to end before it is done.
    pub ends: &'s (dyn Fn() -> bool + Sync),
    /// The Events of what is found anew.
    pub events: Option<&'s Mutex<Events>>,
}

/// What a scan did.
#[derive(Clone, Debug, Default)]
pub struct Scanned {
    /// How many objects were looked at.
    pub objects: usize,
    /// How many reports were written or deleted.
    pub reports: usize,
    /// Why some objects or reports could not be read or written.
    pub errors: Vec<ClusterError>,
    /// Whether it was ended before it was done.
    pub is_ended: bool,
}

/// Looks at all objects of the kinds that policies are about, and brings their reports up to date.
///
/// # Errors
/// Where it cannot be known what the cluster serves, or which reports stand.
pub fn scan(writer: &Writer, options: &ScanOptions<'_>) -> Result<Scanned, ClusterError> {
    let cluster = writer.cluster();
    let discovery = Discovery::of(cluster)?;
    let groups = options.policies.scanned_groups();
    let served = Asked::all(groups.iter().map(|group| group.asked().as_ref()));
    let asked = Arc::new(served.in_scans());
    let standing = standing(cluster, &asked, &served)?;
    let mut reports = Reports::new(LIMIT);
    reports.serve(Arc::new(served));
    let mut pass = Pass {
        namespaces: cluster.namespaces(None)?,
        standing,
        asked,
        reports,
        writer,
        options,
        done: Scanned::default(),
    };
    pass.look(cluster, &discovery);
    if !pass.done.is_ended {
        pass.look_for_unseen();
    }
    Ok(pass.done)
}

struct Pass<'s> {
    namespaces: BTreeMap<String, BTreeMap<String, String>>,
    standing: BTreeMap<String, Standing>,
    asked: Arc<Asked>,
    reports: Reports,
    writer: &'s Writer,
    options: &'s ScanOptions<'s>,
    done: Scanned,
}

impl Pass<'_> {
    fn look(&mut self, cluster: &Cluster, discovery: &Discovery) {
        let groups = self.options.policies.scanned_groups();
        let kinds = discovery.listed(|kind| {
            let of = gvk(kind);
            let is_about = |set: &portcullis_engine::PolicySet| {
                let mut policies = set.policies().iter();
                policies
                    .any(|policy| policy.info().background && policy.is_about(&of, &kind.resource))
            };
            !is_left_out(&kind.group, &kind.kind)
                && groups.iter().any(|group| is_about(group.set()))
        });
        for kind in &kinds {
            if (self.options.ends)() {
                self.done.is_ended = true;
                return;
            }
            let list = ListOptions {
                namespace: None,
                cluster_wide: true,
                batch_size: self.options.batch_size,
                continue_on_error: true,
            };
            let errors = cluster.list(std::slice::from_ref(kind), &list, |page| {
                for object in &page.objects {
                    self.look_at(kind, object);
                }
                self.flush();
            });
            self.done.errors.extend(errors);
        }
    }

    fn look_at(&mut self, kind: &ServedKind, object: &Value) {
        let resource = GroupVersionResource {
            group: kind.group.clone(),
            version: kind.version.clone(),
            resource: kind.resource.clone(),
        };
        let Some(subject) = Subject::of(object, resource) else {
            return;
        };
        if (self.options.is_excluded)(&subject) {
            return;
        }
        self.done.objects += 1;
        let responses = self.evaluate(&subject, kind, object);
        let found = digest_of(&responses, &self.asked);
        let is_known = match self.standing.remove(&subject.uid) {
            Some(standing) => standing.digest == found && !standing.is_stale,
            None => self.asked.answers(&responses).next().is_none(),
        };
        if is_known {
            return;
        }
        let micros = micros();
        if let Some(events) = self.options.events {
            let occasion = Occasion {
                subject: &subject,
                is_blocked: false,
                is_scan: true,
                micros,
            };
            let mut events = events.lock().unwrap_or_else(PoisonError::into_inner);
            events.count(occasion, self.asked.answers(&responses));
        }
        self.reports
            .scanned(&subject, &responses, &self.asked, micros / 1_000_000);
    }

    fn evaluate(
        &self,
        subject: &Subject,
        kind: &ServedKind,
        object: &Value,
    ) -> Vec<EngineResponse> {
        let world = self.options.world;
        let is_namespace = subject.api_version == "v1" && subject.kind == "Namespace";
        let named = match is_namespace {
            true => &subject.name,
            false => &subject.namespace,
        };
        let known = world.namespace(named);
        let labels = known.as_ref().map(|known| &known.labels);
        let request = Request {
            operation: Operation::Create,
            kind: gvk(kind),
            resource: subject.resource.clone(),
            name: &subject.name,
            namespace: &subject.namespace,
            object: Some(object),
            namespace_labels: labels.or_else(|| self.namespaces.get(named)),
            namespace_object: known.as_ref().and_then(|known| known.object.as_ref()),
            numbers: world.numbers(),
            ..Request::default()
        };
        let source = world.source();
        let groups = self.options.policies.scanned_groups().into_iter();
        groups
            .flat_map(|group| validate(group.set(), &request, source.as_ref(), &mut Silent))
            .collect()
    }

    /// Reports of objects that no scan looks at any more lose the rows of these policies, unless some
    /// kind could not be listed; rows of policies that are gone go anyway.
    fn look_for_unseen(&mut self) {
        let is_whole = self.done.errors.is_empty();
        let nothing = Arc::new(Asked::default());
        for (uid, standing) in std::mem::take(&mut self.standing) {
            let has_to_go = standing.is_stale || (standing.has_some && is_whole);
            if !has_to_go {
                continue;
            }
            let asked = match is_whole {
                true => &self.asked,
                false => &nothing,
            };
            self.reports
                .unseen(&uid, &standing.namespace, asked, micros() / 1_000_000);
            if self.reports.wanted().len() >= LIMIT {
                self.flush();
            }
        }
        self.flush();
    }

    fn flush(&mut self) {
        // What somebody else writes at the same time is tried again at once.
        for _ in 0..3 {
            let written = self.writer.flush(&mut self.reports, micros() / 1_000_000);
            self.done.reports += written.reports;
            self.done.errors.extend(written.error);
            if written.waiting == 0 {
                break;
            }
        }
    }
}

fn gvk(kind: &ServedKind) -> GroupVersionKind {
    GroupVersionKind {
        group: kind.group.clone(),
        version: kind.version.clone(),
        kind: kind.kind.clone(),
    }
}
