//! Kyverno's kinds in the cluster of the tests.

use std::sync::OnceLock;

use portcullis_e2e::control_plane::ControlPlane;

const KINDS: &[(&str, &str, &str, &str)] = &[
    ("clusterpolicies", "ClusterPolicy", "Cluster", "v1"),
    ("policyexceptions", "PolicyException", "Namespaced", "v2"),
];

/// Defines the kinds, once.
pub(crate) fn define(plane: &ControlPlane) {
    static DONE: OnceLock<()> = OnceLock::new();
    DONE.get_or_init(|| {
        for (plural, kind, scope, version) in KINDS {
            let name = format!("{plural}.kyverno.io");
            let definition = format!(
                "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: {name}}}
spec:
  group: kyverno.io
  scope: {scope}
  names: {{kind: {kind}, plural: {plural}}}
  versions:
    - name: {version}
      served: true
      storage: true
      schema: {{openAPIV3Schema: {{type: object, x-kubernetes-preserve-unknown-fields: true}}}}
"
            );
            plane.apply(&definition).unwrap();
            let wait = ["wait", "--for=condition=established", "crd", &name];
            plane.kubectl(&wait, "").unwrap();
        }
    });
}
