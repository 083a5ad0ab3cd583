//! What is wrong with policies that run together, though each may be fine alone.
//!
//! - Two mutations write different values to the same place of an object that both see: which one
//!   stays is a matter of their order.
//! - A mutation writes what a validation refuses in every object that both see.
//!
//! Rules that autogen makes are looked at as well. Only what is certain from the text is told:
//! constants, patterns without conditions, rules without preconditions of their own.

use portcullis_api::cluster_policy::Policy;

use super::rule_of_set::{RuleOfSet, SetFinding};
use super::writes::{self, Writes};
use super::{order, refusal};
use crate::autogen;

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
