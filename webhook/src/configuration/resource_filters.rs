//! Objects that no policy is asked about: `[Kind,namespace,name]…`.
//!
//! The kind is written as in a rule's `kinds`; what is left out of the end is `*`. A Namespace is
//! meant by its name in the place of the namespace.

use portcullis_engine::{
    matching::KindSelector,
    request::{GroupVersionKind, Request},
};
use portcullis_values::wildcard::Wildcard;

use super::value::{ConfigurationError, Entry};

/// One filter.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ResourceFilter {
    kind: KindSelector,
    namespace: Wildcard,
    name: Wildcard,
}

impl ResourceFilter {
    fn of(parts: &[&str]) -> ResourceFilter {
        let part = |at: usize| match parts.get(at).map(|part| part.trim()) {
            None | Some("") => "*",
            Some(part) => part,
        };
        ResourceFilter {
            kind: KindSelector::parse(part(0)),
            namespace: Wildcard::new(part(1)),
            name: Wildcard::new(part(2)),
        }
    }

    pub(super) fn matches(&self, request: &Request<'_>) -> bool {
        let place = (request.namespace, request.name);
        self.matches_object(&request.kind, request.subresource, place)
    }

    /// Whether an object is meant, told by kind, and by namespace and name.
    pub(super) fn matches_object(
        &self,
        kind: &GroupVersionKind,
        subresource: &str,
        (namespace, name): (&str, &str),
    ) -> bool {
        let is_namespace = kind.kind == "Namespace" && kind.group.is_empty();
        let namespace = if is_namespace { name } else { namespace };
        self.kind.matches(kind, subresource, false)
            && self.namespace.is_match(namespace)
            && self.name.is_match(name)
    }
}

/// What follows a filter. Some write commas between them.
fn between(after: &str) -> &str {
    let after = after.trim_start();
    match after.strip_prefix(',').map(str::trim_start) {
        Some(next) if next.starts_with('[') => next,
        _ => after,
    }
}

/// Reads the filters of an entry.
pub(super) fn parse(entry: &Entry<'_>) -> Result<Vec<ResourceFilter>, ConfigurationError> {
    let mut filters = Vec::new();
    let mut rest = entry.text.trim_start();
    while !rest.is_empty() {
        let Some(inside) = rest.strip_prefix('[') else {
            return Err(entry.error_at_rest(rest, "`[`, as in `[Kind,namespace,name]`"));
        };
        let end = inside.find(['[', ']']).unwrap_or(inside.len());
        let (inside, after) = inside.split_at_checked(end).unwrap_or((inside, ""));
        let Some(after) = after.strip_prefix(']') else {
            return Err(entry.error_at_rest(after, "`]`"));
        };
        let parts: Vec<&str> = inside.split(',').collect();
        if parts.len() > 3 {
            return Err(entry.error_at_rest(rest, "at most three parts: kind, namespace and name"));
        }
        filters.push(ResourceFilter::of(&parts));
        rest = between(after);
    }
    Ok(filters)
}
