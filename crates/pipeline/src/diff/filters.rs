//! Two blocks of filters, as in `match` and `exclude`: whether the second is about more.
//!
//! A block is a list of clauses of which one must hold, each a list of filters that must all hold. One
//! filter covers another when whatever the other is about, it is about too; what cannot be shown to be
//! covered counts as not covered.

use portcullis_api::cluster_policy::{
    LabelSelector, MatchResources, ResourceDescription, ResourceFilter,
};
use portcullis_api::policy_exception::AnyAllFilters;
use portcullis_values::wildcard;

use super::{Direction, selector};

type Clauses = Vec<Vec<ResourceFilter>>;

/// What a change of `match` does: to be about more is stricter.
pub(super) fn matched(before: &MatchResources, after: &MatchResources) -> Direction {
    wider(&clauses(before), &clauses(after))
}

/// What a change of `exclude` does: to leave out more is looser.
pub(super) fn excluded(
    before: Option<&MatchResources>,
    after: Option<&MatchResources>,
) -> Direction {
    let all = |block: Option<&MatchResources>| block.map(clauses).unwrap_or_default();
    wider(&all(before), &all(after)).flipped()
}

/// What a change of an exception's `match` does: to be about more is looser.
pub(super) fn excepted(before: &AnyAllFilters, after: &AnyAllFilters) -> Direction {
    let all = |block: &AnyAllFilters| of_lists(block.any.as_deref(), block.all.as_deref());
    wider(&all(before), &all(after)).flipped()
}

fn clauses(block: &MatchResources) -> Clauses {
    let listed = of_lists(block.any.as_deref(), block.all.as_deref());
    let inline = ResourceFilter {
        resources: block.resources.clone(),
        roles: block.roles.clone(),
        cluster_roles: block.cluster_roles.clone(),
        subjects: block.subjects.clone(),
    };
    match listed.is_empty() && inline != ResourceFilter::default() {
        true => vec![vec![inline]],
        false => listed,
    }
}

fn of_lists(any: Option<&[ResourceFilter]>, all: Option<&[ResourceFilter]>) -> Clauses {
    match (any, all) {
        (Some(any), _) if !any.is_empty() => any.iter().map(|one| vec![one.clone()]).collect(),
        (_, Some(all)) if !all.is_empty() => vec![all.to_vec()],
        _ => Vec::new(),
    }
}

/// Stricter when the second block is about all of the first and more.
fn wider(before: &Clauses, after: &Clauses) -> Direction {
    let (grown, shrunk) = (block_covers(after, before), block_covers(before, after));
    Direction::of_sets(grown, shrunk, Direction::Stricter)
}

fn block_covers(wide: &Clauses, narrow: &Clauses) -> bool {
    narrow
        .iter()
        .all(|narrow| wide.iter().any(|wide| clause_covers(wide, narrow)))
}

/// Every filter of the wide clause is implied by one of the narrow clause.
fn clause_covers(wide: &[ResourceFilter], narrow: &[ResourceFilter]) -> bool {
    wide.iter()
        .all(|wide| narrow.iter().any(|narrow| covers(wide, narrow)))
}

fn covers(wide: &ResourceFilter, narrow: &ResourceFilter) -> bool {
    if wide == narrow {
        return true;
    }
    // A filter that names nothing is about nothing.
    if *wide == ResourceFilter::default() {
        return false;
    }
    let resources = match (&wide.resources, &narrow.resources) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(wide), Some(narrow)) => resources_cover(wide, narrow),
    };
    resources
        && one_of(&wide.roles, &narrow.roles, PartialEq::eq)
        && one_of(&wide.cluster_roles, &narrow.cluster_roles, PartialEq::eq)
        && one_of(&wide.subjects, &narrow.subjects, PartialEq::eq)
}

fn resources_cover(wide: &ResourceDescription, narrow: &ResourceDescription) -> bool {
    let name = |one: &ResourceDescription| one.name.clone().into_iter().collect::<Vec<_>>();
    let annotations = wide
        .annotations
        .iter()
        .all(|(key, value)| narrow.annotations.get(key) == Some(value));
    one_of(&wide.kinds, &narrow.kinds, |wide, narrow| {
        wide == "*" || wide == narrow
    }) && one_of(&name(wide), &name(narrow), |wide, narrow| {
        text_covers(wide, narrow)
    }) && one_of(&wide.names, &narrow.names, |wide, narrow| {
        text_covers(wide, narrow)
    }) && one_of(&wide.namespaces, &narrow.namespaces, |wide, narrow| {
        text_covers(wide, narrow)
    }) && one_of(&wide.operations, &narrow.operations, PartialEq::eq)
        && annotations
        && selector_covers(wide.selector.as_ref(), narrow.selector.as_ref())
        && selector_covers(
            wide.namespace_selector.as_ref(),
            narrow.namespace_selector.as_ref(),
        )
}

/// A list of which one must hold; an empty one restricts nothing.
fn one_of<T>(wide: &[T], narrow: &[T], covers: impl Fn(&T, &T) -> bool) -> bool {
    let covered = |narrow: &T| wide.iter().any(|wide| covers(wide, narrow));
    wide.is_empty() || !narrow.is_empty() && narrow.iter().all(covered)
}

fn text_covers(wide: &str, narrow: &str) -> bool {
    let is_literal = !narrow.contains(['*', '?']);
    wide == narrow || wide == "*" || is_literal && wildcard::matches(wide, narrow)
}

fn selector_covers(wide: Option<&LabelSelector>, narrow: Option<&LabelSelector>) -> bool {
    let every = LabelSelector::default();
    selector::covers(wide.unwrap_or(&every), narrow.unwrap_or(&every))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(yaml: &str) -> MatchResources {
        let value = portcullis_yaml::read(
            yaml,
            portcullis_yaml::Mode::Strict,
            &portcullis_yaml::Limits::default(),
        );
        serde_json::from_value(value.unwrap()).unwrap()
    }

    #[test]
    fn to_be_about_more_is_stricter() {
        let pods = "any: [{resources: {kinds: [Pod]}}]";
        for (before, after, wanted) in [
            (pods, "resources: {kinds: [Pod]}", Direction::Neither),
            (
                pods,
                "any: [{resources: {kinds: [Pod, Job]}}]",
                Direction::Stricter,
            ),
            (
                pods,
                "any: [{resources: {kinds: ['*']}}]",
                Direction::Stricter,
            ),
            (
                pods,
                "any: [{resources: {kinds: [Job]}}]",
                Direction::Unclear,
            ),
            (
                pods,
                "any: [{resources: {kinds: [Pod], namespaces: [a]}}]",
                Direction::Looser,
            ),
            (
                pods,
                "any: [{resources: {kinds: [Pod]}, clusterRoles: [admin]}]",
                Direction::Looser,
            ),
            (
                pods,
                "all: [{resources: {kinds: [Pod]}}, {resources: {names: [a]}}]",
                Direction::Looser,
            ),
            (
                "any: [{resources: {namespaces: [a-1, b]}}]",
                "any: [{resources: {namespaces: ['a-*', b]}}]",
                Direction::Stricter,
            ),
            (
                "any: [{resources: {selector: {matchLabels: {a: b}}}}]",
                "any: [{resources: {selector: {matchLabels: {a: b, c: d}}}}]",
                Direction::Looser,
            ),
            (
                "any: [{resources: {kinds: [Pod]}}, {resources: {kinds: [Job]}}]",
                pods,
                Direction::Looser,
            ),
        ] {
            let found = matched(&block(before), &block(after));
            assert_eq!(found, wanted, "{before}\n{after}");
        }
    }

    #[test]
    fn to_leave_out_more_is_looser() {
        let one = block("any: [{resources: {namespaces: [a]}}]");
        let two = block("any: [{resources: {namespaces: [a, b]}}]");
        assert_eq!(excluded(None, Some(&one)), Direction::Looser);
        assert_eq!(excluded(Some(&one), Some(&two)), Direction::Looser);
        assert_eq!(excluded(Some(&two), None), Direction::Stricter);
    }
}
