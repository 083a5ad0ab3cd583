//! What a rule says of what it generated before: whether it follows, and what becomes of it.

use portcullis_api::cluster_policy as api;

/// What a rule says of what it generated before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Synchronisation {
    /// Whether what was generated follows policy, trigger and source.
    pub synchronize: bool,
    /// Whether objects that exist when the policy is written are triggers.
    pub generate_existing: bool,
    /// Whether what was generated from `data` stays when the policy or the rule goes.
    pub orphan: bool,
    /// Whether the rule copies objects, so that copies stay when the policy or the rule goes.
    pub copies: bool,
    /// Whether the rule makes an object for each element of a list, so that what was made for an
    /// element goes when the element leaves the list.
    pub by_element: bool,
}

impl Synchronisation {
    /// Reads it from a policy and one of its rules.
    #[must_use]
    pub fn of(spec: &api::PolicySpec, generate: &api::Generation) -> Synchronisation {
        let mut loops = generate.foreach.iter().flatten();
        Synchronisation {
            synchronize: generate.synchronize.unwrap_or(false),
            generate_existing: generate
                .generate_existing
                .or(spec.generate_existing)
                .unwrap_or(false),
            orphan: generate.orphan_downstream_on_policy_delete.unwrap_or(false),
            copies: generate.clone.is_some()
                || generate.clone_list.is_some()
                || loops.any(|one| one.clone.is_some() || one.clone_list.is_some()),
            by_element: generate.foreach.is_some(),
        }
    }
}
