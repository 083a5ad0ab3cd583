//! Rules that generate each other's triggers: a circle through two or more rules, of one policy or of
//! several.
//!
//! A circle of rules is advice, as it comes to an end where what would be made is there already. It
//! is an error where it has no end: a name in it grows with each round, or is made up anew.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use portcullis_api::cluster_policy::{Operation, ResourceDescription, ResourceFilter, Rule};

use super::finding::{Finding, Severity};
use super::generate_target::Target;
use super::rule_of_set::{RuleOfSet, SetFinding};
use super::selection::alternatives;
use crate::matching::KindSelector;
use crate::request::GroupVersionKind;

/// How many rules are asked whether they come back to themselves.
const MAX_STARTS: usize = 500;

/// Looks for circles among written rules; with `across`, only for those through several policies.
pub(super) fn check(rules: &[RuleOfSet<'_>], across: bool, found: &mut Vec<SetFinding>) {
    let rules: Vec<&RuleOfSet<'_>> = rules.iter().filter(|rule| !rule.is_derived).collect();
    let mut next = edges(&rules);
    trim(&mut next);
    let starts: Vec<usize> = next.keys().copied().collect();
    let mut told = BTreeSet::new();
    for start in starts.into_iter().take(MAX_STARTS) {
        if told.contains(&start) {
            continue;
        }
        let Some(circle) = circle(start, &next) else {
            continue;
        };
        told.extend(circle.iter().copied());
        let circle: Vec<&RuleOfSet<'_>> = circle
            .iter()
            .filter_map(|index| rules.get(*index).copied())
            .collect();
        let policies: BTreeSet<usize> = circle.iter().map(|rule| rule.policy).collect();
        // A rule that triggers itself is told of where its own body is looked at.
        if circle.len() > 1 && across == (policies.len() > 1) {
            found.extend(finding(&circle));
        }
    }
}

/// For each rule, the rules that run for what it makes.
fn edges(rules: &[&RuleOfSet<'_>]) -> BTreeMap<usize, Vec<usize>> {
    let runs: Vec<(usize, Vec<KindSelector>)> = rules
        .iter()
        .enumerate()
        .filter(|(_, rule)| rule.rule.generate.is_some())
        .map(|(index, rule)| (index, kinds(&rule.rule)))
        .filter(|(_, kinds)| !kinds.is_empty())
        .collect();
    let mut by_kind: BTreeMap<String, Vec<(usize, &KindSelector)>> = BTreeMap::new();
    for (index, kinds) in &runs {
        for kind in kinds.iter().filter(|kind| kind.kind.is_literal()) {
            let rules = by_kind.entry(kind.kind.as_str().to_owned()).or_default();
            rules.push((*index, kind));
        }
    }
    let runs_for = |target: &Target<'_>| {
        let (group, version) = target
            .api_version
            .split_once('/')
            .unwrap_or(("", target.api_version));
        let made = GroupVersionKind {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: target.kind.to_owned(),
        };
        let rules = by_kind.get(target.kind).into_iter().flatten();
        let rules = rules.filter(|(_, kind)| kind.matches(&made, "", false));
        rules.map(|(index, _)| *index).collect::<Vec<usize>>()
    };
    let all = rules.iter().enumerate();
    all.map(|(index, rule)| {
        (
            index,
            targets(&rule.rule).iter().flat_map(runs_for).collect(),
        )
    })
    .filter(|(_, next): &(usize, Vec<usize>)| !next.is_empty())
    .collect()
}

fn targets(rule: &Rule) -> Vec<Target<'_>> {
    let Some(generation) = &rule.generate else {
        return Vec::new();
    };
    match &generation.foreach {
        Some(list) => list.iter().map(Target::from).collect(),
        None => vec![Target::from(generation)],
    }
}

/// The kinds that a rule runs for whatever else they are; none where anything else chooses.
fn kinds(rule: &Rule) -> Vec<KindSelector> {
    let exclude = rule.exclude.as_ref().filter(|it| **it != <_>::default());
    if exclude.is_some() || rule.preconditions.is_some() {
        return Vec::new();
    }
    let alternatives = alternatives(&rule.r#match);
    let kinds = alternatives
        .iter()
        .filter_map(|filters| match filters.as_slice() {
            [
                ResourceFilter {
                    resources: Some(resources),
                    roles,
                    cluster_roles,
                    subjects,
                },
            ] if roles.is_empty() && cluster_roles.is_empty() && subjects.is_empty() => {
                all_of(resources)
            }
            _ => None,
        });
    kinds
        .flatten()
        .map(|kind| KindSelector::parse(kind))
        .collect()
}

fn all_of(resources: &ResourceDescription) -> Option<&Vec<String>> {
    let mut rest = resources.clone();
    let operations = std::mem::take(&mut rest.operations);
    rest.kinds.clear();
    let creations = operations.is_empty() || operations.contains(&Operation::Create);
    (creations && rest == ResourceDescription::default()).then_some(&resources.kinds)
}

/// Leaves out rules after which no circle comes.
fn trim(next: &mut BTreeMap<usize, Vec<usize>>) {
    let mut before: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, further) in next.iter() {
        for one in further {
            before.entry(*one).or_default().push(*index);
        }
    }
    let ends = before.keys().filter(|index| !next.contains_key(index));
    let mut waiting: Vec<usize> = ends.copied().collect();
    let mut open: BTreeMap<usize, usize> = next
        .iter()
        .map(|(index, further)| (*index, further.len()))
        .collect();
    while let Some(end) = waiting.pop() {
        for index in before.get(&end).into_iter().flatten() {
            let Some(count) = open.get_mut(index) else {
                continue;
            };
            *count -= 1;
            if *count == 0 {
                waiting.push(*index);
                next.remove(index);
            }
        }
    }
}

/// The shortest way from a rule back to it.
fn circle(start: usize, next: &BTreeMap<usize, Vec<usize>>) -> Option<Vec<usize>> {
    let mut from: BTreeMap<usize, usize> = BTreeMap::new();
    let mut waiting = VecDeque::from([start]);
    while let Some(index) = waiting.pop_front() {
        for further in next.get(&index).into_iter().flatten() {
            if *further == start {
                let mut way = vec![index];
                while let Some(before) = way.last().and_then(|last| from.get(last)) {
                    way.push(*before);
                }
                way.reverse();
                return Some(way);
            }
            if !from.contains_key(further) {
                from.insert(*further, index);
                waiting.push_back(*further);
            }
        }
    }
    None
}

fn finding(circle: &[&RuleOfSet<'_>]) -> Option<SetFinding> {
    let (first, others) = circle.split_first()?;
    let made = targets(&first.rule);
    let kind = made.first().map_or("", |target| target.kind);
    let others: Vec<String> = others.iter().map(|rule| rule.shown()).collect();
    let others = others.join(", then ");
    let is_endless = circle
        .iter()
        .any(|rule| targets(&rule.rule).iter().any(|it| grows(it.name)));
    let (severity, end) = match is_endless {
        true => (Severity::Error, "and so on without end"),
        false => (Severity::Warning, "which ends where it is there already"),
    };
    let place = match first
        .rule
        .generate
        .as_ref()
        .and_then(|it| it.foreach.as_ref())
    {
        Some(_) => "foreach/0/kind",
        None => "kind",
    };
    Some(SetFinding {
        policy: first.policy,
        finding: Finding {
            severity,
            path: format!("/spec/rules/{}/generate/{place}", first.origin),
            message: format!(
                "{} makes a {kind}, for which {others} runs, which makes {} run again, {end}",
                first.shown(),
                first.shown(),
            ),
            remedy: "leave out what the rules make, by name, label or `preconditions`".to_owned(),
        },
    })
}

/// Whether a name is another one each time: it holds that of the trigger and more, or chance.
fn grows(name: &str) -> bool {
    let only =
        name.trim().starts_with("{{") && name.find("}}") == name.trim_end().len().checked_sub(2);
    let of_trigger = name.contains("request.object.metadata.name") || name.contains("request.name");
    (of_trigger && !only) || name.contains("random(")
}
