//! What is wrong with policies that run together, though each may be fine alone.
//!
//! - Two mutations write different values to the same place of an object that both see: which one
//!   stays is a matter of their order.
//! - Rules of several policies generate or change each other's triggers.
//! - A mutation writes what a validation refuses in every object that both see.
//!
//! Rules that autogen makes are looked at as well. Only what is certain from the text is told:
//! constants, patterns without conditions, rules without preconditions of their own.

use portcullis_api::cluster_policy::{Policy, Rule};

use super::finding::Finding;
use super::rule_of_set::{RuleOfSet, SetFinding};
use super::writes::{self, Writes};
use super::{generation_loop, order, refusal};
use crate::autogen;

/// Everything that is wrong with policies that run together: advice, apart from what has no end.
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
    generation_loop::check(&rules, true, &mut found);
    found
}

/// Rules that generate or change each other's triggers, of one policy or of several.
#[must_use]
pub fn check_loops(policies: &[&Policy]) -> Vec<SetFinding> {
    let acting = policies.iter().map(|policy| acts(policy));
    if acting.sum::<usize>() < 2 {
        return Vec::new();
    }
    let rules = rules(policies);
    let mut found = Vec::new();
    generation_loop::check(&rules, false, &mut found);
    generation_loop::check(&rules, true, &mut found);
    found
}

/// Rules of one policy that generate or change each other's triggers.
pub(super) fn circles(policy: &Policy) -> Vec<Finding> {
    if acts(policy) < 2 {
        return Vec::new();
    }
    let mut found = Vec::new();
    generation_loop::check(&rules(&[policy]), false, &mut found);
    found.into_iter().map(|found| found.finding).collect()
}

/// How many rules make or change objects other than their trigger.
fn acts(policy: &Policy) -> usize {
    let changes = |rule: &Rule| {
        rule.mutate
            .as_ref()
            .is_some_and(|it| !it.targets.is_empty())
    };
    let rules = policy.spec.rules.iter();
    rules
        .filter(|rule| rule.generate.is_some() || changes(rule))
        .count()
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
