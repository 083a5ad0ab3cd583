//! `generate`: one source, a target whose kind and place are known, and a source that a
//! namespaced policy may read.
//!
//! | what is made from | target | source |
//! |---|---|---|
//! | `data`, or nothing | `apiVersion`, `kind`, `name`, `namespace` where the kind has one | – |
//! | `clone` | the same | `name`, `namespace` |
//! | `cloneList` | `namespace` where the kinds have one | `kinds` of one scope, `namespace` where they have one |

use portcullis_api::cluster_policy::{CloneSource, ForEachGeneration, Policy, Rule};

use super::finding::Findings;
use super::generate_target::{Target, own_namespace, refuse_namespace, text, warn_of_variable};
use super::match_resources::filters;
use super::scope::Scope;
use super::{anchors, clone_list, conditions};
use crate::context::has_variable;

pub(super) fn check(policy: &Policy, rule: &Rule, path: &str, findings: &mut Findings) {
    let Some(generation) = rule.generate.as_ref().filter(|it| **it != <_>::default()) else {
        return;
    };
    let path = format!("{path}/generate");
    let of_rule = Target::from(generation);
    let bodies = of_rule.bodies() + usize::from(generation.foreach.is_some());
    check_bodies(bodies, &path, findings);
    let Some(list) = &generation.foreach else {
        check_target(policy, rule, &of_rule, &path, findings);
        return;
    };
    for (index, foreach) in list.iter().enumerate() {
        let path = format!("{path}/foreach/{index}");
        let target = Target::from(foreach);
        check_foreach(foreach, &path, findings);
        check_bodies(target.bodies(), &path, findings);
        check_target(policy, rule, &target, &path, findings);
    }
}

fn check_bodies(count: usize, path: &str, findings: &mut Findings) {
    if count > 1 {
        findings.error(
            path,
            "the rule has more than one source",
            "keep one of `data`, `clone`, `cloneList`, `foreach`",
        );
    }
}

fn check_foreach(foreach: &ForEachGeneration, path: &str, findings: &mut Findings) {
    if text(&foreach.list).is_empty() {
        findings.warning(
            path,
            "the foreach has no list",
            "write `list: request.object...`",
        );
    }
    if let Some(preconditions) = &foreach.preconditions {
        conditions::check_operators(
            preconditions,
            &format!("{path}/preconditions"),
            conditions::Operators::OfSchema,
            findings,
        );
    }
}

fn check_target(
    policy: &Policy,
    rule: &Rule,
    target: &Target<'_>,
    path: &str,
    findings: &mut Findings,
) {
    match target.clone_list {
        Some(list) => clone_list::check(policy, target, list, path, findings),
        None => check_named(target, path, findings),
    }
    if let Some(data) = target.data {
        anchors::check_data(data, &format!("{path}/data"), findings);
    }
    if let Some(clone) = target.clone {
        check_clone(policy, clone, path, findings);
    }
    check_own_namespace(policy, target, path, findings);
    check_loop(rule, target, path, findings);
}

fn check_named(target: &Target<'_>, path: &str, findings: &mut Findings) {
    for (field, value) in [
        ("apiVersion", target.api_version),
        ("kind", target.kind),
        ("name", target.name),
    ] {
        if value.is_empty() {
            findings.error(
                path,
                format!("what is made has no `{field}`"),
                format!("write `{field}`"),
            );
        }
    }
    let kind = target.kind;
    match (target.scope(), target.namespace.is_empty()) {
        (Some(Scope::Namespace), true) => findings.error(
            path,
            format!("a {kind} lives in a namespace, and none is named"),
            "write `namespace`",
        ),
        (Some(Scope::Cluster), false) => findings.error(
            format!("{path}/namespace"),
            format!("a {kind} lives in no namespace"),
            "remove `namespace`",
        ),
        _ => {}
    }
}

fn check_clone(policy: &Policy, clone: &CloneSource, path: &str, findings: &mut Findings) {
    let path = format!("{path}/clone");
    for (field, value) in [("name", &clone.name), ("namespace", &clone.namespace)] {
        if has_variable(text(value)) {
            warn_of_variable(&format!("{path}/{field}"), findings);
        }
    }
    if text(&clone.name).is_empty() {
        findings.error(&path, "the source has no name", "write `name`");
    } else if let Some(own) = own_namespace(policy)
        && text(&clone.namespace) != own
    {
        refuse_namespace(&format!("{path}/namespace"), own, findings);
    }
}

fn check_own_namespace(policy: &Policy, target: &Target<'_>, path: &str, findings: &mut Findings) {
    let Some(own) = own_namespace(policy) else {
        return;
    };
    if target.scope() == Some(Scope::Cluster) {
        findings.error(
            format!("{path}/kind"),
            format!(
                "a {} lives in no namespace, and a Policy in one",
                target.kind
            ),
            "use `kind: ClusterPolicy`",
        );
    } else if target.namespace != own && !(target.namespace.is_empty() && target.scope().is_some())
    {
        refuse_namespace(&format!("{path}/namespace"), own, findings);
    }
}

/// Kyverno refuses a rule that makes the kind it matches in the inline form. In the other forms
/// such a rule loads, and runs for what it made.
fn check_loop(rule: &Rule, target: &Target<'_>, path: &str, findings: &mut Findings) {
    let makes =
        |kinds: &[String]| !target.kind.is_empty() && kinds.iter().any(|it| it == target.kind);
    let inline = rule.r#match.resources.as_ref();
    if inline.is_some_and(|resources| makes(&resources.kinds)) {
        findings.error(
            format!("{path}/kind"),
            format!("the rule makes a {}, the kind that it matches", target.kind),
            "match another kind",
        );
        return;
    }
    let chooses = rule.exclude.is_some() || rule.preconditions.is_some();
    for (_, filter) in filters(&rule.r#match, "") {
        let Some(resources) = filter.resources.filter(|resources| makes(&resources.kinds)) else {
            continue;
        };
        let mut rest = resources;
        rest.kinds.clear();
        if !chooses && rest == <_>::default() {
            findings.warning(
                format!("{path}/kind"),
                format!(
                    "the rule makes a {}, and so runs again for what it made",
                    target.kind
                ),
                "leave out what the rule makes, by name, label or `preconditions`",
            );
        }
    }
}
