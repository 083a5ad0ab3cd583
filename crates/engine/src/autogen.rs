//! Autogen: rules for Pods become further rules for the controllers that make Pods.
//!
//! | a rule for `Pod` named `r` | becomes |
//! |---|---|
//! | `autogen-r` | for DaemonSet, Deployment, Job, ReplicaSet, ReplicationController, StatefulSet; looks at `spec.template` |
//! | `autogen-cronjob-r` | for CronJob; looks at `spec.jobTemplate.spec.template` |
//!
//! Names are cut to 63 bytes. The annotation `pod-policies.kyverno.io/autogen-controllers` names
//! the controllers that are wanted, divided by commas; `none` switches autogen off. A policy has
//! no derived rules at all when one of its rules cannot be carried over (see [`can_derive`]).
//!
//! A derived rule exists for objects of its [`DerivedRule::controllers`] only. For these, written
//! rules whose names start with `autogen-` do not exist ([`hides`]).

pub mod cel;
mod controllers;
mod references;
mod rewrite;
mod support;

use portcullis_api::cluster_policy::{Policy, Rule};

pub use self::controllers::{CONTROLLERS_ANNOTATION, pod_controllers};
pub use self::support::can_derive;
use self::{controllers::Wanted, rewrite::derive};

/// A rule that stands for a written one, on objects of a pod controller.
#[derive(Clone, Debug, PartialEq)]
pub struct DerivedRule {
    /// The rule, as if it had been written.
    pub rule: Rule,
    /// Index of the written rule in `spec.rules`.
    pub origin: usize,
    /// Kinds of the objects for which the rule exists.
    pub controllers: Vec<String>,
    /// Whether the rule is among those that the policy's status lists. Rules for kinds that are
    /// wanted but unknown, next to known ones, are not.
    pub listed: bool,
}

/// The rules that a policy has beside the written ones, in the order of the written ones.
#[must_use]
pub fn expand(policy: &Policy) -> Vec<DerivedRule> {
    if !can_derive(&policy.spec) {
        return Vec::new();
    }
    let wanted = Wanted::of(&policy.metadata.annotations);
    let mut derived = Vec::new();
    for (origin, rule) in policy.spec.rules.iter().enumerate() {
        if rule.name.starts_with(PREFIX) || !support::is_for_pods(rule) {
            continue;
        }
        let groups = wanted.groups();
        for (shape, controllers, listed) in groups {
            derived.extend(derive(rule, shape, &controllers).map(|rule| DerivedRule {
                rule,
                origin,
                controllers,
                listed,
            }));
        }
    }
    derived
}

/// Whether a written rule of this name does not exist for objects of `kind`.
#[must_use]
pub fn hides(derived: &[DerivedRule], written_name: &str, kind: &str) -> bool {
    let is_for_kind = |rule: &DerivedRule| rule.controllers.iter().any(|name| name == kind);
    written_name.starts_with(PREFIX) && derived.iter().any(is_for_kind)
}

/// How every derived name starts.
const PREFIX: &str = "autogen-";

#[cfg(test)]
mod tests;
