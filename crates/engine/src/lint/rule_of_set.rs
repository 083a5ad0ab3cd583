//! A rule of policies that run together, and what is found about them.

use portcullis_api::cluster_policy::{Policy, Rule};

use super::derived::written;
use super::finding::Finding;
use super::writes::Write;

/// A finding about one of the policies of a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetFinding {
    /// Which policy, by its place in the list.
    pub policy: usize,
    /// What was found.
    pub finding: Finding,
}

/// A rule, written or made by autogen, and whose it is.
pub(super) struct RuleOfSet<'p> {
    pub(super) policy: usize,
    /// Index of the written rule.
    pub(super) origin: usize,
    pub(super) is_derived: bool,
    pub(super) policies: &'p [&'p Policy],
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
