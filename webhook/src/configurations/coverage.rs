//! Which requests are covered: resources with their operations, as rules of a webhook say it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

const ANY: &str = "*";

/// Where objects live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scope {
    Any,
    Cluster,
    Namespaced,
}

/// A set of operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Operations(u8);

const OPERATIONS: [&str; 4] = ["CREATE", "UPDATE", "DELETE", "CONNECT"];

impl Operations {
    pub(super) const ALL: Operations = Operations(0b1111);
    pub(super) const WRITES: Operations = Operations(0b0011);

    /// The operations of a list of names; `*` is all of them.
    pub(super) fn of<'n>(names: impl IntoIterator<Item = &'n str>) -> Operations {
        let bits = names.into_iter().map(|name| match name {
            ANY => Operations::ALL.0,
            name => (0..4)
                .zip(OPERATIONS)
                .filter(|(_, known)| *known == name)
                .fold(0, |bits, (at, _)| bits | 1 << at),
        });
        Operations(bits.fold(0, |all, bits| all | bits))
    }

    fn names(self) -> Vec<&'static str> {
        let all = (0..4).zip(OPERATIONS);
        all.filter(|(at, _)| self.0 & 1 << at != 0)
            .map(|(_, name)| name)
            .collect()
    }
}

/// Resources; `*` stands for any group or version, and `*`, `x/*` and `*/*` for resources as in the
/// rules of a webhook.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Target {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) resource: String,
    pub(super) scope: Scope,
}

impl Target {
    pub(super) fn new(group: &str, version: &str, resource: &str, scope: Scope) -> Target {
        Target {
            group: group.to_owned(),
            version: version.to_owned(),
            resource: resource.to_owned(),
            scope,
        }
    }

    pub(super) fn is_wildcard(&self) -> bool {
        [&self.group, &self.version].iter().any(|part| *part == ANY) || self.resource.contains('*')
    }

    /// What both mean; none where that is nothing.
    pub(super) fn meet(&self, other: &Target) -> Option<Target> {
        let scope = match (self.scope, other.scope) {
            (Scope::Any, scope) | (scope, Scope::Any) => scope,
            (one, other) => (one == other).then_some(one)?,
        };
        let (resource, subresource) = split(&self.resource);
        let (other_resource, other_subresource) = split(&other.resource);
        let resource = narrower(resource, other_resource)?;
        let subresource = narrower(subresource, other_subresource)?;
        let resource = match subresource {
            "" => resource.to_owned(),
            subresource => format!("{resource}/{subresource}"),
        };
        Some(Target {
            group: narrower(&self.group, &other.group)?.to_owned(),
            version: narrower(&self.version, &other.version)?.to_owned(),
            resource,
            scope,
        })
    }

    /// Whether a request can have such a version and resource.
    fn is_named(&self) -> bool {
        !self.version.is_empty() && !self.resource.is_empty()
    }

    fn covers(&self, other: &Target) -> bool {
        self.meet(other).is_some_and(|both| both == *other)
    }
}

fn split(resource: &str) -> (&str, &str) {
    resource.split_once('/').unwrap_or((resource, ""))
}

fn narrower<'t>(one: &'t str, other: &'t str) -> Option<&'t str> {
    match (one, other) {
        (ANY, part) | (part, ANY) => Some(part),
        _ => (one == other).then_some(one),
    }
}

/// Covered requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Coverage(BTreeMap<Target, Operations>);

impl Coverage {
    /// Every request.
    pub(super) fn everything() -> Coverage {
        let target = Target::new(ANY, ANY, "*/*", Scope::Any);
        Coverage::from_iter([(target, Operations::ALL)])
    }

    /// Whether a version of a resource, or of what lies below it, is covered.
    pub(super) fn is_about(&self, group: &str, version: &str, plural: &str) -> bool {
        let wanted = Target::new(group, version, &format!("{plural}/*"), Scope::Any);
        self.0.keys().any(|target| target.meet(&wanted).is_some())
    }

    /// What is said of a resource by its name, and the rest.
    pub(super) fn split_resource(self, (group, plural): (&str, &str)) -> (Coverage, Coverage) {
        let is_named =
            |target: &Target| target.group == group && split(&target.resource).0 == plural;
        let (of_resource, others) = self.0.into_iter().partition(|(of, _)| is_named(of));
        (Coverage(of_resource), Coverage(others))
    }

    pub(super) fn extend(&mut self, other: Coverage) {
        for (target, operations) in other.0 {
            self.0.entry(target).or_insert(Operations(0)).0 |= operations.0;
        }
    }

    /// What both cover.
    pub(super) fn meet(&self, other: &Coverage) -> Coverage {
        let mut both = Coverage::default();
        for (one, one_operations) in &self.0 {
            for (target, operations) in &other.0 {
                let operations = one_operations.0 & operations.0;
                if let Some(target) = one.meet(target).filter(|_| operations != 0) {
                    both.0.entry(target).or_insert(Operations(0)).0 |= operations;
                }
            }
        }
        both
    }

    /// Without what the other covers. A target that the other covers in part stays.
    pub(super) fn without(mut self, other: &Coverage) -> Coverage {
        for (target, operations) in &mut self.0 {
            let covering = other.0.iter().filter(|(of, _)| of.covers(target));
            let gone = covering.fold(0, |bits, (_, operations)| bits | operations.0);
            operations.0 &= !gone;
        }
        self.0.retain(|_, operations| operations.0 != 0);
        self
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn targets(&self) -> impl Iterator<Item = &Target> {
        self.0.keys()
    }

    /// The rules of a webhook, merged and sorted.
    pub(super) fn rules(&self) -> Vec<Value> {
        let wildcards: Vec<_> = self.0.iter().filter(|(of, _)| of.is_wildcard()).collect();
        let is_said = |target: &Target, operations: Operations| {
            wildcards.iter().any(|(of, all)| {
                *of != target && of.covers(target) && all.0 & operations.0 == operations.0
            })
        };
        let said = self.0.iter();
        let kept = said.filter(|(target, operations)| !is_said(target, **operations));
        let mut by_group: Merged<(Operations, Scope, &str, &str)> = BTreeMap::new();
        for (of, operations) in kept {
            let key = (
                *operations,
                of.scope,
                of.version.as_str(),
                of.group.as_str(),
            );
            by_group.entry(key).or_default().insert(&of.resource);
        }
        let mut by_version: Merged<(Operations, Scope, &str, BTreeSet<&str>)> = BTreeMap::new();
        for ((operations, scope, version, group), resources) in by_group {
            let key = (operations, scope, version, resources);
            by_version.entry(key).or_default().insert(group);
        }
        let mut rules: Merged<(BTreeSet<&str>, BTreeSet<&str>, Scope, Operations)> =
            BTreeMap::new();
        for ((operations, scope, version, resources), groups) in by_version {
            let key = (groups, resources, scope, operations);
            rules.entry(key).or_default().insert(version);
        }
        let rules = rules.into_iter();
        rules
            .map(|((groups, resources, scope, operations), versions)| {
                json!({
                    "apiGroups": groups,
                    "apiVersions": versions,
                    "operations": operations.names(),
                    "resources": resources,
                    "scope": scope.name(),
                })
            })
            .collect()
    }
}

/// What is said of several things at once, by what they share.
type Merged<'t, K> = BTreeMap<K, BTreeSet<&'t str>>;

impl Scope {
    fn name(self) -> &'static str {
        match self {
            Scope::Any => ANY,
            Scope::Cluster => "Cluster",
            Scope::Namespaced => "Namespaced",
        }
    }
}

impl FromIterator<(Target, Operations)> for Coverage {
    fn from_iter<I: IntoIterator<Item = (Target, Operations)>>(all: I) -> Coverage {
        let mut coverage = Coverage::default();
        // The API server takes no empty names, and no request has one.
        let all = all.into_iter();
        for (target, operations) in all.filter(|(target, _)| target.is_named()) {
            coverage.0.entry(target).or_insert(Operations(0)).0 |= operations.0;
        }
        coverage.0.retain(|_, operations| operations.0 != 0);
        coverage
    }
}
