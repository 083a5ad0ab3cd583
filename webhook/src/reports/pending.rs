//! `Reports`: what was found and is not written yet, one entry for each object, and what is to be
//! written.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use portcullis_engine::response::EngineResponse;

use super::{
    asked::Asked,
    content::{self, Finding, Process, Report},
    inbox::Admitted,
    subject::Subject,
};

/// For so many seconds an object may not be there yet that a request was to write.
const PATIENCE: i64 = 10;

/// How often a report is written in vain.
const ATTEMPTS: u32 = 5;

/// The reports that stand in the cluster, by the uid of their object.
pub type Existing = BTreeMap<String, Report>;

/// What was found and is not written yet. At most so many objects wait; of more, the oldest are
/// dropped.
#[derive(Debug)]
pub struct Reports {
    pending: BTreeMap<String, Pending>,
    order: VecDeque<String>,
    limit: usize,
    dropped: u64,
    served: Arc<Asked>,
}

/// What was found of one object.
#[derive(Clone, Debug)]
struct Pending {
    namespace: String,
    /// None where only the report is known.
    subject: Option<Subject>,
    findings: Vec<Finding>,
    /// When it was found first, in seconds.
    since: i64,
    /// Whether the object is known to be there.
    is_there: bool,
    attempts: u32,
}

/// One change of the reports.
#[derive(Clone, Debug)]
pub struct Write {
    /// The uid of the object, and the name of the report.
    pub uid: String,
    /// The namespace; empty for a report of the cluster.
    pub namespace: String,
    /// The report; none where it is to go.
    pub report: Option<Report>,
    /// The uid of the report that stands there.
    pub existing: Option<String>,
    /// The object that has to be there first.
    pub look_for: Option<Subject>,
    pending: Pending,
}

impl Reports {
    /// Reports of at most so many objects at a time.
    #[must_use]
    pub fn new(limit: usize) -> Reports {
        Reports {
            pending: BTreeMap::new(),
            order: VecDeque::new(),
            limit: limit.max(1),
            dropped: 0,
            served: Arc::default(),
        }
    }

    /// Says which policies there are; rows of others go.
    pub fn serve(&mut self, served: Arc<Asked>) {
        self.served = served;
    }

    /// Takes what was said of a request. The object of one that was denied is as it was.
    pub fn admit(&mut self, admitted: &Admitted, seconds: i64) {
        if admitted.is_blocked {
            return;
        }
        let asked = admitted.asked.clone();
        let finding = Finding::of(asked, &admitted.responses, Process::Admission, seconds);
        self.put(&admitted.subject, finding, seconds, false);
    }

    /// Takes what a scan found of an object.
    pub fn scanned(
        &mut self,
        subject: &Subject,
        responses: &[EngineResponse],
        asked: &Arc<Asked>,
        seconds: i64,
    ) {
        let asked = vec![Arc::clone(asked)];
        let finding = Finding::of(asked, responses, Process::Scan, seconds);
        self.put(subject, finding, seconds, true);
    }

    /// Has the report of an object looked through that no scan has seen: rows of these policies go.
    pub fn unseen(&mut self, uid: &str, namespace: &str, asked: &Arc<Asked>, seconds: i64) {
        let finding = Finding {
            asked: vec![Arc::clone(asked)],
            rows: Vec::new(),
        };
        let pending = Pending {
            namespace: namespace.to_owned(),
            subject: None,
            findings: vec![finding],
            since: seconds,
            is_there: true,
            attempts: 0,
        };
        self.insert(uid.to_owned(), pending);
    }

    fn put(&mut self, subject: &Subject, finding: Finding, seconds: i64, is_there: bool) {
        if let Some(known) = self.pending.get_mut(&subject.uid) {
            known.findings.retain(|before| !finding.replaces(before));
            known.findings.push(finding);
            known.subject = Some(subject.clone());
            known.is_there |= is_there;
            return;
        }
        let pending = Pending {
            namespace: subject.namespace.clone(),
            subject: Some(subject.clone()),
            findings: vec![finding],
            since: seconds,
            is_there,
            attempts: 0,
        };
        self.insert(subject.uid.clone(), pending);
    }

    fn insert(&mut self, uid: String, pending: Pending) {
        while self.pending.len() >= self.limit
            && let Some(oldest) = self.order.pop_front()
        {
            self.pending.remove(&oldest);
            self.dropped += 1;
        }
        self.order.push_back(uid.clone());
        self.pending.insert(uid, pending);
    }

    /// The reports that have to be known before anything is written: uid of the object and namespace.
    #[must_use]
    pub fn wanted(&self) -> Vec<(String, String)> {
        let pending = self.pending.iter();
        let wanted = pending.map(|(uid, pending)| (uid.clone(), pending.namespace.clone()));
        wanted.collect()
    }

    /// What is to be written, where these reports stand, oldest first. Nothing waits afterwards.
    pub fn plan(&mut self, existing: &Existing) -> Vec<Write> {
        let mut pending = std::mem::take(&mut self.pending);
        let order = std::mem::take(&mut self.order).into_iter();
        let taken = order.filter_map(|uid| pending.remove(&uid).map(|pending| (uid, pending)));
        let written = taken.filter_map(|(uid, pending)| {
            let existing = existing.get(&uid);
            let rows = content::merged(existing, &pending.findings, &self.served);
            let wanted = content::report(pending.subject.as_ref(), &uid, existing, rows);
            let is_unchanged = match (existing, &wanted) {
                (Some(existing), Some(wanted)) => content::stands(existing, wanted),
                (None, None) => true,
                _ => false,
            };
            (!is_unchanged).then(|| write(uid, pending, existing, wanted))
        });
        written.collect()
    }

    /// Takes back what could not be written, unless it is hopeless; whether it waits again.
    pub fn retry(&mut self, write: Write) -> bool {
        let mut pending = write.pending;
        pending.attempts += 1;
        if pending.attempts >= ATTEMPTS {
            self.dropped += 1;
            return false;
        }
        self.wait(write.uid, pending)
    }

    /// Takes back what is about an object that is not there; whether it waits again.
    pub fn missing(&mut self, write: Write, seconds: i64) -> bool {
        // The request was denied by somebody else, or the object has gone.
        seconds - write.pending.since < PATIENCE && self.wait(write.uid, write.pending)
    }

    fn wait(&mut self, uid: String, pending: Pending) -> bool {
        match self.pending.get_mut(&uid) {
            Some(newer) => {
                // What came in the meantime goes after.
                let later = std::mem::take(&mut newer.findings);
                newer.findings = pending.findings;
                for finding in later {
                    newer.findings.retain(|before| !finding.replaces(before));
                    newer.findings.push(finding);
                }
            }
            None => self.insert(uid, pending),
        }
        true
    }

    /// How many objects were dropped.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped
    }
}

fn write(
    uid: String,
    pending: Pending,
    existing: Option<&Report>,
    wanted: Option<Report>,
) -> Write {
    let report = wanted.map(|mut report| {
        // Whoever writes meanwhile makes the server refuse.
        let version = existing.and_then(|report| report.metadata.resource_version.clone());
        report.metadata.resource_version = version;
        report
    });
    Write {
        uid,
        namespace: pending.namespace.clone(),
        report,
        existing: existing.and_then(|report| report.metadata.uid.clone()),
        look_for: match (existing, pending.is_there) {
            (None, false) => pending.subject.clone(),
            _ => None,
        },
        pending,
    }
}
