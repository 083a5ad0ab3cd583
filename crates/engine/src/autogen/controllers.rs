//! The pod controllers, and which of them a policy wants.

use std::collections::{BTreeMap, BTreeSet};

/// The annotation that names the wanted controllers.
pub const CONTROLLERS_ANNOTATION: &str = "pod-policies.kyverno.io/autogen-controllers";

/// Controllers that keep the Pod in `spec.template`, in the order of their names, with the kind
/// entry that means just them.
const TEMPLATED: [(&str, &str); 6] = [
    ("DaemonSet", "apps/v1/DaemonSet"),
    ("Deployment", "apps/v1/Deployment"),
    ("Job", "batch/v1/Job"),
    ("ReplicaSet", "apps/v1/ReplicaSet"),
    ("ReplicationController", "v1/ReplicationController"),
    ("StatefulSet", "apps/v1/StatefulSet"),
];

/// The controller that keeps a Job, and the Pod in that.
pub(super) const CRON_JOB: &str = "CronJob";

/// Where a controller keeps its Pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// `spec.template`.
    Template,
    /// `spec.jobTemplate.spec.template`.
    CronJob,
}

/// The kinds of all pod controllers that are known.
pub fn pod_controllers() -> impl Iterator<Item = &'static str> {
    let templated = TEMPLATED.iter().map(|(name, _)| *name);
    templated.chain([CRON_JOB])
}

/// The controllers that a policy wants.
pub(super) enum Wanted {
    /// Those of a list.
    Listed(BTreeSet<String>),
    /// Every one that is known.
    Every,
}

impl Wanted {
    /// What a policy's annotations say.
    pub(super) fn of(annotations: &BTreeMap<String, String>) -> Wanted {
        match annotations.get(CONTROLLERS_ANNOTATION).map(String::as_str) {
            None => Wanted::Every,
            Some(list) => Wanted::Listed(list.split(',').map(str::to_owned).collect()),
        }
    }

    /// For each rule to derive: its shape, its controllers, and whether the status lists it.
    pub(super) fn groups(&self) -> Vec<(Shape, Vec<String>, bool)> {
        let names = match self {
            Wanted::Every => return every(),
            Wanted::Listed(names) => names,
        };
        if names.len() == 1 && names.contains("all") {
            // Nobody's kind is `all`: the status lists the rules, and no object has them.
            let unused = |(shape, _, listed)| (shape, Vec::new(), listed);
            return every().into_iter().map(unused).collect();
        }
        let is_known = |name: &String| TEMPLATED.iter().any(|(known, _)| known == name);
        let known: Vec<String> = names
            .iter()
            .filter(|name| is_known(name))
            .cloned()
            .collect();
        let is_other =
            |name: &&String| !is_known(name) && !["", "none", CRON_JOB].contains(&name.as_str());
        let others: Vec<String> = names.iter().filter(is_other).cloned().collect();
        let others_are_listed = known.is_empty();
        let groups = [(known, true), (others, others_are_listed)];
        let mut groups: Vec<_> = groups
            .into_iter()
            .filter(|(names, _)| !names.is_empty())
            .map(|(names, listed)| (Shape::Template, names, listed))
            .collect();
        if names.contains(CRON_JOB) {
            groups.push((Shape::CronJob, vec![CRON_JOB.to_owned()], true));
        }
        groups
    }
}

fn every() -> Vec<(Shape, Vec<String>, bool)> {
    let templated = TEMPLATED.iter().map(|&(name, _)| name.to_owned()).collect();
    vec![
        (Shape::Template, templated, true),
        (Shape::CronJob, vec![CRON_JOB.to_owned()], true),
    ]
}

/// The kind entry that means just this controller.
pub(super) fn kind_entry(name: &str) -> &str {
    match name {
        CRON_JOB => "batch/v1/CronJob",
        "Pod" => "v1/Pod",
        _ => {
            let known = TEMPLATED.iter().find(|(known, _)| *known == name);
            known.map_or(name, |&(_, entry)| entry)
        }
    }
}

/// Whether the text names a Pod or a known controller.
pub(super) fn is_pod_or_controller(name: &str) -> bool {
    name == "Pod" || pod_controllers().any(|known| known == name)
}
