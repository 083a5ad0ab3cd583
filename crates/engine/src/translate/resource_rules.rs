//! The `kinds` of a match block as resource rules, which name resources in plural by group and version.

use std::collections::BTreeSet;

use portcullis_api::{
    cluster_policy::{Operation, ResourceDescription},
    match_constraints::NamedRule,
};
use portcullis_schema::Catalogue;

use crate::matching::KindSelector;

/// What the API server asks policies for where nothing is said of operations.
const EVERY_OPERATION: [&str; 4] = ["CREATE", "UPDATE", "CONNECT", "DELETE"];

/// The rules that say what `kinds`, `names` and `operations` do, one for each group and version.
pub(super) fn of(
    written: &ResourceDescription,
    catalogue: &Catalogue,
) -> Result<Vec<NamedRule>, String> {
    let mut rules = Vec::new();
    for entry in &written.kinds {
        for (group, version, resources) in served(entry, catalogue)? {
            let rule = NamedRule {
                api_groups: vec![group],
                api_versions: vec![version],
                operations: operations(&written.operations),
                resources: resources.into_iter().collect(),
                resource_names: names(written),
                scope: None,
            };
            add(&mut rules, rule);
        }
    }
    Ok(rules)
}

/// Adds a rule; one that differs only in its resources takes them in.
pub(super) fn add(rules: &mut Vec<NamedRule>, rule: NamedRule) {
    let resources = rule.resources.clone();
    let same = rules.iter_mut().find(|one| {
        let of_rule = NamedRule {
            resources: one.resources.clone(),
            ..rule.clone()
        };
        **one == of_rule
    });
    match same {
        Some(one) => {
            let both: BTreeSet<String> = one.resources.drain(..).chain(resources).collect();
            one.resources = both.into_iter().collect();
        }
        None => rules.push(rule),
    }
}

/// The operations as they are written; all of them where none is.
pub(super) fn operations(written: &[Operation]) -> Vec<String> {
    if written.is_empty() {
        return EVERY_OPERATION.map(str::to_owned).to_vec();
    }
    let text = |operation: &Operation| match operation {
        Operation::Create => "CREATE",
        Operation::Update => "UPDATE",
        Operation::Connect => "CONNECT",
        Operation::Delete => "DELETE",
    };
    written.iter().map(text).map(str::to_owned).collect()
}

fn names(written: &ResourceDescription) -> Vec<String> {
    written.name.iter().chain(&written.names).cloned().collect()
}

type Served = (String, String, BTreeSet<String>);

/// Group, version and resources of what an entry of `kinds` names.
fn served(entry: &str, catalogue: &Catalogue) -> Result<Vec<Served>, String> {
    let selector = KindSelector::parse(entry);
    let (kind, subresource) = (selector.kind.as_str(), selector.subresource.as_str());
    if kind == "*" {
        let resource = match subresource {
            "" => "*".to_owned(),
            subresource => format!("*/{subresource}"),
        };
        let part = |text: &str| text.to_owned();
        let (group, version) = (selector.group.as_str(), selector.version.as_str());
        return Ok(vec![(
            part(group),
            part(version),
            BTreeSet::from([resource]),
        )]);
    }
    if !selector.kind.is_literal() {
        return Err(format!(
            "`{entry}`: a resource rule has no wildcards within a name; list the kinds"
        ));
    }
    let known = catalogue.find_kind(kind).iter().filter(|known| {
        selector.group.is_match(&known.group) && selector.version.is_match(&known.version)
    });
    let found: Vec<Served> = known
        .map(|known| {
            let mut resources = BTreeSet::from([match subresource {
                "" => known.resource.clone(),
                subresource => format!("{}/{subresource}", known.resource),
            }]);
            // A rule about Pods sees their ephemeral containers, too.
            if kind == "Pod" && known.group.is_empty() && subresource.is_empty() {
                resources.insert("pods/ephemeralcontainers".to_owned());
            }
            (known.group.clone(), known.version.clone(), resources)
        })
        .collect();
    match found.as_slice() {
        [] => Err(format!(
            "`{entry}` is not a kind of Kubernetes {}; `--crds` names the file or folder \
             of its CustomResourceDefinition",
            catalogue.version()
        )),
        _ => Ok(found),
    }
}
