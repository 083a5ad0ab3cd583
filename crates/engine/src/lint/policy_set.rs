//! What is wrong with policies that run together, though each may be fine alone.
//!
//! - Two mutations write different values to the same place of an object that both see: which one
//!   stays is a matter of their order.
//! - A mutation writes what a validation refuses in every object that both see.
//!
//! Rules that autogen makes are looked at as well. Only what is certain from the text is told:
//! constants, patterns without conditions, rules without preconditions of their own.

use portcullis_api::cluster_policy::{Policy, Rule};

use super::derived::written;
use super::finding::Finding;
use super::writes::{self, Write, Writes};
use super::{order, refusal};
use crate::autogen;

/// A finding about one of the policies of a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetFinding {
    /// Which policy, by its place in the list.
    pub policy: usize,
    /// What was found.
    pub finding: Finding,
}

/// Everything that is wrong with policies that run together, all of it advice.
#[must_use]
pub fn check_set(policies: &[&Policy]) -> Vec<SetFinding> {
    let rules = rules(policies);
    let mutating: Vec<(&RuleOfSet<'_>, Writes)> = rules
        .iter()
        .filter_map(|rule| Some((rule, writes::of(rule.rule.mutate.as_ref()?))))
        .filter(|(_, writes)| !writes.list.is_empty())
        .collect();
    let mut found = Vec::new();
    order::check(&mutating, &mut found);
    refusal::check(&mutating, &rules, &mut found);
    found
}

/// A rule, written or made by autogen, and whose it is.
pub(super) struct RuleOfSet<'p> {
    pub(super) policy: usize,
    /// Index of the written rule.
    pub(super) origin: usize,
    is_derived: bool,
    policies: &'p [&'p Policy],
    pub(super) rule: Rule,
}

impl RuleOfSet<'_> {
    /// The rule's name and its policy's, for the author.
    pub(super) fn shown(&self) -> String {
        let policy = self.policies.get(self.policy);
        let name = policy.and_then(|policy| policy.metadata.name.as_deref());
        let rules = policy.map(|policy| policy.spec.rules.as_slice());
        let rule = rules.and_then(|rules| rules.get(self.origin));
        let rule = rule.map_or("", |rule| rule.name.as_str());
        format!("`{rule}` of `{}`", name.unwrap_or_default())
    }

    /// The place of something that the rule writes, in the document of its policy.
    pub(super) fn place(&self, write: &Write) -> String {
        let place = format!("/spec/rules/{}/mutate{}", self.origin, write.place);
        match self.is_derived {
            true => written(&place),
            false => place,
        }
    }

    /// Whether both are, or are made of, the same written rule.
    pub(super) fn is_sibling(&self, other: &RuleOfSet<'_>) -> bool {
        (self.policy, self.origin) == (other.policy, other.origin)
    }
}

fn rules<'p>(policies: &'p [&'p Policy]) -> Vec<RuleOfSet<'p>> {
    let all = policies.iter().enumerate().flat_map(|(index, policy)| {
        let written = policy.spec.rules.iter().cloned().enumerate();
        let written = written.map(|(origin, rule)| (origin, rule, false));
        let derived = autogen::expand(policy).into_iter();
        let rules = written.chain(derived.map(|it| (it.origin, it.rule, true)));
        rules.map(move |(origin, rule, is_derived)| RuleOfSet {
            policy: index,
            origin,
            is_derived,
            policies,
            rule,
        })
    });
    all.collect()
}
