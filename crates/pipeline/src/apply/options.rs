//! What is applied to what, and how.

use std::{path::PathBuf, sync::Arc};

use super::produced::{Keep, Writer};
use crate::{
    diagnostic::SourceFile,
    offline::{Overrides, payloads::Payload, requests::Surroundings, source::World},
    progress::Progress,
};

/// What is applied to what, and how.
#[derive(Clone, Debug, Default)]
pub struct ApplyOptions {
    /// Files and folders of policies.
    pub policies: Vec<PathBuf>,
    /// Texts that stand in for files of policies.
    pub overrides: Overrides,
    /// JSON that is no object of Kubernetes, for the policies about such.
    pub payloads: Vec<Payload>,
    /// Files and folders of exceptions.
    pub exceptions: Vec<PathBuf>,
    /// Texts with further exceptions, such as those of a cluster.
    pub further_exceptions: Vec<SourceFile>,
    /// Texts with manifests.
    pub resources: Vec<SourceFile>,
    /// Whether the objects of the cluster that is asked are applied to, too.
    pub from_cluster: bool,
    /// Files with CustomResourceDefinitions, whose kinds are known besides Kubernetes' own.
    pub definitions: Vec<SourceFile>,
    /// What is known of the world.
    pub world: World,
    /// Who asks, and labels of namespaces.
    pub surroundings: Surroundings,
    /// Whether a failure of an Audit policy counts as a warning.
    pub audit_warn: bool,
    /// Whether Kyverno's known bugs and its number model are kept.
    pub compat: bool,
    /// Whether results that pass or are skipped are kept, too.
    pub detailed: bool,
    /// Which objects are kept.
    pub keep: Keep,
    /// How kept objects are written.
    pub writer: Writer,
    /// Manifests of existing objects, which rules may change or copy.
    pub targets: Vec<PathBuf>,
    /// Whether results are kept as policy reports have them.
    pub keep_reported: bool,
    /// Whether exceptions among the manifests hold.
    pub exceptions_among_resources: bool,
    /// Counts the documents that are done.
    pub progress: Arc<Progress>,
}
