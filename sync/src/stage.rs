//! The stages that a revision is applied in, each after the one before is ready.

use crate::object::ObjectKey;

/// A stage. What others need comes first: namespaces and definitions; then exceptions, so that a
/// policy never refuses what its exception lets off; then policies; then bindings, which make a
/// policy count. What is gone is deleted last, bindings first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Namespaces, CustomResourceDefinitions, and what policies read.
    Foundations,
    /// Exceptions.
    Exceptions,
    /// Policies.
    Policies,
    /// Bindings of admission policies.
    Bindings,
}

const NATIVE: &str = "admissionregistration.k8s.io";
const KYVERNO: &str = "kyverno.io";
const CEL: &str = "policies.kyverno.io";

impl Stage {
    /// All stages, in their order.
    pub const ALL: [Stage; 4] = [
        Stage::Foundations,
        Stage::Exceptions,
        Stage::Policies,
        Stage::Bindings,
    ];

    /// The stage of an object; none for what is not synced.
    #[must_use]
    pub fn of(key: &ObjectKey) -> Option<Stage> {
        let stage = match (key.group.as_str(), key.kind.as_str()) {
            ("", "Namespace" | "ConfigMap")
            | ("apiextensions.k8s.io", "CustomResourceDefinition")
            | (KYVERNO, "GlobalContextEntry") => Stage::Foundations,
            (KYVERNO | CEL, "PolicyException") => Stage::Exceptions,
            (KYVERNO, "ClusterPolicy" | "Policy" | "CleanupPolicy" | "ClusterCleanupPolicy") => {
                Stage::Policies
            }
            (CEL, kind) if kind.ends_with("Policy") => Stage::Policies,
            (NATIVE, "ValidatingAdmissionPolicy" | "MutatingAdmissionPolicy") => Stage::Policies,
            (NATIVE, "ValidatingAdmissionPolicyBinding" | "MutatingAdmissionPolicyBinding") => {
                Stage::Bindings
            }
            _ => return None,
        };
        Some(stage)
    }

    /// Whether an object may be deleted: with a namespace or a definition, everything in it would go.
    #[must_use]
    pub fn may_prune(key: &ObjectKey) -> bool {
        !matches!(key.kind.as_str(), "Namespace" | "CustomResourceDefinition")
    }

    /// The word for people.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Stage::Foundations => "foundations",
            Stage::Exceptions => "exceptions",
            Stage::Policies => "policies",
            Stage::Bindings => "bindings",
        }
    }
}
