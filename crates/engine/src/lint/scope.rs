//! Where objects of a kind live: in a namespace, or in the cluster as a whole.
//!
//! Known are the kinds that Kubernetes serves itself, of every version that this toolkit knows,
//! and Kyverno's own. Nothing is said about others.

use crate::matching::KindSelector;

/// Where objects of a kind live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Namespace,
    Cluster,
}

/// The scope of a kind, given with its `apiVersion`; a version is not looked at.
pub(super) fn of(api_version: &str, kind: &str) -> Option<Scope> {
    if api_version.is_empty() {
        return None;
    }
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    let kind = kind.split_once('/').map_or(kind, |(kind, _)| kind);
    let has = |table: Table| {
        let mut groups = table.iter().filter(|(name, _)| *name == group);
        groups.any(|(_, kinds)| kinds.contains(&kind))
    };
    match (has(CLUSTER), has(NAMESPACE)) {
        (true, _) => Some(Scope::Cluster),
        (_, true) => Some(Scope::Namespace),
        _ => None,
    }
}

/// Whether an entry of `kinds` means a kind of some version of Kubernetes, or of Kyverno.
#[must_use]
pub fn is_known(entry: &str) -> bool {
    let selector = KindSelector::parse(entry);
    let mut groups = CLUSTER.iter().chain(NAMESPACE);
    groups.any(|(name, kinds)| {
        selector.group.is_match(name) && kinds.contains(&selector.kind.as_str())
    })
}

/// The scope of every kind that an entry of `kinds` means, if they agree. An entry with a wildcard
/// for its kind may mean kinds that are not known.
pub(super) fn of_entry(entry: &str) -> Option<Scope> {
    let selector = KindSelector::parse(entry);
    if portcullis_values::wildcard::has_wildcard(selector.kind.as_str()) {
        return None;
    }
    let means = |table: Table| {
        let mut groups = table
            .iter()
            .filter(|(name, _)| selector.group.is_match(name));
        groups.any(|(_, kinds)| kinds.contains(&selector.kind.as_str()))
    };
    match (means(CLUSTER), means(NAMESPACE)) {
        (true, false) => Some(Scope::Cluster),
        (false, true) => Some(Scope::Namespace),
        _ => None,
    }
}

/// The kind that an entry of `kinds` most likely means, when it is written in another case or as a
/// plural, or in a group of Kubernetes that has no such kind.
pub(super) fn other_spelling(entry: &str) -> Option<&'static str> {
    let selector = KindSelector::parse(entry);
    let (kind, group) = (selector.kind.as_str(), selector.group.as_str());
    let mut groups = CLUSTER.iter().chain(NAMESPACE);
    let mut meant = groups
        .clone()
        .filter(|(name, _)| selector.group.is_match(name));
    let is_known = meant.any(|(_, kinds)| kinds.contains(&kind));
    // A group that is not known may have any kind.
    if is_known || (group != "*" && !groups.clone().any(|(name, _)| *name == group)) {
        return None;
    }
    let lower = kind.to_lowercase();
    let singular = lower.strip_suffix('s').unwrap_or(&lower);
    groups.find_map(|(_, kinds)| {
        let mut kinds = kinds.iter().copied();
        kinds.find(|known| [lower.as_str(), singular].contains(&known.to_lowercase().as_str()))
    })
}

/// Kinds by group.
type Table = &'static [(&'static str, &'static [&'static str])];

const CLUSTER: Table = &[
    (
        "",
        &["ComponentStatus", "Namespace", "Node", "PersistentVolume"],
    ),
    (
        "admissionregistration.k8s.io",
        &[
            "MutatingAdmissionPolicy",
            "MutatingAdmissionPolicyBinding",
            "MutatingWebhookConfiguration",
            "ValidatingAdmissionPolicy",
            "ValidatingAdmissionPolicyBinding",
            "ValidatingWebhookConfiguration",
        ],
    ),
    ("apiextensions.k8s.io", &["CustomResourceDefinition"]),
    ("apiregistration.k8s.io", &["APIService"]),
    (
        "authentication.k8s.io",
        &["SelfSubjectReview", "TokenReview"],
    ),
    (
        "authorization.k8s.io",
        &[
            "SelfSubjectAccessReview",
            "SelfSubjectRulesReview",
            "SubjectAccessReview",
        ],
    ),
    (
        "certificates.k8s.io",
        &["CertificateSigningRequest", "ClusterTrustBundle"],
    ),
    (
        "flowcontrol.apiserver.k8s.io",
        &["FlowSchema", "PriorityLevelConfiguration"],
    ),
    ("internal.apiserver.k8s.io", &["StorageVersion"]),
    (
        "kyverno.io",
        &[
            "ClusterCleanupPolicy",
            "ClusterPolicy",
            "GlobalContextEntry",
        ],
    ),
    (
        "networking.k8s.io",
        &["IPAddress", "IngressClass", "ServiceCIDR"],
    ),
    ("node.k8s.io", &["RuntimeClass"]),
    (
        "policies.kyverno.io",
        &[
            "DeletingPolicy",
            "GeneratingPolicy",
            "ImageValidatingPolicy",
            "MutatingPolicy",
            "ValidatingPolicy",
        ],
    ),
    (
        "rbac.authorization.k8s.io",
        &["ClusterRole", "ClusterRoleBinding"],
    ),
    (
        "resource.k8s.io",
        &[
            "DeviceClass",
            "DeviceTaintRule",
            "ResourceClass",
            "ResourcePoolStatusRequest",
            "ResourceSlice",
        ],
    ),
    ("scheduling.k8s.io", &["PriorityClass"]),
    (
        "storage.k8s.io",
        &[
            "CSIDriver",
            "CSINode",
            "StorageClass",
            "VolumeAttachment",
            "VolumeAttributesClass",
        ],
    ),
    ("storagemigration.k8s.io", &["StorageVersionMigration"]),
];

const NAMESPACE: Table = &[
    (
        "",
        &[
            "Binding",
            "ConfigMap",
            "Endpoints",
            "Event",
            "LimitRange",
            "PersistentVolumeClaim",
            "Pod",
            "PodTemplate",
            "ReplicationController",
            "ResourceQuota",
            "Secret",
            "Service",
            "ServiceAccount",
        ],
    ),
    (
        "apps",
        &[
            "ControllerRevision",
            "DaemonSet",
            "Deployment",
            "ReplicaSet",
            "StatefulSet",
        ],
    ),
    ("authorization.k8s.io", &["LocalSubjectAccessReview"]),
    ("autoscaling", &["HorizontalPodAutoscaler"]),
    ("batch", &["CronJob", "Job"]),
    ("certificates.k8s.io", &["PodCertificateRequest"]),
    ("coordination.k8s.io", &["Lease", "LeaseCandidate"]),
    ("discovery.k8s.io", &["EndpointSlice"]),
    ("events.k8s.io", &["Event"]),
    (
        "kyverno.io",
        &[
            "CleanupPolicy",
            "Policy",
            "PolicyException",
            "UpdateRequest",
        ],
    ),
    ("lifecycle.k8s.io", &["Eviction", "EvictionRequest"]),
    ("networking.k8s.io", &["Ingress", "NetworkPolicy"]),
    (
        "policies.kyverno.io",
        &[
            "NamespacedDeletingPolicy",
            "NamespacedGeneratingPolicy",
            "NamespacedImageValidatingPolicy",
            "NamespacedMutatingPolicy",
            "NamespacedValidatingPolicy",
            "PolicyException",
        ],
    ),
    ("policy", &["PodDisruptionBudget"]),
    ("rbac.authorization.k8s.io", &["Role", "RoleBinding"]),
    (
        "resource.k8s.io",
        &[
            "PodSchedulingContext",
            "ResourceClaim",
            "ResourceClaimParameters",
            "ResourceClaimTemplate",
            "ResourceClassParameters",
        ],
    ),
    (
        "scheduling.k8s.io",
        &["CompositePodGroup", "PodGroup", "Workload"],
    ),
    ("storage.k8s.io", &["CSIStorageCapacity"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Both tables say what the catalogues of all versions say, and nothing is left out.
    #[test]
    fn the_tables_are_those_of_the_catalogues() {
        let mut seen = 0;
        for (version, _) in portcullis_schema::VERSIONS {
            let catalogue = portcullis_schema::builtin(version).expect("a catalogue");
            for kind in catalogue.kinds() {
                let api_version = match kind.group.as_str() {
                    "" => kind.version.clone(),
                    group => format!("{group}/{}", kind.version),
                };
                let expected = match kind.namespaced {
                    true => Scope::Namespace,
                    false => Scope::Cluster,
                };
                assert_eq!(of(&api_version, &kind.kind), Some(expected), "{kind:?}");
                seen += 1;
            }
        }
        assert!(seen > 500, "{seen}");
    }

    #[test]
    fn kinds_as_they_are_written() {
        for (api_version, kind, expected) in [
            (
                "kyverno.io/v2",
                "ClusterCleanupPolicy",
                Some(Scope::Cluster),
            ),
            ("kyverno.io/v1", "Policy/status", Some(Scope::Namespace)),
            ("iam.example.com/v1", "Role", None),
        ] {
            assert_eq!(of(api_version, kind), expected, "{kind}");
        }
        for (entry, expected) in [
            ("Namespace", Some(Scope::Cluster)),
            ("v1/Pod", Some(Scope::Namespace)),
            ("apps/v1/Deployment/scale", Some(Scope::Namespace)),
            (
                "rbac.authorization.k8s.io/*/ClusterRole",
                Some(Scope::Cluster),
            ),
            ("*", None),
            ("Cluster*", None),
            ("Widget", None),
        ] {
            assert_eq!(of_entry(entry), expected, "{entry}");
        }
    }

    #[test]
    fn other_spellings() {
        for (entry, expected) in [
            ("pod", Some("Pod")),
            ("Deployments", Some("Deployment")),
            ("apps/v1/deployment", Some("Deployment")),
            ("batch/v1/Deployment", Some("Deployment")),
            ("batch/v1/Job", None),
            ("events.k8s.io/v1/Event", None),
            ("example.com/v1/pod", None),
            ("iam.example.com/v1/Role", None),
            ("extensions/v1beta1/Ingress", None),
            ("Ingress", None),
            ("Widgets", None),
            ("*", None),
            ("Pod*", None),
        ] {
            assert_eq!(other_spelling(entry), expected, "{entry}");
        }
    }
}
