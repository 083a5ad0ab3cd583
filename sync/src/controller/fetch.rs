//! What a repository answers. Asking it may take as long as its server likes, and writes nothing: meanwhile
//! what others change in the cluster is put back.

use std::time::Duration;

use portcullis_api::{policy_source::PolicySource, read::read};
use portcullis_cluster::Cluster;
use serde_json::Value;

use super::{generation, source};
use crate::{
    source::{Download, Source, download},
    sync_error::SyncError,
};

/// The answer to a PolicySource of this generation.
pub(super) struct Fetched {
    pub(super) generation: Option<i64>,
    pub(super) answer: Result<(Source, Download), SyncError>,
    pub(super) took: Duration,
}

impl Fetched {
    /// The commit that the repository is at.
    pub(super) fn commit(&self) -> Option<String> {
        let (_, download) = self.answer.as_ref().ok()?;
        download.commit().ok()
    }

    pub(super) fn failed(object: &Value, error: SyncError) -> Fetched {
        Fetched {
            generation: generation(object),
            answer: Err(error),
            took: Duration::ZERO,
        }
    }
}

/// Asks the repository of a PolicySource.
pub(super) fn fetch(cluster: &Cluster, object: &Value) -> Fetched {
    let answer = source_of(cluster, object).and_then(|source| {
        let download = download(&source)?;
        Ok((source, download))
    });
    Fetched {
        generation: generation(object),
        answer,
        took: Duration::ZERO,
    }
}

/// The source that a PolicySource asks for.
pub(super) fn source_of(cluster: &Cluster, object: &Value) -> Result<Source, SyncError> {
    let wanted: PolicySource = read(object).map_err(|error| SyncError::Spec(error.to_string()))?;
    source::of(cluster, &wanted)
}
