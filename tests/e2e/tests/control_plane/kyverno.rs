//! Kyverno's kinds in the cluster of the tests, defined by the schemas of the `api` crate.

use std::{collections::BTreeSet, path::PathBuf, sync::Mutex};

use portcullis_api::custom_resources::CustomResource;
use portcullis_e2e::control_plane::ControlPlane;

const fn kind(
    names: (&'static str, &'static str),
    of: (&'static str, &'static str),
    namespaced: bool,
) -> CustomResource {
    CustomResource {
        group: of.0,
        version: of.1,
        kind: names.0,
        plural: names.1,
        namespaced,
        columns: &[],
    }
}

const V1: (&str, &str) = ("kyverno.io", "v1");
const V2: (&str, &str) = ("kyverno.io", "v2");
const CEL: (&str, &str) = ("policies.kyverno.io", "v1");

/// The kinds; the first is ClusterPolicy.
pub(crate) const KINDS: &[CustomResource] = &[
    kind(("ClusterPolicy", "clusterpolicies"), V1, false),
    kind(("Policy", "policies"), V1, true),
    kind(("PolicyException", "policyexceptions"), V2, true),
    kind(("ValidatingPolicy", "validatingpolicies"), CEL, false),
    kind(("MutatingPolicy", "mutatingpolicies"), CEL, false),
];

/// Defines the kinds, once on each control plane.
pub(crate) fn define(plane: &ControlPlane) {
    static DONE: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    let mut done = DONE.lock().unwrap();
    if done.insert(plane.kubeconfig()) {
        KINDS.iter().for_each(|kind| define_one(plane, kind));
    }
}

/// Defines a kind, and waits until it is served.
pub(crate) fn define_one(plane: &ControlPlane, kind: &CustomResource) {
    plane
        .apply(&kind.definition().unwrap().to_string())
        .unwrap();
    // Right after it is made, a definition has no conditions, which kubectl takes for an error.
    let wait = ["wait", "--for=condition=established", "crd", &kind.name()];
    let mut tries = std::iter::repeat_with(|| plane.kubectl(&wait, "")).take(20);
    let is_served = tries.any(|served| {
        let is_served = served.is_ok();
        if !is_served {
            std::thread::sleep(std::time::Duration::from_millis(250));
        }
        is_served
    });
    assert!(is_served, "{} is not served", kind.name());
}
