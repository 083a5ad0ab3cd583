//! Who a policy is: kind, name and what its annotations say to reports.

use std::{cmp::Ordering, collections::BTreeMap};

use portcullis_api::metadata::ObjectMeta;

/// A policy as responses and reports name it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyInfo {
    /// API group and version, such as `kyverno.io/v1`.
    pub api_version: String,
    /// Kind, such as `ClusterPolicy`.
    pub kind: String,
    /// Namespace; empty for a cluster-wide policy.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    pub annotations: BTreeMap<String, String>,
    /// Whether the policy is asked for admission requests.
    pub admission: bool,
    /// Whether the policy takes part in background scans.
    pub background: bool,
    /// Whether failures that do not deny become warnings for the user.
    pub emit_warning: bool,
    /// Whether an error denies the request (`failurePolicy: Fail`).
    pub errors_deny: bool,
}

impl PolicyInfo {
    /// Who a policy of the API server is.
    #[must_use]
    pub(crate) fn native(api_version: &str, kind: &str, metadata: &ObjectMeta) -> PolicyInfo {
        PolicyInfo {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            namespace: String::new(),
            name: metadata.name.clone().unwrap_or_default(),
            labels: metadata.labels.clone(),
            annotations: metadata.annotations.clone(),
            admission: true,
            background: true,
            emit_warning: false,
            errors_deny: true,
        }
    }

    /// `name`, or `namespace/name` where there is a namespace.
    #[must_use]
    pub fn key(&self) -> String {
        match self.namespace.as_str() {
            "" => self.name.clone(),
            namespace => format!("{namespace}/{}", self.name),
        }
    }

    /// How the keys of two policies stand to each other.
    #[must_use]
    pub(crate) fn cmp_keys(&self, other: &PolicyInfo) -> Ordering {
        match (self.namespace.as_str(), other.namespace.as_str()) {
            ("", "") => self.name.cmp(&other.name),
            _ => self.key().cmp(&other.key()),
        }
    }

    /// Whether the policy is of a kind that has named rules.
    #[must_use]
    pub fn has_rules(&self) -> bool {
        self.api_version.starts_with("kyverno.io/")
    }

    /// Whether the policy is one of the API server's own.
    #[must_use]
    pub fn is_native(&self) -> bool {
        self.api_version
            .starts_with("admissionregistration.k8s.io/")
    }

    /// The namespace that the policy is bound to; empty for a kind that is about all of them, whatever
    /// namespace is written on it.
    #[must_use]
    pub(crate) fn bounds(&self) -> &str {
        match self.kind.starts_with("Namespaced") {
            true => &self.namespace,
            false => "",
        }
    }

    /// Whether failures count: `policies.kyverno.io/scored` is not `"false"`.
    #[must_use]
    pub fn is_scored(&self) -> bool {
        self.annotation("policies.kyverno.io/scored") != Some("false")
    }

    /// `policies.kyverno.io/category`.
    #[must_use]
    pub fn category(&self) -> Option<&str> {
        self.annotation("policies.kyverno.io/category")
    }

    /// `policies.kyverno.io/severity`, if it is one of `critical`, `high`, `medium`, `low`, `info`.
    #[must_use]
    pub fn severity(&self) -> Option<&str> {
        self.annotation("policies.kyverno.io/severity")
            .filter(|severity| matches!(*severity, "critical" | "high" | "medium" | "low" | "info"))
    }

    fn annotation(&self, key: &str) -> Option<&str> {
        self.annotations.get(key).map(String::as_str)
    }
}

/// The name of a policy.
#[derive(Clone, Copy, Debug)]
pub struct PolicyName<'a> {
    /// Name.
    pub name: &'a str,
    /// Namespace; empty for a cluster-wide policy.
    pub namespace: &'a str,
}

impl<'a> PolicyName<'a> {
    /// That of a policy.
    #[must_use]
    pub fn of(info: &'a PolicyInfo) -> PolicyName<'a> {
        PolicyName {
            name: &info.name,
            namespace: &info.namespace,
        }
    }

    /// `namespace/name`; `/name` for a cluster-wide policy.
    #[must_use]
    pub fn scoped_key(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }
}
