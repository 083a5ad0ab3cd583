//! Which policies and rules can be carried over to pod controllers.

use portcullis_api::cluster_policy::{MatchResources, PolicySpec, ResourceDescription, Rule};

use super::controllers::is_pod_or_controller;
use crate::matching::KindSelector;

/// Whether a policy's rules can be carried over. They cannot when any rule
///
/// - generates, or changes by JSON patch (also in a `foreach`),
/// - selects by name, label or annotation in any match or exclude block,
/// - lists Pods together with other kinds in one filter,
///
/// nor when no rule is about a Pod or a pod controller.
#[must_use]
pub fn can_derive(spec: &PolicySpec) -> bool {
    let descriptions = || spec.rules.iter().flat_map(descriptions);
    !spec.rules.iter().any(has_other_action)
        && descriptions().all(is_portable)
        && descriptions().any(|described| {
            described
                .kinds
                .iter()
                .any(|kind| is_pod_or_controller(kind))
        })
}

/// Whether a rule is about Pods, and so is what it excludes.
pub(super) fn is_for_pods(rule: &Rule) -> bool {
    let names_pod = |block: &MatchResources| {
        block_descriptions(block).any(|described| has_pod(&described.kinds))
    };
    let names_none = |block: &MatchResources| {
        block_descriptions(block).all(|described| described.kinds.is_empty())
    };
    let exclude = rule.exclude.as_ref();
    names_pod(&rule.r#match) && exclude.is_none_or(|block| names_none(block) || names_pod(block))
}

/// Whether one of the kind entries means Pods or a subresource of theirs.
pub(super) fn has_pod(kinds: &[String]) -> bool {
    kinds
        .iter()
        .any(|kind| KindSelector::parse(kind).kind.as_str() == "Pod")
}

fn has_other_action(rule: &Rule) -> bool {
    let is_patch = |patch: &Option<String>| patch.as_ref().is_some_and(|text| !text.is_empty());
    rule.generate
        .as_ref()
        .is_some_and(|generate| *generate != <_>::default())
        || rule.mutate.as_ref().is_some_and(|mutate| {
            let mut each = mutate.foreach.iter().flatten();
            is_patch(&mutate.patches_json6902) || each.any(|each| is_patch(&each.patches_json6902))
        })
}

fn is_portable(described: &ResourceDescription) -> bool {
    described.name.as_ref().is_none_or(String::is_empty)
        && described.names.is_empty()
        && described.selector.is_none()
        && described.annotations.is_empty()
        && !(described.kinds.len() > 1 && has_pod(&described.kinds))
}

fn descriptions(rule: &Rule) -> impl Iterator<Item = &ResourceDescription> {
    let exclude = rule.exclude.iter().flat_map(block_descriptions);
    block_descriptions(&rule.r#match).chain(exclude)
}

fn block_descriptions(block: &MatchResources) -> impl Iterator<Item = &ResourceDescription> {
    let lists = block.any.iter().chain(&block.all).flatten();
    let filters = lists.filter_map(|filter| filter.resources.as_ref());
    block.resources.iter().chain(filters)
}
