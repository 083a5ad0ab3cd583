//! Which policies serve, and how that has changed.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use portcullis_engine::policy_info::PolicyInfo;

use super::{
    lock,
    text::{Text, labels},
    totals::{bounded, of_policy, rule_type},
};
use crate::served::Served;

/// How many series the changes have at most.
const LIMIT: usize = 10_000;

const CHANGES: &str = "kyverno_policy_changes_total";
const PROBLEMS: &str = "portcullis_policy_file_problems";
const RULES: &str = "kyverno_policy_rule_info_total";

/// The policies of a version, by kind and key.
pub(crate) type Inventory = BTreeMap<(String, String), Entry>;

/// A policy of a version.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) policy: Arc<PolicyInfo>,
    /// Whether one of its rules denies what it fails for.
    pub(crate) enforces: bool,
    /// What tells versions apart that say something else.
    pub(crate) fingerprint: u64,
}

/// How often policies came, changed and went.
#[derive(Debug, Default)]
pub(crate) struct Changes(Mutex<BTreeMap<String, u64>>);

impl Changes {
    /// Notes what is different in the version after.
    pub(crate) fn note(&self, before: &Inventory, after: &Inventory) {
        let mut series = lock(&self.0);
        let mut count = |entry: &Entry, change| {
            let of_policy = of_policy(&entry.policy, entry.enforces);
            let labels = labels(&[&of_policy[..], &[("policy_change_type", change)]].concat());
            let labels = bounded(&series, labels, LIMIT);
            *series.entry(labels).or_default() += 1;
        };
        for (id, entry) in after {
            match before.get(id) {
                None => count(entry, "created"),
                Some(before) if before.fingerprint != entry.fingerprint => count(entry, "updated"),
                Some(_) => {}
            }
        }
        for (id, entry) in before {
            if !after.contains_key(id) {
                count(entry, "deleted");
            }
        }
    }
}

pub(super) fn write(served: &Served, text: &mut Text) {
    text.family(
        CHANGES,
        "counter",
        "how often a policy came, changed or went",
    );
    for (labels, count) in lock(&served.changes().0).iter() {
        text.sample(CHANGES, labels, count);
    }
    if let Some(problems) = served.problems() {
        let help = "what is wrong with policy files; what they last said is served";
        text.family(PROBLEMS, "gauge", help);
        text.sample(PROBLEMS, "", problems);
    }
    text.family(RULES, "gauge", "1 for each rule that serves");
    let policies = served.policies();
    for group in policies.scanned_groups() {
        for policy in group.set().policies() {
            let info = policy.info();
            let entry = policies.inventory().get(&(info.kind.clone(), info.key()));
            let of_policy = of_policy(info, entry.is_some_and(|entry| entry.enforces));
            for rule in policy.rules() {
                let of_rule = [
                    ("rule_name", rule.name()),
                    ("rule_type", rule_type(rule.rule_type())),
                    ("status_ready", "true"),
                ];
                text.sample(RULES, &labels(&[&of_policy[..], &of_rule].concat()), 1);
            }
        }
    }
}
