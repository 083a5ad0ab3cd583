//! Which kinds a policy matches.

use portcullis_api::match_constraints::NamedRule;
use portcullis_schema::{Catalogue, Kind};

use crate::{matching::KindSelector, request::GroupVersionKind};

/// How a policy says what it matches.
#[derive(Debug)]
pub(super) enum Matched<'p> {
    /// By resources.
    Resources(&'p [NamedRule]),
    /// By kinds, as a match block writes them.
    Kinds(Vec<&'p str>),
}

/// Policies for more kinds than this are about what all objects have.
const MAX_KINDS: usize = 32;

/// Subresources whose requests hold the object itself.
const OWN: &[&str] = &[
    "",
    "approval",
    "ephemeralcontainers",
    "finalize",
    "resize",
    "status",
];

/// The kinds; nothing if there is one that is not known.
pub(super) fn matched<'c>(of: &Matched<'_>, catalogue: &'c Catalogue) -> Option<Vec<&'c Kind>> {
    let mut kinds = match of {
        Matched::Resources(rules) => of_resources(rules, catalogue)?,
        Matched::Kinds(written) => of_selectors(written, catalogue)?,
    };
    kinds.sort_by_key(|kind| (&kind.group, &kind.version, &kind.kind));
    kinds.dedup();
    (!kinds.is_empty() && kinds.len() <= MAX_KINDS).then_some(kinds)
}

fn of_resources<'c>(rules: &[NamedRule], catalogue: &'c Catalogue) -> Option<Vec<&'c Kind>> {
    let mut found = Vec::new();
    for rule in rules {
        for group in &rule.api_groups {
            for resource in &rule.resources {
                let (name, subresource) = resource.split_once('/').unwrap_or((resource, ""));
                if !OWN.contains(&subresource) {
                    return None;
                }
                // A version that is gone is matched by no request.
                let mut known = catalogue
                    .kinds()
                    .filter(|kind| kind.group == *group && kind.resource == name)
                    .peekable();
                known.peek()?;
                let versions = &rule.api_versions;
                let is_asked = |kind: &&Kind| {
                    let mut versions = versions.iter();
                    versions.any(|version| version == "*" || *version == kind.version)
                };
                found.extend(known.filter(is_asked));
            }
        }
    }
    Some(found)
}

fn of_selectors<'c>(written: &[&str], catalogue: &'c Catalogue) -> Option<Vec<&'c Kind>> {
    let mut found = Vec::new();
    for entry in written {
        let selector = KindSelector::parse(entry);
        let before = found.len();
        found.extend(catalogue.kinds().filter(|kind| {
            let kind = GroupVersionKind {
                group: kind.group.clone(),
                version: kind.version.clone(),
                kind: kind.kind.clone(),
            };
            selector.matches(&kind, "", false)
        }));
        if found.len() == before {
            return None;
        }
    }
    Some(found)
}
