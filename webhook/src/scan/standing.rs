//! The reports that stand before a scan, as digests.

use std::collections::BTreeMap;

use portcullis_cluster::{Cluster, ClusterError, ListOptions};

use crate::reports::{Asked, PolicyId, digest, is_ours, read, report_kind};

/// How many reports the server gives at a time.
const BATCH_SIZE: usize = 250;

/// What is kept of a report.
#[derive(Debug)]
pub(super) struct Standing {
    /// Its namespace; empty for a report of the cluster.
    pub(super) namespace: Box<str>,
    /// The digest of the rows of policies that take part in scans.
    pub(super) digest: u64,
    /// Whether there are rows of such policies.
    pub(super) has_some: bool,
    /// Whether there are rows of policies that are gone.
    pub(super) is_stale: bool,
}

/// The reports of the cluster that are written here, by the uid of their object.
pub(super) fn standing(
    cluster: &Cluster,
    asked: &Asked,
    served: &Asked,
) -> Result<BTreeMap<String, Standing>, ClusterError> {
    let kinds = [report_kind(true), report_kind(false)];
    let options = ListOptions {
        namespace: None,
        cluster_wide: true,
        batch_size: BATCH_SIZE,
        continue_on_error: false,
    };
    let mut standing = BTreeMap::new();
    let errors = cluster.list(&kinds, &options, |page| {
        for report in page.objects.into_iter().filter_map(|one| read(one).ok()) {
            if !is_ours(&report) {
                continue;
            }
            let rows = &report.results;
            let mut ids = rows.iter().map(PolicyId::of_row);
            let known = Standing {
                namespace: report.metadata.namespace.unwrap_or_default().into(),
                digest: digest(rows, asked),
                has_some: ids.clone().any(|id| asked.has(&id)),
                is_stale: ids.any(|id| !served.has(&id)),
            };
            standing.insert(report.metadata.name.unwrap_or_default(), known);
        }
    });
    match errors.into_iter().next() {
        Some(error) => Err(error),
        None => Ok(standing),
    }
}
