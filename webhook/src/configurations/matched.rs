//! What `match` and `exclude` of a rule cover.
//!
//! Kinds become resources by what discovery says. A rule that names no operation is asked about all
//! of them where it validates, and about writes where it changes the object.

use portcullis_api::cluster_policy::{
    MatchResources, Operation, ResourceDescription, ResourceFilter, Rule,
};
use portcullis_engine::matching::KindSelector;

use super::{
    coverage::{Coverage, Operations, Scope, Target},
    resources::{Resource, Resources},
};

/// What a rule covers.
pub(super) fn coverage(rule: &Rule, otherwise: Operations, resources: &Resources) -> Coverage {
    let block = &rule.r#match;
    let of =
        |described: Option<&ResourceDescription>| described_by(described, otherwise, resources);
    let mut covered = match (&block.any, &block.all) {
        (Some(any), _) if !any.is_empty() => {
            let mut union = Coverage::default();
            for filter in any {
                union.extend(of(filter.resources.as_ref()));
            }
            union
        }
        (_, Some(all)) if !all.is_empty() => {
            let mut parts = all.iter().map(|filter| of(filter.resources.as_ref()));
            let first = parts.next().unwrap_or_default();
            parts.fold(first, |met, part| met.meet(&part))
        }
        _ => of(block.resources.as_ref()),
    };
    for described in rule.exclude.iter().flat_map(plainly_excluded) {
        covered = covered.without(&described_by(Some(described), Operations::ALL, resources));
    }
    covered
}

/// The parts of `exclude` that are about kinds and operations only.
fn plainly_excluded(block: &MatchResources) -> Vec<&ResourceDescription> {
    let is_plain = |described: &&ResourceDescription| {
        !described.kinds.is_empty()
            && **described
                == ResourceDescription {
                    kinds: described.kinds.clone(),
                    operations: described.operations.clone(),
                    ..ResourceDescription::default()
                }
    };
    let has_no_user = |filter: &&ResourceFilter| {
        filter.roles.is_empty() && filter.cluster_roles.is_empty() && filter.subjects.is_empty()
    };
    let any = block.any.iter().flatten().filter(has_no_user);
    let all = block.all.iter().flatten().filter(has_no_user);
    let all = all.filter(|_| block.all.as_ref().is_some_and(|all| all.len() == 1));
    let is_inline =
        block.roles.is_empty() && block.cluster_roles.is_empty() && block.subjects.is_empty();
    let inline = block.resources.as_ref().filter(|_| is_inline);
    let filters = any.chain(all);
    let described = filters.filter_map(|filter| filter.resources.as_ref());
    described.chain(inline).filter(is_plain).collect()
}

fn described_by(
    described: Option<&ResourceDescription>,
    otherwise: Operations,
    resources: &Resources,
) -> Coverage {
    let operations = described.map_or(&[][..], |described| &described.operations);
    let operations = match operations {
        [] => otherwise,
        written => Operations::of(written.iter().map(|operation| match operation {
            Operation::Create => "CREATE",
            Operation::Update => "UPDATE",
            Operation::Delete => "DELETE",
            Operation::Connect => "CONNECT",
        })),
    };
    let kinds = described.map_or(&[][..], |described| &described.kinds);
    let everything = [Target::new("*", "*", "*/*", Scope::Any)];
    let targets = match kinds {
        [] => everything.to_vec(),
        kinds => {
            let entries = kinds.iter().map(|entry| KindSelector::parse(entry));
            entries
                .flat_map(|entry| targets(&entry, resources))
                .collect()
        }
    };
    targets
        .into_iter()
        .map(|target| (target, operations))
        .collect()
}

/// The resources that an entry of `kinds` means.
fn targets(entry: &KindSelector, resources: &Resources) -> Vec<Target> {
    let parts = [&entry.group, &entry.version, &entry.kind];
    let subresource = entry.subresource.as_str();
    if parts.iter().all(|part| part.as_str() == "*") {
        let resource = match subresource {
            "" => "*".to_owned(),
            subresource if entry.subresource.is_literal() || subresource == "*" => {
                format!("*/{subresource}")
            }
            _ => "*/*".to_owned(),
        };
        return vec![Target::new("*", "*", &resource, Scope::Any)];
    }
    let meant = resources.iter().filter(|resource| {
        entry.group.is_match(&resource.kind.group)
            && entry.version.is_match(&resource.kind.version)
            && entry.kind.is_match(&resource.kind.kind)
    });
    meant
        .flat_map(|resource| of_resource(entry, resource))
        .collect()
}

fn of_resource(entry: &KindSelector, resource: &Resource) -> Vec<Target> {
    let kind = &resource.kind;
    let scope = match resource.namespaced {
        true => Scope::Namespaced,
        false => Scope::Cluster,
    };
    let target = |resource: &str| Target::new(&kind.group, &kind.version, resource, scope);
    let below = |subresource: &str| target(&format!("{}/{subresource}", resource.plural));
    if entry.subresource.as_str() == "*" {
        return vec![below("*")];
    }
    let mut found = Vec::new();
    if entry.subresource.is_match("") {
        found.push(target(&resource.plural));
    }
    let meant = resource.subresources.iter().map(String::as_str);
    found.extend(
        meant
            .filter(|subresource| entry.matches(kind, subresource, true))
            .map(below),
    );
    found
}
