//! `match` and `exclude` of a rule as match constraints, as far as Kyverno itself takes them there.

use portcullis_api::{
    cluster_policy::{MatchResources, ResourceDescription, ResourceFilter, Rule},
    label_selector::{LabelSelector, LabelSelectorRequirement},
    match_constraints::{MatchConstraints, NamedRule},
};
use portcullis_schema::Catalogue;
use portcullis_values::wildcard;

use crate::translate::{Obstacle, resource_rules};

/// The label that the API server gives every namespace.
const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

/// The constraints of a rule; what cannot be said in them is added to the obstacles.
pub(super) fn of_rule(
    rule: &Rule,
    path: &str,
    catalogue: &Catalogue,
    obstacles: &mut Vec<Obstacle>,
) -> MatchConstraints {
    let mut constraints = MatchConstraints::default();
    let mut stopped = |block: &str, reason: String| {
        obstacles.push(Obstacle::new(format!("{path}.{block}"), reason));
    };
    match matched(&rule.r#match, catalogue) {
        Ok(found) => constraints = found,
        Err(reason) => stopped("match", reason),
    }
    if let Some(exclude) = &rule.exclude {
        let found = of_block(exclude).and_then(|filters| {
            let rules = filters.iter().map(|filter| excluded(filter, catalogue));
            rules.collect::<Result<Vec<_>, String>>()
        });
        match found {
            Ok(found) => merge(&mut constraints, found.concat()),
            Err(reason) => stopped("exclude", reason),
        }
    }
    constraints
}

/// Leaves out more resources.
pub(super) fn merge(constraints: &mut MatchConstraints, rules: Vec<NamedRule>) {
    for rule in rules {
        resource_rules::add(&mut constraints.exclude_resource_rules, rule);
    }
}

fn matched(block: &MatchResources, catalogue: &Catalogue) -> Result<MatchConstraints, String> {
    let filters = of_block(block)?;
    let mut constraints = MatchConstraints::default();
    for filter in &filters {
        let resources = resources(filter)?;
        for rule in resource_rules::of(resources, catalogue)? {
            resource_rules::add(&mut constraints.resource_rules, rule);
        }
        let selects = resources.selector.is_some()
            || resources.namespace_selector.is_some()
            || !resources.namespaces.is_empty();
        if selects && filters.len() > 1 {
            return Err(
                "a native policy has one selector for all its resources, and a filter of several \
                 has one of its own"
                    .to_owned(),
            );
        }
        constraints.object_selector = resources.selector.clone();
        constraints.namespace_selector = namespaces(resources);
    }
    Ok(constraints)
}

/// Namespaces by name and by label, both as labels.
fn namespaces(resources: &ResourceDescription) -> Option<LabelSelector> {
    let mut selector = resources.namespace_selector.clone();
    if !resources.namespaces.is_empty() {
        let selector = selector.get_or_insert_default();
        selector.match_expressions.push(LabelSelectorRequirement {
            key: NAMESPACE_NAME.to_owned(),
            operator: "In".to_owned(),
            values: resources.namespaces.clone(),
        });
    }
    selector
}

/// The resources that an `exclude` or an exception leaves out. One of namespaces alone becomes, as
/// Kyverno has it, one of the Namespaces of these names.
pub(super) fn excluded(
    filter: &ResourceFilter,
    catalogue: &Catalogue,
) -> Result<Vec<NamedRule>, String> {
    let resources = resources(filter)?;
    if resources.selector.is_some() || resources.namespace_selector.is_some() {
        return Err("a native policy leaves nothing out by labels".to_owned());
    }
    match (resources.kinds.as_slice(), resources.namespaces.as_slice()) {
        ([], []) => Err("no kinds are named".to_owned()),
        ([], namespaces) => Ok(vec![NamedRule {
            api_groups: vec![String::new()],
            api_versions: vec!["v1".to_owned()],
            operations: resource_rules::operations(&resources.operations),
            resources: vec!["namespaces".to_owned()],
            resource_names: namespaces.to_vec(),
            scope: None,
        }]),
        (_, []) => resource_rules::of(resources, catalogue),
        _ => Err("a native policy leaves no kinds out in some namespaces only".to_owned()),
    }
}

/// The filters of a block of a rule; the older form is one filter.
fn of_block(block: &MatchResources) -> Result<Vec<&ResourceFilter>, String> {
    if !block.roles.is_empty() || !block.cluster_roles.is_empty() || !block.subjects.is_empty() {
        return Err(USERS.to_owned());
    }
    if block.resources.is_some() {
        return Err("the older form without `any` and `all`; `fix policy` makes it new".to_owned());
    }
    filters(block.any.as_deref(), block.all.as_deref())
}

const USERS: &str = "a native policy does not select by roles and subjects";

/// The filters of `any`, or the only one of `all`.
pub(super) fn filters<'a>(
    any: Option<&'a [ResourceFilter]>,
    all: Option<&'a [ResourceFilter]>,
) -> Result<Vec<&'a ResourceFilter>, String> {
    match (any.unwrap_or_default(), all.unwrap_or_default()) {
        ([], []) => Err("it has no filter".to_owned()),
        (any, []) => Ok(any.iter().collect()),
        ([], [one]) => Ok(vec![one]),
        _ => Err(
            "of several resource rules of a native policy one suffices; these must all hold"
                .to_owned(),
        ),
    }
}

/// What a filter says of resources, if a native policy can say it.
fn resources(filter: &ResourceFilter) -> Result<&ResourceDescription, String> {
    if !filter.roles.is_empty() || !filter.cluster_roles.is_empty() || !filter.subjects.is_empty() {
        return Err(USERS.to_owned());
    }
    let Some(resources) = &filter.resources else {
        return Err("it selects no resources".to_owned());
    };
    if !resources.annotations.is_empty() {
        return Err("a native policy does not select by annotations".to_owned());
    }
    let names = resources.name.iter().chain(&resources.names);
    let selectors = [&resources.selector, &resources.namespace_selector];
    let labels = selectors
        .into_iter()
        .flatten()
        .flat_map(|one| &one.match_labels);
    let labels = labels.flat_map(|(key, value)| [key, value]);
    let mut literal = names.chain(&resources.namespaces).chain(labels);
    match literal.find(|text| wildcard::has_wildcard(text)) {
        Some(text) => Err(format!(
            "`{text}`: a native policy has no wildcards in names, namespaces and labels"
        )),
        None => Ok(resources),
    }
}
