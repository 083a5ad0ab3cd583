//! Policies that mean different versions of a resource.
//!
//! The API server sends a request to a webhook once, in the version of the client where a rule names
//! it, else converted to one that a rule names. Were two policies in one webhook of which one means
//! `v1` and the other `v1beta1`, the client would choose by its version which of them is asked. They
//! are therefore sent in webhooks of their own: each gets the object in the versions that it means.

use std::collections::{BTreeMap, BTreeSet};

use super::{coverage::Coverage, resources::Resources, webhook::Asked};

/// A resource: group and plural.
type Named<'r> = (&'r str, &'r str);

/// Versions of a resource.
type Versions<'r> = BTreeSet<&'r str>;

/// Resources of which several versions are served.
fn versioned(resources: &Resources) -> BTreeMap<Named<'_>, Versions<'_>> {
    let mut all: BTreeMap<Named<'_>, Versions<'_>> = BTreeMap::new();
    for resource in resources.iter() {
        let name = (resource.kind.group.as_str(), resource.plural.as_str());
        all.entry(name).or_default().insert(&resource.kind.version);
    }
    all.retain(|_, versions| versions.len() > 1);
    all
}

/// Policies that are asked together, apart where they mean different versions of a resource.
pub(super) fn apart(asked: Vec<Asked>, resources: &Resources) -> Vec<Asked> {
    let versioned = versioned(resources);
    let mut meant: BTreeMap<_, BTreeSet<Versions<'_>>> = BTreeMap::new();
    for one in asked.iter().filter(|one| !one.is_exact()) {
        for (name, versions) in &versioned {
            let versions = versions_of(one.coverage(), name, versions);
            if !versions.is_empty() {
                let group = (one.group(), *name);
                meant.entry(group).or_default().insert(versions);
            }
        }
    }
    meant.retain(|_, different| different.len() > 1);
    if meant.is_empty() {
        return asked;
    }
    let split = asked.into_iter().flat_map(|one| {
        let mut found: BTreeMap<String, Coverage> = BTreeMap::new();
        let mut rest = one.coverage().clone();
        for (name, all) in &versioned {
            let versions = versions_of(&rest, name, all);
            let is_plain = one.is_exact() || versions == *all;
            if is_plain || !meant.contains_key(&(one.group(), *name)) {
                continue;
            }
            let (of_resource, others) = rest.split_resource(*name);
            rest = others;
            let versions: Vec<&str> = versions.into_iter().collect();
            let coverage = found.entry(versions.join("-")).or_default();
            coverage.extend(of_resource);
        }
        found.insert(String::new(), rest);
        let parts = found.into_iter();
        let parts = parts.filter(|(_, coverage)| !coverage.is_empty());
        let parts: Vec<Asked> = parts
            .map(|(versions, coverage)| one.about(coverage, versions))
            .collect();
        parts
    });
    split.collect()
}

/// The versions of a resource that are covered.
fn versions_of<'r>(
    coverage: &Coverage,
    (group, plural): &Named<'_>,
    served: &Versions<'r>,
) -> Versions<'r> {
    let covered = |version: &&&str| coverage.is_about(group, version, plural);
    served.iter().filter(covered).copied().collect()
}
