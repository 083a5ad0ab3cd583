//! The object that a report is about.

use portcullis_api::{metadata::OwnerReference, policy_report::ReportedResource};
use portcullis_engine::request::GroupVersionResource;
use serde_json::Value;

/// An object with this label is not reported.
const DISABLED: &str = "reports.kyverno.io/disabled";

/// Groups and kinds whose objects tell of others, or change all the time.
const LEFT_OUT: &[(&str, &str)] = &[
    ("", "Event"),
    ("coordination.k8s.io", "Lease"),
    ("events.k8s.io", "*"),
    ("openreports.io", "*"),
    ("reports.kyverno.io", "*"),
    ("wgpolicyk8s.io", "*"),
];

/// An object that is in a cluster, or will be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// Its identity, which names its report.
    pub uid: String,
    /// API group and version.
    pub api_version: String,
    /// Kind.
    pub kind: String,
    /// The resource that it is read by.
    pub resource: GroupVersionResource,
    /// Its namespace; empty for an object of the cluster.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The prefix that the name was made from; empty where it was not made.
    pub generate_name: String,
}

impl Subject {
    /// The subject of a report about an object; none where it cannot have one, or is not to.
    #[must_use]
    pub fn of(object: &Value, resource: GroupVersionResource) -> Option<Subject> {
        let metadata = object.get("metadata")?;
        let text = |value: &Value, key: &str| {
            let text = value.get(key).and_then(Value::as_str);
            text.unwrap_or_default().to_owned()
        };
        let label = metadata.get("labels").and_then(|all| all.get(DISABLED));
        let subject = Subject {
            uid: text(metadata, "uid"),
            api_version: text(object, "apiVersion"),
            kind: text(object, "kind"),
            resource,
            namespace: text(metadata, "namespace"),
            name: text(metadata, "name"),
            generate_name: text(metadata, "generateName"),
        };
        let is_reported = label.is_none() && !is_left_out(subject.group(), &subject.kind);
        (is_reported && !subject.uid.is_empty() && !subject.name.is_empty()).then_some(subject)
    }

    fn group(&self) -> &str {
        self.api_version
            .split_once('/')
            .map_or("", |(group, _)| group)
    }

    /// The subject as reports name it.
    #[must_use]
    pub fn reference(&self) -> ReportedResource {
        ReportedResource {
            api_version: Some(self.api_version.clone()),
            kind: Some(self.kind.clone()),
            namespace: Some(self.namespace.clone()).filter(|name| !name.is_empty()),
            name: Some(self.name.clone()),
            uid: Some(self.uid.clone()),
            ..ReportedResource::default()
        }
    }

    /// The subject as the owner of its report.
    #[must_use]
    pub fn owner(&self) -> OwnerReference {
        OwnerReference {
            api_version: self.api_version.clone(),
            kind: self.kind.clone(),
            name: self.name.clone(),
            uid: self.uid.clone(),
            controller: None,
            block_owner_deletion: None,
        }
    }
}

/// Whether objects of a kind are never reported.
#[must_use]
pub fn is_left_out(group: &str, kind: &str) -> bool {
    let mut all = LEFT_OUT.iter();
    all.any(|(of, one)| *of == group && (*one == "*" || *one == kind))
}
