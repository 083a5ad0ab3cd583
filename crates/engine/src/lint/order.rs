//! Two mutations of the same place: their order decides what stays there.

use super::finding::{Finding, Severity};
use super::rule_of_set::{RuleOfSet, SetFinding};
use super::selection::{overlap, sees_all_of};
use super::writes::{Write, Writes};

pub(super) fn check(mutating: &[(&RuleOfSet<'_>, Writes)], found: &mut Vec<SetFinding>) {
    let mut told = Vec::new();
    for (index, (later, writes)) in mutating.iter().enumerate() {
        for (earlier, others) in mutating.iter().take(index) {
            let pair = (earlier.policy, earlier.origin, later.policy, later.origin);
            if later.is_sibling(earlier) || told.contains(&pair) {
                continue;
            }
            let Some((write, other)) = conflict(writes, others) else {
                continue;
            };
            if meet(earlier, later) {
                told.push(pair);
                found.push(finding(later, write, earlier, other));
            }
        }
    }
}

/// Within a policy a later rule may well be the exception to an earlier one.
fn meet(earlier: &RuleOfSet<'_>, later: &RuleOfSet<'_>) -> bool {
    earlier.rule.preconditions == later.rule.preconditions
        && overlap(&earlier.rule, &later.rule)
        && (earlier.policy != later.policy || sees_all_of(&later.rule, &earlier.rule))
}

fn finding(
    later: &RuleOfSet<'_>,
    write: &Write,
    earlier: &RuleOfSet<'_>,
    other: &Write,
) -> SetFinding {
    let does = match other.value {
        Some(_) => "writes another value to",
        None => "removes",
    };
    SetFinding {
        policy: later.policy,
        finding: Finding {
            severity: Severity::Warning,
            path: later.place(write),
            message: format!(
                "{} {does} `{}`, so the order of the two rules decides",
                earlier.shown(),
                other.shown()
            ),
            remedy: "write the place in one rule, add it with `+( )`, or let the rules match \
                     different objects"
                .to_owned(),
        },
    }
}

fn conflict<'w>(writes: &'w Writes, others: &'w Writes) -> Option<(&'w Write, &'w Write)> {
    if writes.conditions != others.conditions {
        return None;
    }
    writes.list.iter().find_map(|write| {
        let mut others = others.list.iter();
        let other = others.find(|other| are_in_conflict(write, other))?;
        Some((write, other))
    })
}

fn are_in_conflict(one: &Write, other: &Write) -> bool {
    if one.path == other.path {
        return one.value != other.value;
    }
    let is_above = |above: &Write, below: &Write| {
        above.replaces && below.path.starts_with(&above.path) && !holds(above, below)
    };
    is_above(one, other) || is_above(other, one)
}

/// Whether what is put at a place has, further below, what the other write puts there.
fn holds(above: &Write, below: &Write) -> bool {
    let rest = below.path.get(above.path.len()..).unwrap_or_default();
    let mut value = above.value.as_ref();
    for key in rest {
        value = value.and_then(|value| value.get(key));
    }
    value == below.value.as_ref()
}
