//! `match` and `exclude`: one form, at least one kind, selectors that can be read, and no user in
//! background mode.

use portcullis_api::cluster_policy::{
    LabelSelector, MatchResources, Policy, PolicyKind, ResourceDescription, ResourceFilter, Rule,
    Subject,
};
use portcullis_values::wildcard::has_wildcard;

use super::conflict;
use super::finding::Findings;
use super::scope::{self, Scope};
use crate::matching::Selector;

pub(super) fn check(policy: &Policy, rule: &Rule, path: &str, findings: &mut Findings) {
    check_block(policy, &rule.r#match, &format!("{path}/match"), findings);
    check_kinds_are_there(&rule.r#match, &format!("{path}/match"), findings);
    if let Some(exclude) = &rule.exclude {
        check_block(policy, exclude, &format!("{path}/exclude"), findings);
        conflict::check(&rule.r#match, exclude, &format!("{path}/exclude"), findings);
    }
}

/// Every filter of a block and its path; the inline form is one filter.
pub(super) fn filters(block: &MatchResources, path: &str) -> Vec<(String, ResourceFilter)> {
    let lists = [("any", &block.any), ("all", &block.all)];
    let mut found: Vec<(String, ResourceFilter)> = lists
        .iter()
        .flat_map(|(name, list)| {
            let list = list.iter().flatten().enumerate();
            list.map(move |(index, filter)| (format!("{path}/{name}/{index}"), filter.clone()))
        })
        .collect();
    let inline = ResourceFilter {
        resources: block.resources.clone(),
        roles: block.roles.clone(),
        cluster_roles: block.cluster_roles.clone(),
        subjects: block.subjects.clone(),
    };
    if found.is_empty() || inline != ResourceFilter::default() {
        found.push((path.to_owned(), inline));
    }
    found
}

fn check_block(policy: &Policy, block: &MatchResources, path: &str, findings: &mut Findings) {
    let (any, all) = (has_filters(&block.any), has_filters(&block.all));
    if any && all {
        findings.error(path, "`any` and `all` stand together", "keep one of them");
    }
    let inline = block
        .resources
        .as_ref()
        .is_some_and(|it| *it != ResourceDescription::default());
    if (any || all) && inline {
        findings.error(
            format!("{path}/resources"),
            "`resources` stands next to `any` or `all`",
            "move it into a filter of `any` or `all`",
        );
    }
    for (path, filter) in filters(block, path) {
        check_users(policy, &filter, &path, findings);
        if let Some(resources) = &filter.resources {
            check_resources(policy, resources, &format!("{path}/resources"), findings);
        }
    }
}

fn has_filters(list: &Option<Vec<ResourceFilter>>) -> bool {
    list.as_ref().is_some_and(|list| !list.is_empty())
}

fn check_kinds_are_there(block: &MatchResources, path: &str, findings: &mut Findings) {
    for (path, filter) in filters(block, path) {
        let kinds = filter
            .resources
            .as_ref()
            .map_or(0, |resources| resources.kinds.len());
        let is_beside =
            path.ends_with("/match") && (has_filters(&block.any) || has_filters(&block.all));
        if kinds == 0 && !is_beside {
            findings.error(
                path,
                "the filter names no kind",
                "write `resources: {kinds: [...]}`",
            );
        }
    }
}

fn check_resources(
    policy: &Policy,
    resources: &ResourceDescription,
    path: &str,
    findings: &mut Findings,
) {
    let has_name = resources.name.as_ref().is_some_and(|name| !name.is_empty());
    if has_name && !resources.names.is_empty() {
        findings.error(
            path,
            "`name` and `names` stand together",
            "keep `names` only",
        );
    }
    if policy.kind == PolicyKind::Policy && !resources.namespaces.is_empty() {
        findings.error(
            format!("{path}/namespaces"),
            "a Policy is about its own namespace only",
            "remove `namespaces`",
        );
    }
    if policy.kind == PolicyKind::Policy {
        check_scopes(resources, path, findings);
    }
    if let Some(selector) = &resources.selector {
        check_selector(selector, &format!("{path}/selector"), findings);
    }
}

fn check_scopes(resources: &ResourceDescription, path: &str, findings: &mut Findings) {
    for (index, kind) in resources.kinds.iter().enumerate() {
        if scope::of_entry(kind) == Some(Scope::Cluster) {
            findings.error(
                format!("{path}/kinds/{index}"),
                format!("`{kind}` lives in no namespace, and a Policy in one"),
                "remove the kind, or use `kind: ClusterPolicy`",
            );
        }
    }
}

fn check_selector(selector: &LabelSelector, path: &str, findings: &mut Findings) {
    let wild = selector
        .match_labels
        .iter()
        .any(|(key, value)| has_wildcard(key) || has_wildcard(value));
    if wild {
        return;
    }
    if selector.match_labels.is_empty() && selector.match_expressions.is_empty() {
        findings.error(
            path,
            "the selector is empty",
            "remove it, or write `matchLabels` or `matchExpressions`",
        );
    } else if let Err(error) = Selector::of(selector) {
        findings.error(
            path,
            error.to_string(),
            "write the selector as Kubernetes expects it",
        );
    }
}

fn check_users(policy: &Policy, filter: &ResourceFilter, path: &str, findings: &mut Findings) {
    for (index, role) in filter.roles.iter().enumerate() {
        if role.split(':').count() != 2 {
            findings.error(
                format!("{path}/roles/{index}"),
                format!("`{role}` is not a role in a namespace"),
                "write `namespace:name`",
            );
        }
    }
    for (index, subject) in filter.subjects.iter().enumerate() {
        check_subject(subject, &format!("{path}/subjects/{index}"), findings);
    }
    let named = [
        ("roles", filter.roles.is_empty()),
        ("clusterRoles", filter.cluster_roles.is_empty()),
        ("subjects", filter.subjects.is_empty()),
    ];
    let user = named.iter().find(|(_, is_empty)| !is_empty);
    if let Some((field, _)) = user.filter(|_| policy.spec.background != Some(false)) {
        findings.error(
            format!("{path}/{field}"),
            format!("a background scan has no user, so `{field}` cannot be known"),
            "set `spec.background: false`",
        );
    }
}

fn check_subject(subject: &Subject, path: &str, findings: &mut Findings) {
    if subject.name.is_empty() {
        findings.error(path, "the subject has no name", "write `name`");
    }
    let namespace = subject.namespace.as_deref().unwrap_or_default();
    match subject.kind.as_str() {
        "ServiceAccount" if namespace.is_empty() => {
            findings.error(
                path,
                "the service account has no namespace",
                "write `namespace`",
            );
        }
        "ServiceAccount" | "User" | "Group" => {}
        other => findings.error(
            format!("{path}/kind"),
            format!("`{other}` is not a kind of subject"),
            "write `User`, `Group` or `ServiceAccount`",
        ),
    }
}
