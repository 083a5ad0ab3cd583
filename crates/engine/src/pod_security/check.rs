//! A check: one control of the standard, with its revisions by version.

use super::{field_error::FieldError, level::Level, pod::Pod, version::Version};

/// One control of the standard.
#[derive(Debug)]
pub struct Check {
    /// The id that Kubernetes gives it, such as `hostPorts`.
    pub id: &'static str,
    /// The first level that has it: baseline or restricted.
    pub level: Level,
    /// What it does, by version, oldest first. A change is a further revision.
    pub revisions: &'static [Revision],
}

/// What a check does from one version on.
#[derive(Debug)]
pub struct Revision {
    /// The first version that it applies to.
    pub since: Version,
    /// Looks at a pod; none where it is allowed.
    pub check: fn(&Pod<'_>) -> Option<Forbidden>,
    /// Ids of the baseline checks that a restricted check makes superfluous.
    pub overrides: &'static [&'static str],
}

impl Revision {
    /// From `v1.<minor>` on.
    pub(super) const fn since(minor: u8, check: fn(&Pod<'_>) -> Option<Forbidden>) -> Revision {
        Revision {
            since: Version::minor(minor),
            check,
            overrides: &[],
        }
    }

    /// The same, with the baseline checks that it includes.
    pub(super) const fn overriding(self, overrides: &'static [&'static str]) -> Revision {
        Revision { overrides, ..self }
    }
}

impl Check {
    /// The newest revision that is not newer than `version`.
    #[must_use]
    pub fn at(&self, version: Version) -> Option<&'static Revision> {
        self.revisions
            .iter()
            .rev()
            .find(|revision| revision.since <= version)
    }
}

/// Why a pod is forbidden.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forbidden {
    /// In two words, such as `host namespaces`.
    pub reason: &'static str,
    /// Who and what, such as `hostNetwork=true, hostPID=true`.
    pub detail: String,
    /// The fields at fault.
    pub errors: Vec<FieldError>,
}

/// A check that a pod does not pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckResult {
    /// The check's id.
    pub id: &'static str,
    /// Why.
    pub forbidden: Forbidden,
    /// The images of the containers that the detail names, once they have been looked up.
    pub images: Option<Vec<String>>,
}
