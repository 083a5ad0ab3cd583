//! What a cluster serves: its kinds with their resources, custom ones among them.

use kube::core::discovery::v2::{APIGroupDiscoveryList, APIResourceDiscovery};
use portcullis_values::wildcard;
use serde_json::{Value, json};

use crate::{cluster::Cluster, error::ClusterError};

/// A kind that a cluster serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServedKind {
    /// API group; empty for the core group.
    pub group: String,
    /// API version.
    pub version: String,
    /// Kind, such as `Pod`.
    pub kind: String,
    /// Resource, such as `pods`.
    pub resource: String,
    /// Whether objects live in a namespace.
    pub namespaced: bool,
    /// What can be done, such as `list`.
    pub verbs: Vec<String>,
    /// Subresources, such as `status`.
    pub subresources: Vec<String>,
}

impl ServedKind {
    /// ConfigMaps, which every cluster serves.
    #[must_use]
    pub fn config_maps() -> ServedKind {
        ServedKind {
            group: String::new(),
            version: "v1".to_owned(),
            kind: "ConfigMap".to_owned(),
            resource: "configmaps".to_owned(),
            namespaced: true,
            verbs: Vec::new(),
            subresources: Vec::new(),
        }
    }
}

/// What a cluster serves, by group, and each version that a group prefers before its others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Discovery {
    kinds: Vec<ServedKind>,
}

impl ServedKind {
    /// Group and version, such as `apps/v1`, or `v1`.
    #[must_use]
    pub fn api_version(&self) -> String {
        match self.group.as_str() {
            "" => self.version.clone(),
            group => format!("{group}/{}", self.version),
        }
    }

    /// Whether objects can be listed.
    #[must_use]
    pub fn is_listed(&self) -> bool {
        self.verbs.iter().any(|verb| verb == "list")
    }

    /// The kind as a CustomResourceDefinition that says nothing of its structure.
    #[must_use]
    pub fn definition(&self) -> Value {
        json!({
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": format!("{}.{}", self.resource, self.group)},
            "spec": {
                "group": self.group,
                "names": {"kind": self.kind, "plural": self.resource},
                "scope": if self.namespaced { "Namespaced" } else { "Cluster" },
                "versions": [{
                    "name": self.version,
                    "subresources": self.subresources.iter().map(|name| (name.clone(), json!({}))).collect::<serde_json::Map<_, _>>(),
                    "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
                }],
            },
        })
    }
}

impl Discovery {
    /// Asks a cluster what it serves.
    ///
    /// # Errors
    /// Where the cluster gives no answer, or serves nothing.
    pub fn of(cluster: &Cluster) -> Result<Discovery, ClusterError> {
        let client = cluster.client();
        let (core, groups) = (cluster.asked("GET /api"), cluster.asked("GET /apis"));
        let lists = cluster.wait(async {
            let core = cluster.within(core, client.list_core_api_versions_aggregated());
            let core = core.await?;
            let others = cluster.within(groups, client.list_api_groups_aggregated());
            Ok([core, others.await?])
        })?;
        let discovery = Discovery {
            kinds: lists.into_iter().flat_map(kinds).collect(),
        };
        if discovery.kinds.is_empty() {
            return Err(core.unexpected(&"the server does not say what it serves"));
        }
        Ok(discovery)
    }

    /// The same with the kinds of before that are missing altogether, though they are there: a server that has just
    /// started says later than it serves them what its custom resources are.
    #[must_use]
    pub fn with_missing(
        mut self,
        before: &Discovery,
        is_there: impl Fn(&ServedKind) -> bool,
    ) -> Discovery {
        let missing = before.kinds.iter().filter(|kind| is_there(kind));
        let missing: Vec<ServedKind> = missing
            .filter(|kind| !self.has_resource(&kind.group, &kind.resource))
            .cloned()
            .collect();
        self.kinds.extend(missing);
        self
    }

    /// Whether a resource of a group is served, in any version.
    #[must_use]
    pub fn has_resource(&self, group: &str, resource: &str) -> bool {
        let mut kinds = self.kinds.iter();
        kinds.any(|kind| kind.group == group && kind.resource == resource)
    }

    /// The kinds, in the order of the server.
    #[must_use]
    pub fn kinds(&self) -> &[ServedKind] {
        &self.kinds
    }

    /// The kind with this `apiVersion` and `kind`.
    #[must_use]
    pub fn find(&self, api_version: &str, kind: &str) -> Option<&ServedKind> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        self.kinds.iter().find(|served| {
            served.kind == kind && served.group == group && served.version == version
        })
    }

    /// The kind with this `apiVersion` and resource.
    #[must_use]
    pub fn find_resource(&self, api_version: &str, resource: &str) -> Option<&ServedKind> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        self.kinds.iter().find(|served| {
            served.resource == resource && served.group == group && served.version == version
        })
    }

    /// The kind of a group, in the version that the group prefers.
    #[must_use]
    pub fn preferred(&self, group: &str, kind: &str) -> Option<&ServedKind> {
        let mut kinds = self.kinds.iter();
        kinds.find(|served| served.kind == kind && served.group == group)
    }

    /// The kinds that match wildcards.
    pub fn matching<'d>(
        &'d self,
        api_version: &'d str,
        kind: &'d str,
    ) -> impl Iterator<Item = &'d ServedKind> {
        self.kinds.iter().filter(move |served| {
            wildcard::matches(kind, &served.kind)
                && wildcard::matches(api_version, &served.api_version())
        })
    }

    /// The kinds that are wanted and can be listed: of the versions of a resource, the first that is
    /// wanted, as all show the same objects.
    #[must_use]
    pub fn listed(&self, is_wanted: impl Fn(&ServedKind) -> bool) -> Vec<ServedKind> {
        let mut listed: Vec<ServedKind> = Vec::new();
        let wanted = self.kinds.iter().filter(|kind| kind.is_listed());
        for kind in wanted.filter(|kind| is_wanted(kind)) {
            let is_known = listed
                .iter()
                .any(|known| known.group == kind.group && known.resource == kind.resource);
            if !is_known {
                listed.push(kind.clone());
            }
        }
        listed
    }
}

fn kinds(list: APIGroupDiscoveryList) -> impl Iterator<Item = ServedKind> {
    list.items.into_iter().flat_map(|group| {
        let name = group.metadata.and_then(|metadata| metadata.name);
        let name = name.unwrap_or_default();
        group.versions.into_iter().flat_map(move |versioned| {
            let group = name.clone();
            let version = versioned.version.unwrap_or_default();
            let resources = versioned.resources.into_iter();
            resources.filter_map(move |resource| served(&group, &version, resource))
        })
    })
}

fn served(group: &str, version: &str, resource: APIResourceDiscovery) -> Option<ServedKind> {
    let subresources = resource.subresources.into_iter();
    Some(ServedKind {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: resource.response_kind?.kind?,
        resource: resource.resource?,
        namespaced: resource.scope.as_deref() == Some("Namespaced"),
        verbs: resource.verbs,
        subresources: subresources.filter_map(|one| one.subresource).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn discovery() -> Discovery {
        let resource = |resource: &str, kind: &str, verbs: &[&str]| {
            json!({
                "resource": resource,
                "responseKind": {"group": "g", "version": "v", "kind": kind},
                "scope": "Namespaced",
                "verbs": verbs,
                "subresources": [{"subresource": "status"}],
            })
        };
        let list = json!({"items": [
            {"metadata": {"name": "batch"}, "versions": [
                {"version": "v1", "resources": [resource("jobs", "Job", &["get", "list"])]},
                {"version": "v1beta1", "resources": [
                    resource("jobs", "Job", &["list"]),
                    resource("reviews", "Review", &["create"]),
                ]},
            ]},
        ]});
        let list = serde_json::from_value(list).unwrap();
        Discovery {
            kinds: kinds(list).collect(),
        }
    }

    #[test]
    fn a_resource_is_listed_once_in_the_first_version_that_is_wanted() {
        for (wanted, found) in [
            ("*", vec!["batch/v1 Job"]),
            ("batch/v1beta1", vec!["batch/v1beta1 Job"]),
            ("batch/v2", vec![]),
        ] {
            let discovery = discovery();
            let listed = discovery.listed(|kind| wildcard::matches(wanted, &kind.api_version()));
            let listed: Vec<String> = listed
                .iter()
                .map(|kind| format!("{} {}", kind.api_version(), kind.kind))
                .collect();
            assert_eq!(listed, found, "{wanted}");
        }
    }

    #[test]
    fn what_is_there_and_missing_is_kept() {
        for (is_there, found) in [(true, 3), (false, 0)] {
            let kept = Discovery::default().with_missing(&discovery(), |_| is_there);
            assert_eq!(kept.kinds().len(), found);
        }
        // One that is served in another version is not missing.
        let mut other = discovery();
        other.kinds.truncate(1);
        let kept = other.with_missing(&discovery(), |_| true);
        let kept: Vec<&str> = kept
            .kinds()
            .iter()
            .map(|kind| kind.resource.as_str())
            .collect();
        assert_eq!(kept, ["jobs", "reviews"]);
    }

    #[test]
    fn kinds_are_found_by_name_and_by_wildcard() {
        let discovery = discovery();
        let found = discovery.find("batch/v1", "Job").unwrap();
        assert_eq!((found.resource.as_str(), found.namespaced), ("jobs", true));
        assert_eq!(found.subresources, ["status"]);
        assert_eq!(discovery.find("v1", "Job"), None);
        assert_eq!(discovery.matching("*/v1*", "J?b").count(), 2);
        let mut catalogue = portcullis_schema::Catalogue::new("1.37");
        catalogue.add_custom_resource(&found.definition()).unwrap();
        let known = catalogue.find("batch/v1", "Job").unwrap();
        assert_eq!((known.resource.as_str(), known.namespaced), ("jobs", true));
    }
}
