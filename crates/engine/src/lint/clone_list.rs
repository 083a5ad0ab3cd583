//! `generate.cloneList`: kinds of one scope, their namespace, and labels without wildcards.

use portcullis_api::cluster_policy::{CloneList, LabelSelector, Policy};
use portcullis_values::wildcard::has_wildcard;

use super::finding::Findings;
use super::generate_target::{Target, own_namespace, refuse_namespace, text, warn_of_variable};
use super::scope::{self, Scope};
use crate::context::has_variable;

pub(super) fn check(
    policy: &Policy,
    target: &Target<'_>,
    list: &CloneList,
    path: &str,
    findings: &mut Findings,
) {
    for (field, value) in target.named() {
        if !value.is_empty() {
            findings.error(
                format!("{path}/{field}"),
                format!("`{field}` stands beside `cloneList`, which keeps kinds and names"),
                format!("remove `{field}`"),
            );
        }
    }
    let path = format!("{path}/cloneList");
    check_scopes(policy, target, list, &path, findings);
    if has_variable(text(&list.namespace)) {
        warn_of_variable(&format!("{path}/namespace"), findings);
    }
    if let Some(selector) = &list.selector {
        check_selector(selector, &format!("{path}/selector"), findings);
    }
    if let Some(own) = own_namespace(policy)
        && text(&list.namespace) != own
    {
        refuse_namespace(&format!("{path}/namespace"), own, findings);
    }
}

fn check_scopes(
    policy: &Policy,
    target: &Target<'_>,
    list: &CloneList,
    path: &str,
    findings: &mut Findings,
) {
    let scopes: Vec<Option<Scope>> = list.kinds.iter().map(|kind| scope_of(kind)).collect();
    let has = |scope: Scope| scopes.contains(&Some(scope));
    if has(Scope::Cluster) && has(Scope::Namespace) {
        findings.error(
            format!("{path}/kinds"),
            "some of the kinds live in a namespace, and some do not",
            "write a rule for each sort",
        );
        return;
    }
    let is_named = !text(&list.namespace).is_empty();
    if has(Scope::Namespace) && !is_named {
        findings.error(
            path,
            "the kinds live in a namespace, and none is named",
            "write `namespace`, where the sources are",
        );
    } else if has(Scope::Cluster) && own_namespace(policy).is_some() {
        findings.error(
            format!("{path}/kinds"),
            "the kinds live in no namespace, and a Policy in one",
            "use `kind: ClusterPolicy`",
        );
    } else if has(Scope::Cluster) && (is_named || !target.namespace.is_empty()) {
        findings.error(
            format!("{path}/namespace"),
            "the kinds live in no namespace",
            "remove `namespace`",
        );
    }
}

/// The scope of `v1/Secret` or `apps/v1/Deployment`.
fn scope_of(entry: &str) -> Option<Scope> {
    let (api_version, kind) = entry.rsplit_once('/')?;
    scope::of(api_version, kind)
}

fn check_selector(selector: &LabelSelector, path: &str, findings: &mut Findings) {
    let labels = selector.match_labels.iter();
    let labels = labels.flat_map(|(key, value)| [key, value]);
    let expressions = selector.match_expressions.iter();
    let mut words = labels.chain(expressions.flat_map(|it| it.values.iter().chain([&it.key])));
    if words.any(|word| !has_variable(word) && has_wildcard(word)) {
        findings.error(
            path,
            "a wildcard stands in the selector of sources",
            "write the labels themselves",
        );
    }
}
