//! The webhooks for policies and exceptions themselves: one that does not compile, or that stands
//! where it may not, is refused when it is written.
//!
//! They fail open, so that the policies of a cluster can be mended while the webhook is away: what
//! would have been refused does not serve for that.

use serde_json::{Value, json};

use super::{Settings, resources::Resources, webhook};

/// Groups of the policies and exceptions.
const GROUPS: [&str; 2] = ["kyverno.io", "policies.kyverno.io"];

const EXCEPTIONS: &str = "policyexceptions";

const POLICIES: [&str; 14] = [
    "cleanuppolicies",
    "clustercleanuppolicies",
    "clusterpolicies",
    "deletingpolicies",
    "generatingpolicies",
    "imagevalidatingpolicies",
    "mutatingpolicies",
    "namespaceddeletingpolicies",
    "namespacedgeneratingpolicies",
    "namespacedimagevalidatingpolicies",
    "namespacedmutatingpolicies",
    "namespacedvalidatingpolicies",
    "policies",
    "validatingpolicies",
];

/// A webhook for each that the cluster has resources of.
pub(super) fn webhooks(resources: &Resources, settings: &Settings) -> Vec<Value> {
    [
        ("exceptions", "/exceptionvalidate", &[EXCEPTIONS][..]),
        ("policies", "/policyvalidate", &POLICIES[..]),
    ]
    .into_iter()
    .filter_map(|(name, path, meant)| {
        let rules = rules(resources, meant);
        (!rules.is_empty()).then(|| {
            json!({
                "name": format!("{name}.portcullis.io"),
                "admissionReviewVersions": ["v1"],
                "clientConfig": webhook::client(settings, path),
                "failurePolicy": "Ignore",
                "matchPolicy": "Equivalent",
                "sideEffects": "None",
                "timeoutSeconds": settings.timeout.clamp(1, 30),
                "namespaceSelector": {},
                "objectSelector": {},
                "rules": rules,
            })
        })
    })
    .collect()
}

fn rules(resources: &Resources, meant: &[&str]) -> Vec<Value> {
    let rules = GROUPS.iter().filter_map(|group| {
        let of_group = resources.iter().filter(|resource| {
            resource.kind.group == *group && meant.contains(&resource.plural.as_str())
        });
        let mut names: Vec<&str> = of_group.map(|resource| resource.plural.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        (!names.is_empty()).then(|| {
            json!({
                "apiGroups": [group],
                "apiVersions": ["*"],
                "operations": ["CREATE", "UPDATE"],
                "resources": names,
                "scope": "*",
            })
        })
    });
    rules.collect()
}
