//! What `generate` and each of its loops make, and what is said of it in more than one place.

use portcullis_api::cluster_policy::{
    CloneList, CloneSource, ForEachGeneration, Generation, MutationTarget, Policy, PolicyKind,
};
use serde_json::Value;

use super::finding::Findings;
use super::scope::{self, Scope};

/// What one object or list of objects is made from: of the rule, or of one `foreach`.
#[derive(Default)]
pub(super) struct Target<'g> {
    pub(super) api_version: &'g str,
    pub(super) kind: &'g str,
    pub(super) name: &'g str,
    pub(super) namespace: &'g str,
    pub(super) data: Option<&'g Value>,
    pub(super) clone: Option<&'g CloneSource>,
    pub(super) clone_list: Option<&'g CloneList>,
}

impl<'g> From<&'g Generation> for Target<'g> {
    fn from(from: &'g Generation) -> Self {
        Target {
            api_version: text(&from.api_version),
            kind: text(&from.kind),
            name: text(&from.name),
            namespace: text(&from.namespace),
            data: from.data.as_ref().filter(|data| !data.is_null()),
            clone: from.clone.as_ref().filter(|it| **it != <_>::default()),
            clone_list: from.clone_list.as_ref().filter(|it| !it.kinds.is_empty()),
        }
    }
}

impl<'g> From<&'g ForEachGeneration> for Target<'g> {
    fn from(from: &'g ForEachGeneration) -> Self {
        Target {
            api_version: text(&from.api_version),
            kind: text(&from.kind),
            name: text(&from.name),
            namespace: text(&from.namespace),
            data: from.data.as_ref().filter(|data| !data.is_null()),
            clone: from.clone.as_ref().filter(|it| **it != <_>::default()),
            clone_list: from.clone_list.as_ref().filter(|it| !it.kinds.is_empty()),
        }
    }
}

impl<'g> From<&'g MutationTarget> for Target<'g> {
    fn from(from: &'g MutationTarget) -> Self {
        Target {
            api_version: text(&from.api_version),
            kind: text(&from.kind),
            name: text(&from.name),
            namespace: text(&from.namespace),
            ..Target::default()
        }
    }
}

impl Target<'_> {
    pub(super) fn bodies(&self) -> usize {
        usize::from(self.data.is_some())
            + usize::from(self.clone.is_some())
            + usize::from(self.clone_list.is_some())
    }

    /// The fields that name one object.
    pub(super) fn named(&self) -> [(&'static str, &str); 2] {
        [("name", self.name), ("kind", self.kind)]
    }

    pub(super) fn scope(&self) -> Option<Scope> {
        scope::of(self.api_version, self.kind)
    }
}

pub(super) fn text(field: &Option<String>) -> &str {
    field.as_deref().unwrap_or_default()
}

pub(super) fn warn_of_variable(path: &str, findings: &mut Findings) {
    findings.warning(
        path,
        "a variable stands in a source, which is then known only when the rule runs",
        "write the source itself; changes of another source do not reach what was made",
    );
}

/// The namespace of a Policy, which is about that one only.
pub(super) fn own_namespace(policy: &Policy) -> Option<&str> {
    let namespace = text(&policy.metadata.namespace);
    (policy.kind == PolicyKind::Policy && !namespace.is_empty()).then_some(namespace)
}

pub(super) fn refuse_namespace(path: &str, own: &str, findings: &mut Findings) {
    findings.error(
        path,
        "a Policy is about its own namespace only",
        format!("write `namespace: {own}`, or use `kind: ClusterPolicy`"),
    );
}
