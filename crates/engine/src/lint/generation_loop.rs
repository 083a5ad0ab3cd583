//! Rules that generate or change each other's triggers: a circle through two or more rules, of one
//! policy or of several.
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

/// What a rule does to objects other than its trigger.
struct Effect<'r> {
    target: Target<'r>,
    verb: &'static str,
    operation: Operation,
}

/// For each rule, the rules that run for what it makes or changes.
fn edges(rules: &[&RuleOfSet<'_>]) -> BTreeMap<usize, Vec<usize>> {
    let mut by_kind: BTreeMap<String, Vec<(usize, Trigger)>> = BTreeMap::new();
    for (index, rule) in rules.iter().enumerate() {
        if effects(&rule.rule).is_empty() {
            continue;
        }
        for trigger in triggers(&rule.rule) {
            let kind = trigger.kind.kind.as_str().to_owned();
            by_kind.entry(kind).or_default().push((index, trigger));
        }
    }
    let runs_for = |effect: &Effect<'_>| {
        let target = &effect.target;
        let (group, version) = target
            .api_version
            .split_once('/')
            .unwrap_or(("", target.api_version));
        let object = GroupVersionKind {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: target.kind.to_owned(),
        };
        let rules = by_kind.get(target.kind).into_iter().flatten();
        let rules = rules.filter(|(_, trigger)| {
            trigger.runs_on(effect.operation) && trigger.kind.matches(&object, "", false)
        });
        rules.map(|(index, _)| *index).collect::<Vec<usize>>()
    };
    let all = rules.iter().enumerate();
    all.map(|(index, rule)| {
        let effects = effects(&rule.rule);
        (index, effects.iter().flat_map(runs_for).collect())
    })
    .filter(|(_, next): &(usize, Vec<usize>)| !next.is_empty())
    .collect()
}

fn effects(rule: &Rule) -> Vec<Effect<'_>> {
    let made = targets(rule).into_iter().map(|target| Effect {
        target,
        verb: "makes",
        operation: Operation::Create,
    });
    let existing = rule.mutate.iter().flat_map(|mutation| &mutation.targets);
    // Which of them are changed is not known where anything else chooses.
    let existing = existing.filter(|it| it.preconditions.is_none() && it.selector.is_none());
    let changed = existing.map(|target| Effect {
        target: Target::from(target),
        verb: "changes",
        operation: Operation::Update,
    });
    made.chain(changed).collect()
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

/// What a rule runs for.
struct Trigger {
    kind: KindSelector,
    /// All where there is none.
    operations: Vec<Operation>,
}

impl Trigger {
    fn runs_on(&self, operation: Operation) -> bool {
        self.operations.is_empty() || self.operations.contains(&operation)
    }
}

/// The kinds that a rule runs for whatever else they are; none where anything else chooses.
fn triggers(rule: &Rule) -> Vec<Trigger> {
    let exclude = rule.exclude.as_ref().filter(|it| **it != <_>::default());
    if exclude.is_some() || rule.preconditions.is_some() {
        return Vec::new();
    }
    let alternatives = alternatives(&rule.r#match);
    let resources = alternatives
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
    let triggers = resources.flat_map(|resources| {
        let kinds = resources.kinds.iter().map(|kind| KindSelector::parse(kind));
        kinds.map(|kind| Trigger {
            kind,
            operations: resources.operations.clone(),
        })
    });
    triggers
        .filter(|trigger| trigger.kind.kind.is_literal())
        .collect()
}

/// A description that says nothing but kinds and operations.
fn all_of(resources: &ResourceDescription) -> Option<&ResourceDescription> {
    let mut rest = resources.clone();
    rest.operations.clear();
    rest.kinds.clear();
    (rest == ResourceDescription::default()).then_some(resources)
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
    let made = effects(&first.rule);
    let effect = made.first()?;
    let others: Vec<String> = others.iter().map(|rule| rule.shown()).collect();
    let others = others.join(", then ");
    let is_endless = circle
        .iter()
        .any(|rule| targets(&rule.rule).iter().any(|it| grows(it.name)));
    let (severity, end) = match is_endless {
        true => (Severity::Error, "and so on without end"),
        false => (Severity::Warning, "which ends where nothing is left to do"),
    };
    let generation = first.rule.generate.as_ref();
    let place = match generation.map(|generation| generation.foreach.is_some()) {
        Some(true) => "generate/foreach/0/kind",
        Some(false) => "generate/kind",
        None => "mutate/targets/0/kind",
    };
    let (name, verb, kind) = (first.shown(), effect.verb, effect.target.kind);
    Some(SetFinding {
        policy: first.policy,
        finding: Finding {
            severity,
            path: format!("/spec/rules/{}/{place}", first.origin),
            message: format!(
                "{name} {verb} a {kind}, for which {others} runs, which makes {name} run again, {end}",
            ),
            remedy: "leave out what the rules make or change, by name, label or `preconditions`"
                .to_owned(),
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
