//! `SyncError`: why a revision is not in the cluster.

use portcullis_api::policy_source::StoppedBy;
use portcullis_cluster::ClusterError;
use portcullis_pipeline::diagnostic::Diagnostic;
use portcullis_sources::SourceError;
use thiserror::Error;

use crate::{allowance::TRAILER, plan::Refusal};

/// Why a revision is not in the cluster, or only a part of it.
#[derive(Debug, Error)]
pub enum SyncError {
    /// The repository cannot be fetched.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The commit does not pass the gate.
    #[error("commit {commit} does not pass: {}", first(findings))]
    Gate {
        /// The commit.
        commit: String,
        /// What stops it.
        findings: Vec<Diagnostic>,
    },
    /// The commit's trailer cannot be understood.
    #[error("commit {commit}: `{part}` in `{TRAILER}` is neither `prune=N` nor `weaken=N`")]
    Allowance {
        /// The commit.
        commit: String,
        /// What cannot be understood.
        part: String,
    },
    /// The plan is refused.
    #[error("commit {commit}: {}", refusals.first().map(ToString::to_string).unwrap_or_default())]
    Refused {
        /// The commit.
        commit: String,
        /// Why.
        refusals: Vec<Refusal>,
    },
    /// What was written before cannot be read.
    #[error("ConfigMap {config_map}: `{line}` is not the name of an object")]
    Inventory {
        /// The ConfigMap.
        config_map: String,
        /// What is wrong.
        line: String,
    },
    /// There is no place for the inventory.
    #[error("there is no namespace `{namespace}`, which the inventory is kept in")]
    NoNamespace {
        /// The namespace.
        namespace: String,
    },
    /// What is wanted of the source cannot be understood.
    #[error("{0}")]
    Spec(String),
    /// An object cannot be written as it is.
    #[error("{path}:{line}: {object}: {reason}")]
    Object {
        /// The file in the repository.
        path: String,
        /// The line in it.
        line: String,
        /// The object.
        object: String,
        /// Why.
        reason: String,
    },
    /// The namespace of an object is on its way out: it is tried again until that is gone.
    #[error("{path}:{line}: {object}: the namespace `{namespace}` is being terminated")]
    Terminating {
        /// The file in the repository.
        path: String,
        /// The line in it.
        line: String,
        /// The object.
        object: String,
        /// The namespace.
        namespace: String,
    },
    /// The cluster gives no answer, or refuses.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// An object does not become ready.
    #[error("{object} is not ready after {seconds} s: {reason}")]
    NotReady {
        /// The object.
        object: String,
        /// How long it was waited.
        seconds: u64,
        /// What it lacks.
        reason: String,
    },
}

fn first(findings: &[Diagnostic]) -> String {
    let Some(first) = findings.first() else {
        return String::new();
    };
    match &first.place {
        Some(place) => format!("{}: {}", place.label(), first.message),
        None => first.message.clone(),
    }
}

impl SyncError {
    /// A word for machines.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            SyncError::Source(SourceError::Unauthorized { .. }) => "Unauthorized",
            SyncError::Source(_) => "FetchFailed",
            SyncError::Gate { .. } => "VerifyFailed",
            SyncError::Allowance { .. } | SyncError::Refused { .. } => "Refused",
            SyncError::Inventory { .. } => "InventoryBroken",
            SyncError::Spec(_) => "InvalidSpec",
            SyncError::Object { .. } | SyncError::NoNamespace { .. } | SyncError::Cluster(_) => {
                "ApplyFailed"
            }
            SyncError::NotReady { .. } | SyncError::Terminating { .. } => "NotReady",
        }
    }

    /// What stopped the commit, with the file and line in the repository where one is to blame.
    #[must_use]
    pub fn stopped_by(&self) -> Option<StoppedBy> {
        let stopped = |check: &str, message: String| StoppedBy {
            check: check.to_owned(),
            message,
            ..StoppedBy::default()
        };
        let found = match self {
            SyncError::Gate { findings, .. } => {
                let first = findings.first()?;
                let place = first.place.as_ref();
                let line = place.map(|place| place.file.line_column(place.span.start).0);
                StoppedBy {
                    file: place.map(|place| place.file.path.display().to_string()),
                    line: line.and_then(|line| i64::try_from(line).ok()),
                    ..stopped("verify", first.message.clone())
                }
            }
            SyncError::Refused { refusals, .. } => {
                let first = refusals.first()?;
                stopped(first.check(), first.to_string())
            }
            SyncError::Object {
                path, line, reason, ..
            } => StoppedBy {
                file: Some(path.clone()),
                line: line.parse().ok(),
                ..stopped("apply", reason.clone())
            },
            SyncError::Terminating {
                path,
                line,
                namespace,
                ..
            } => StoppedBy {
                file: Some(path.clone()),
                line: line.parse().ok(),
                ..stopped(
                    "ready",
                    format!("the namespace `{namespace}` is being terminated"),
                )
            },
            SyncError::NotReady { .. } => stopped("ready", self.to_string()),
            SyncError::Allowance { .. } => stopped("allowance", self.to_string()),
            _ => return None,
        };
        Some(found)
    }

    /// Everything that is to be told, with places and remedies.
    #[must_use]
    pub fn diagnostics(self) -> Vec<Diagnostic> {
        match self {
            SyncError::Gate { findings, .. } => findings,
            SyncError::Refused { commit, refusals } => refusals
                .iter()
                .map(|refusal| {
                    Diagnostic::error(format!("commit {commit}: {refusal}")).help(refusal.remedy())
                })
                .collect(),
            SyncError::Cluster(error) => {
                vec![
                    Diagnostic::error(error.to_string())
                        .help(error.remedy())
                        .unusable(),
                ]
            }
            SyncError::NoNamespace { .. } => {
                let help = "create it, or name another one with `--inventory-namespace`";
                vec![Diagnostic::error(self.to_string()).help(help).unusable()]
            }
            SyncError::Source(_) => vec![Diagnostic::error(self.to_string()).unusable()],
            other => vec![Diagnostic::error(other.to_string())],
        }
    }
}
