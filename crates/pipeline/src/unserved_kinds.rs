//! Kinds in `match` and `exclude` that a version of Kubernetes does not serve: a rule sees none of their objects.
//!
//! ```text
//! warning: no kind of Kubernetes 1.37 is called `Deploymnt`
//!   ╭▸ policies/web/policy.yaml:9:15
//! 9 │             - Deploymnt
//!   ╰╴              ━━━━━━━━━ no object is of this kind
//!   help: did you mean `Deployment`?
//! ```

use portcullis_api::cluster_policy::{MatchResources, Policy};
use portcullis_engine::{lint, matching::KindSelector};
use portcullis_schema::{Catalogue, Kind, nearest};
use portcullis_values::wildcard::has_wildcard;

/// A kind that nobody serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnservedKind {
    /// Where, as `/spec/rules/0/match/any/0/resources/kinds/0`.
    pub pointer: String,
    /// What was found.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// The kinds of a policy that the catalogue does not have; nothing is said of one with wildcards.
#[must_use]
pub fn of_policy(policy: &Policy, catalogue: &Catalogue) -> Vec<UnservedKind> {
    let rules = policy.spec.rules.iter().enumerate();
    let blocks = rules.flat_map(|(index, rule)| {
        let path = format!("/spec/rules/{index}");
        let exclude = rule.exclude.as_ref();
        let exclude = exclude.map(|block| (format!("{path}/exclude"), block));
        std::iter::once((format!("{path}/match"), &rule.r#match)).chain(exclude)
    });
    let entries = blocks.flat_map(|(path, block)| entries(&path, block));
    let found = entries.filter_map(|(pointer, entry)| {
        let (message, help) = unserved(entry, catalogue)?;
        Some(UnservedKind {
            pointer,
            message,
            help,
        })
    });
    found.collect()
}

/// The entries of `kinds`, each with its pointer.
fn entries<'p>(path: &str, block: &'p MatchResources) -> Vec<(String, &'p str)> {
    let inline = block.resources.iter();
    let inline = inline.map(|resources| (format!("{path}/resources"), resources));
    let lists = [("any", &block.any), ("all", &block.all)];
    let filters = lists.into_iter().flat_map(|(name, list)| {
        let filters = list.iter().flatten().enumerate();
        filters.filter_map(move |(index, filter)| {
            let resources = filter.resources.as_ref()?;
            Some((format!("{path}/{name}/{index}/resources"), resources))
        })
    });
    let described = inline.chain(filters);
    let found = described.flat_map(|(path, resources)| {
        let kinds = resources.kinds.iter().enumerate();
        kinds.map(move |(index, kind)| (format!("{path}/kinds/{index}"), kind.as_str()))
    });
    found.collect()
}

fn unserved(entry: &str, catalogue: &Catalogue) -> Option<(String, String)> {
    let selector = KindSelector::parse(entry);
    let (group, version) = (selector.group.as_str(), selector.version.as_str());
    let kind = selector.kind.as_str();
    // A variable is none, and lint says so.
    let is_open = kind.is_empty() || has_wildcard(kind) || entry.contains("{{");
    let known = catalogue.find_kind(kind);
    let serves = |one: &&Kind| selector.group.is_match(&one.group);
    let is_served = |one: &Kind| serves(&one) && selector.version.is_match(&one.version);
    if is_open || known.iter().any(is_served) {
        return None;
    }
    let kubernetes = format!("Kubernetes {}", catalogue.version());
    if let Some(other) = known.iter().find(serves) {
        let name = one_name(&other.group, &other.version, kind);
        let message = format!("{kubernetes} does not serve `{entry}`, so the rule sees none");
        return Some((message, format!("write `{kind}` or `{name}`")));
    }
    let api_version = format!("{group}/{version}");
    if let Some(since) = catalogue.gone_since(&api_version, kind) {
        let message = format!("`{entry}` is gone since Kubernetes {since}");
        let help = match known.first() {
            Some(other) => format!("write `{}`", one_name(&other.group, &other.version, kind)),
            None => format!("remove it: {kubernetes} has no {kind}"),
        };
        return Some((message, help));
    }
    if lint::is_known_kind(entry) {
        return None;
    }
    let message = format!("{kubernetes} has no kind `{entry}`");
    let names = catalogue.kinds().map(|one| one.kind.as_str());
    let definition =
        "give its CustomResourceDefinition in `crds` of portcullis.yaml, or with `--crd-paths`";
    let help = match nearest(kind, names) {
        Some(name) if group == "*" && name != kind => {
            format!("did you mean `{name}`? Otherwise {definition}")
        }
        _ => definition.to_owned(),
    };
    Some((message, help))
}

fn one_name(group: &str, version: &str, kind: &str) -> String {
    match group {
        "" => format!("{version}/{kind}"),
        group => format!("{group}/{version}/{kind}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(entry: &str, expected: Option<(&str, &str)>) {
        let catalogue = portcullis_schema::builtin("1.37").unwrap_or_default();
        let resources = json!({"kinds": ["Pod", entry]});
        let policy = json!({
            "apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": {"name": "p"},
            "spec": {"rules": [{
                "name": "r", "match": {"any": [{"resources": resources}]},
                "exclude": {"resources": {"kinds": ["Namespace"]}},
            }]},
        });
        let policy = serde_json::from_value(policy).expect("a policy");
        let found = of_policy(&policy, &catalogue);
        let found: Vec<_> = found
            .iter()
            .map(|one| {
                (
                    one.pointer.as_str(),
                    one.message.as_str(),
                    one.help.as_str(),
                )
            })
            .collect();
        let pointer = "/spec/rules/0/match/any/0/resources/kinds/1";
        let expected: Vec<_> = expected
            .map(|(message, help)| (pointer, message, help))
            .into_iter()
            .collect();
        assert_eq!(found, expected, "{entry}");
    }

    #[test]
    fn kinds_that_are_not_served() {
        const DEFINITION: &str =
            "give its CustomResourceDefinition in `crds` of portcullis.yaml, or with `--crd-paths`";
        for entry in [
            "Pod",
            "Pod/exec",
            "apps/v1/Deployment",
            "apps/v1/Deployment/scale",
            "apps/*/Deployment",
            "*",
            "*/*",
            "Deploy*",
            "ClusterPolicy",
            "kyverno.io/v2/PolicyException",
            "{{ request.kind }}",
        ] {
            check(entry, None);
        }
        let near = format!("did you mean `Deployment`? Otherwise {DEFINITION}");
        check(
            "Deploymnt",
            Some(("Kubernetes 1.37 has no kind `Deploymnt`", near.as_str())),
        );
        check(
            "x.io/v1/Widget",
            Some(("Kubernetes 1.37 has no kind `x.io/v1/Widget`", DEFINITION)),
        );
        check(
            "batch/v1beta1/CronJob",
            Some((
                "Kubernetes 1.37 does not serve `batch/v1beta1/CronJob`, so the rule sees none",
                "write `CronJob` or `batch/v1/CronJob`",
            )),
        );
        check(
            "extensions/v1beta1/Ingress",
            Some((
                "`extensions/v1beta1/Ingress` is gone since Kubernetes 1.22",
                "write `networking.k8s.io/v1/Ingress`",
            )),
        );
    }
}
