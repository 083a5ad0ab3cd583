//! Rules that nothing can reach: what they match contradicts itself, has another name, or never
//! happens.

use portcullis_api::cluster_policy::{
    AnyAllConditions, Condition, LabelSelector, Operation, ResourceDescription, Rule,
};
use portcullis_values::Val;
use serde_json::Value;

use super::finding::Findings;
use super::match_resources::filters;
use super::scope::{self, Scope};
use super::selection::{alternatives, contradicts};
use crate::conditions::{self, Operator};
use crate::matching::{KindSelector, Selector};

pub(super) fn check(rule: &Rule, path: &str, findings: &mut Findings) {
    let block = &rule.r#match;
    if alternatives(block).iter().any(|all| contradicts(all)) {
        findings.warning(
            format!("{path}/match/all"),
            "no object passes all of these filters",
            "write `any`, if one filter is enough",
        );
    }
    for (path, filter) in filters(block, &format!("{path}/match")) {
        if let Some(resources) = &filter.resources {
            check_resources(rule, resources, &format!("{path}/resources"), findings);
        }
    }
    let preconditions = rule.preconditions.as_ref().and_then(|it| it.parse().ok());
    let never = |it: &AnyAllConditions| it.any.as_ref().is_some_and(Vec::is_empty);
    if preconditions.as_ref().is_some_and(never) {
        findings.warning(
            format!("{path}/preconditions/any"),
            "none of no conditions holds, so the rule never runs",
            "write a condition, or remove `any`",
        );
    }
    if let Some(conditions) = &preconditions {
        let is_list = serde_json::to_value(&rule.preconditions).is_ok_and(|it| it.is_array());
        let path = format!("{path}/preconditions");
        check_literals(conditions, &path, is_list, findings);
    }
}

/// Conditions without a variable, which come to the same for every object.
fn check_literals(
    conditions: &AnyAllConditions,
    path: &str,
    is_list: bool,
    findings: &mut Findings,
) {
    let remedy =
        "read the object, as in `{{ request.object.metadata.name }}`, or remove the condition";
    for (index, condition) in conditions.all.iter().flatten().enumerate() {
        if never_holds(condition) {
            let at = if is_list {
                index.to_string()
            } else {
                format!("all/{index}")
            };
            let message = "the condition reads nothing and never holds, so the rule never runs";
            findings.warning(format!("{path}/{at}"), message, remedy);
        }
    }
    let any = conditions.any.as_deref().unwrap_or_default();
    if !any.is_empty() && any.iter().all(never_holds) {
        let message = "the conditions read nothing and never hold, so the rule never runs";
        findings.warning(format!("{path}/any"), message, remedy);
    }
}

fn never_holds(condition: &Condition) -> bool {
    let (Some(key), Some(value)) = (&condition.key, &condition.value) else {
        return false;
    };
    let is_literal = |value: &Value| {
        let text = value.to_string();
        !text.contains("{{") && !text.contains("$(")
    };
    // One in other letters is refused, and that is told.
    let operator = condition.operator.as_deref().map(Operator::parse);
    let operator = operator.and_then(Result::ok);
    let operator = operator.filter(|operator| operator.as_str() == operator.name());
    let Some(operator) = operator.filter(|_| is_literal(key) && is_literal(value)) else {
        return false;
    };
    conditions::holds(&operator, &Val::from(key), &Val::from(value)) == Ok(false)
}

fn check_resources(
    rule: &Rule,
    resources: &ResourceDescription,
    path: &str,
    findings: &mut Findings,
) {
    for (index, kind) in resources.kinds.iter().enumerate() {
        let path = format!("{path}/kinds/{index}");
        if let Some(other) = scope::other_spelling(kind) {
            findings.warning(
                path,
                format!("`{kind}` is the name of no kind"),
                format!("write `{other}`"),
            );
        } else if scope::of_entry(kind) == Some(Scope::Cluster) {
            check_cluster_wide(resources, kind, &path, findings);
        }
    }
    check_operations(rule, resources, path, findings);
}

/// The labels of no namespace.
type Labelless = std::collections::BTreeMap<String, String>;

/// What lives in no namespace is compared as if its namespace had neither name nor labels; a
/// Namespace has itself as its namespace, and no selector.
fn check_cluster_wide(
    resources: &ResourceDescription,
    kind: &str,
    path: &str,
    findings: &mut Findings,
) {
    let is_namespace = KindSelector::parse(kind).kind.as_str() == "Namespace";
    let selector = resources.namespace_selector.as_ref();
    if selector.is_some_and(|selector| is_namespace || !holds_for_none(selector)) {
        let remedy = match is_namespace {
            true => "write `selector`, which looks at labels of the Namespace itself",
            false => "write a filter of its own, without `namespaceSelector`",
        };
        findings.warning(
            path,
            format!("`{kind}` lives in no namespace that `namespaceSelector` could look at"),
            remedy,
        );
    }
    let mut namespaces = resources.namespaces.iter();
    let is_any = |pattern: &String| portcullis_values::wildcard::matches(pattern, "");
    if !is_namespace && !resources.namespaces.is_empty() && !namespaces.any(is_any) {
        findings.warning(
            path,
            format!("`{kind}` lives in no namespace, and `namespaces` wants one"),
            "write a filter of its own, without `namespaces`",
        );
    }
}

fn holds_for_none(selector: &LabelSelector) -> bool {
    Selector::of(selector).is_ok_and(|selector| selector.matches(&Labelless::new()))
}

fn check_operations(
    rule: &Rule,
    resources: &ResourceDescription,
    path: &str,
    findings: &mut Findings,
) {
    let operations = &resources.operations;
    if operations.is_empty() {
        return;
    }
    let path = format!("{path}/operations");
    let happens = |kind: &String| {
        let possible = possible(kind);
        operations.iter().any(|it| possible.contains(it))
    };
    if !resources.kinds.is_empty() && !resources.kinds.iter().any(happens) {
        findings.warning(
            path,
            "none of these operations happens to these kinds",
            "CONNECT happens to subresources such as `Pod/exec`, and other operations to the rest",
        );
    } else if operations.iter().all(|it| *it == Operation::Delete)
        && let Some(part) = needs_object(rule)
    {
        findings.warning(
            path,
            format!("`{part}` needs an object, and a request that deletes has none"),
            "use `deny`, which can read `request.oldObject`",
        );
    }
}

/// What a rule has that does nothing when an object is deleted.
fn needs_object(rule: &Rule) -> Option<&'static str> {
    let validation = rule.validate.as_ref();
    let has_pattern =
        validation.is_some_and(|body| body.pattern.is_some() || body.any_pattern.is_some());
    let mutation = rule.mutate.as_ref();
    match mutation.is_some_and(|body| body.targets.is_empty()) {
        true => Some("mutate"),
        false => has_pattern.then_some("pattern"),
    }
}

/// Which operations can happen to what an entry of `kinds` means.
fn possible(entry: &str) -> &'static [Operation] {
    use Operation::{Connect, Create, Delete, Update};
    let selector = KindSelector::parse(entry);
    let (kind, subresource) = (selector.kind.as_str(), selector.subresource.as_str());
    match (kind, subresource) {
        (_, "attach" | "exec" | "portforward" | "proxy") => &[Connect],
        (
            "NodeProxyOptions"
            | "PodAttachOptions"
            | "PodExecOptions"
            | "PodPortForwardOptions"
            | "PodProxyOptions"
            | "ServiceProxyOptions",
            "",
        ) => &[Connect],
        (_, "status" | "scale" | "ephemeralcontainers" | "resize") => &[Update],
        (_, "eviction" | "binding" | "token") => &[Create],
        _ if scope::of_entry(entry).is_some() && subresource.is_empty() => {
            &[Create, Update, Delete]
        }
        _ => &[Create, Update, Delete, Connect],
    }
}
