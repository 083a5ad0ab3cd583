//! Which kinds a policy matches.
//!
//! What is sent to a subresource is mostly the object itself; `scale` and a few others take something
//! of their own.

use portcullis_api::match_constraints::NamedRule;
use portcullis_schema::{Catalogue, Kind, SchemaId};

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

/// Subresources whose requests hold something else: its group, version and kind, and the name of its
/// schema.
const OTHER: &[(&str, [&str; 3], &str)] = &[
    (
        "binding",
        ["", "v1", "Binding"],
        "io.k8s.api.core.v1.Binding",
    ),
    (
        "eviction",
        ["policy", "v1", "Eviction"],
        "io.k8s.api.policy.v1.Eviction",
    ),
    (
        "scale",
        ["autoscaling", "v1", "Scale"],
        "io.k8s.api.autoscaling.v1.Scale",
    ),
    (
        "token",
        ["authentication.k8s.io", "v1", "TokenRequest"],
        "io.k8s.api.authentication.v1.TokenRequest",
    ),
];

/// What `object` may be of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct About {
    group: String,
    version: String,
    kind: String,
    pub(super) schema: SchemaId,
}

impl About {
    /// What the requests for a kind are about, or those for a subresource of it.
    fn of(kind: &Kind, subresource: &str, catalogue: &Catalogue) -> Option<About> {
        let about = |[group, version, kind]: [&str; 3], schema| About {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: kind.to_owned(),
            schema,
        };
        if OWN.contains(&subresource) {
            let names = [&kind.group, &kind.version, &kind.kind];
            return Some(about(names.map(String::as_str), kind.schema));
        }
        if !kind.subresources.iter().any(|name| name == subresource) {
            return None;
        }
        let mut others = OTHER.iter();
        let (_, names, schema) = others.find(|(name, ..)| *name == subresource)?;
        Some(about(*names, catalogue.named(schema)?))
    }

    /// `apps/v1 Deployment`
    pub(super) fn name(&self) -> String {
        match self.group.as_str() {
            "" => format!("{} {}", self.version, self.kind),
            group => format!("{group}/{} {}", self.version, self.kind),
        }
    }
}

/// The kinds; nothing if there is one that is not known.
pub(super) fn matched(of: &[Matched<'_>], catalogue: &Catalogue) -> Option<Vec<About>> {
    let mut kinds = Vec::new();
    for of in of {
        kinds.extend(match of {
            Matched::Resources(rules) => of_resources(rules, catalogue)?,
            Matched::Kinds(written) => of_selectors(written, catalogue)?,
        });
    }
    kinds.sort();
    kinds.dedup();
    (!kinds.is_empty() && kinds.len() <= MAX_KINDS).then_some(kinds)
}

fn of_resources(rules: &[NamedRule], catalogue: &Catalogue) -> Option<Vec<About>> {
    let mut found = Vec::new();
    for rule in rules {
        for group in &rule.api_groups {
            for resource in &rule.resources {
                let (name, subresource) = resource.split_once('/').unwrap_or((resource, ""));
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
                for kind in known.filter(is_asked) {
                    found.push(About::of(kind, subresource, catalogue)?);
                }
            }
        }
    }
    Some(found)
}

fn of_selectors(written: &[&str], catalogue: &Catalogue) -> Option<Vec<About>> {
    let mut found = Vec::new();
    for entry in written {
        let selector = KindSelector::parse(entry);
        let before = found.len();
        for kind in catalogue.kinds() {
            let names = GroupVersionKind {
                group: kind.group.clone(),
                version: kind.version.clone(),
                kind: kind.kind.clone(),
            };
            let subresources = kind.subresources.iter().map(String::as_str);
            for subresource in subresources.chain([""]) {
                if selector.matches(&names, subresource, false) {
                    found.push(About::of(kind, subresource, catalogue)?);
                }
            }
        }
        if found.len() == before {
            return None;
        }
    }
    Some(found)
}
