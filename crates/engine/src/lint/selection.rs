//! What two match blocks have to do with each other, as far as their text tells: whether one takes
//! in all that the other does, and whether nothing is taken in by both.
//!
//! Both answers are careful: "no" also means "cannot be told".

use portcullis_api::cluster_policy::{MatchResources, ResourceDescription, ResourceFilter, Rule};
use portcullis_values::wildcard::{has_wildcard, matches};

use crate::matching::KindSelector;

/// Filters that must all hold.
type Conjunction = Vec<ResourceFilter>;

/// Whether whatever the inner block takes in, the outer one takes in too.
pub(super) fn covers(outer: &MatchResources, inner: &MatchResources) -> bool {
    let outer = alternatives(outer);
    let inner = alternatives(inner);
    let covered = |inner: &Conjunction| outer.iter().any(|outer| covers_all(outer, inner));
    !inner.is_empty() && inner.iter().all(covered)
}

/// Whether a rule sees whatever another one sees.
pub(super) fn sees_all_of(rule: &Rule, other: &Rule) -> bool {
    let exclude = rule.exclude.as_ref().filter(|it| **it != <_>::default());
    let excludes_no_more = exclude.is_none_or(|exclude| other.exclude.as_ref() == Some(exclude));
    excludes_no_more && covers(&rule.r#match, &other.r#match)
}

/// Whether two rules can see the same object.
pub(super) fn overlap(one: &Rule, other: &Rule) -> bool {
    let others = alternatives(&other.r#match);
    let meets = |one: &Conjunction| {
        let meets = |other: &Conjunction| !contradicts(&[one.as_slice(), other].concat());
        others.iter().any(meets)
    };
    let excludes = |rule: &Rule, seen: &Rule| {
        let exclude = rule.exclude.as_ref();
        exclude.is_some_and(|exclude| covers(exclude, &seen.r#match))
    };
    alternatives(&one.r#match).iter().any(meets) && !excludes(one, other) && !excludes(other, one)
}

/// The ways to be taken in by a block.
pub(super) fn alternatives(block: &MatchResources) -> Vec<Conjunction> {
    let inline = ResourceFilter {
        resources: block.resources.clone(),
        roles: block.roles.clone(),
        cluster_roles: block.cluster_roles.clone(),
        subjects: block.subjects.clone(),
    };
    match (&block.any, &block.all) {
        (Some(any), _) if !any.is_empty() => any.iter().map(|one| vec![one.clone()]).collect(),
        (_, Some(all)) if !all.is_empty() => vec![all.clone()],
        _ if inline == ResourceFilter::default() => Vec::new(),
        _ => vec![vec![inline]],
    }
}

/// Whether no object passes all of the filters.
pub(super) fn contradicts(filters: &[ResourceFilter]) -> bool {
    let mut pairs = filters.iter().enumerate().flat_map(|(index, one)| {
        let others = filters.iter().skip(index + 1);
        others.map(move |other| (one, other))
    });
    pairs.any(|(one, other)| are_apart(one, other))
}

fn are_apart(one: &ResourceFilter, other: &ResourceFilter) -> bool {
    let empty = ResourceDescription::default();
    let one = one.resources.as_ref().unwrap_or(&empty);
    let other = other.resources.as_ref().unwrap_or(&empty);
    let operations = &other.operations;
    let apart_in_operations = !one.operations.is_empty()
        && !operations.is_empty()
        && !one.operations.iter().any(|it| operations.contains(it));
    let labels = |described: &ResourceDescription| described.selector.clone().unwrap_or_default();
    let (labels, others) = (labels(one).match_labels, labels(other).match_labels);
    let apart_in_labels = labels.iter().any(|(key, value)| {
        let other = others.get(key);
        other.is_some_and(|other| !meet(value, other))
    });
    apart_in_operations
        || apart_in_labels
        || apart(&one.kinds, &other.kinds, kinds_meet)
        || apart(&one.namespaces, &other.namespaces, meet)
        || apart(&names(one), &names(other), meet)
}

fn names(described: &ResourceDescription) -> Vec<String> {
    let name = described.name.iter().filter(|name| !name.is_empty());
    described.names.iter().chain(name).cloned().collect()
}

/// Whether every name is taken in.
fn has_any_name(described: &ResourceDescription) -> bool {
    let names = names(described);
    names.is_empty() || names.iter().all(|name| name == "*")
}

fn apart(ones: &[String], others: &[String], meet: fn(&str, &str) -> bool) -> bool {
    let meets = |one: &String| others.iter().any(|other| meet(one, other));
    !ones.is_empty() && !others.is_empty() && !ones.iter().any(meets)
}

/// Whether one text may be meant by both. Two wildcards may always meet.
fn meet(one: &str, other: &str) -> bool {
    match (has_wildcard(one), has_wildcard(other)) {
        (true, true) => true,
        (true, false) => matches(one, other),
        (false, _) => matches(other, one),
    }
}

fn kinds_meet(one: &str, other: &str) -> bool {
    let (one, other) = (KindSelector::parse(one), KindSelector::parse(other));
    [
        (&one.group, &other.group),
        (&one.kind, &other.kind),
        (&one.subresource, &other.subresource),
    ]
    .iter()
    .all(|(one, other)| meet(one.as_str(), other.as_str()))
}

fn covers_all(outer: &[ResourceFilter], inner: &[ResourceFilter]) -> bool {
    let covered = |outer: &ResourceFilter| inner.iter().any(|inner| filter_covers(outer, inner));
    outer.iter().all(covered)
}

fn filter_covers(outer: &ResourceFilter, inner: &ResourceFilter) -> bool {
    let empty = ResourceDescription::default();
    let users = includes(&outer.roles, &inner.roles)
        && includes(&outer.cluster_roles, &inner.cluster_roles)
        && includes(&outer.subjects, &inner.subjects);
    let outer = outer.resources.as_ref().unwrap_or(&empty);
    let inner = inner.resources.as_ref().unwrap_or(&empty);
    let selectors = (outer.selector.is_none() || outer.selector == inner.selector)
        && (outer.namespace_selector.is_none()
            || outer.namespace_selector == inner.namespace_selector)
        && (outer.annotations.is_empty() || outer.annotations == inner.annotations);
    users
        && selectors
        && includes(&outer.operations, &inner.operations)
        && all_within(&outer.kinds, &inner.kinds, kind_within)
        && all_within(&outer.namespaces, &inner.namespaces, within)
        && (has_any_name(outer) || all_within(&names(outer), &names(inner), within))
}

/// Whether a list of choices, where none means any, has every choice of another list.
fn includes<T: PartialEq>(outer: &[T], inner: &[T]) -> bool {
    outer.is_empty() || (!inner.is_empty() && inner.iter().all(|item| outer.contains(item)))
}

fn all_within(outer: &[String], inner: &[String], within: fn(&str, &str) -> bool) -> bool {
    let is_within = |inner: &String| outer.iter().any(|outer| within(outer, inner));
    outer.is_empty() || (!inner.is_empty() && inner.iter().all(is_within))
}

/// Whether whatever the inner wildcard means, the outer one means.
fn within(outer: &str, inner: &str) -> bool {
    outer == inner || outer == "*" || (!has_wildcard(inner) && matches(outer, inner))
}

fn kind_within(outer: &str, inner: &str) -> bool {
    let (outer, inner) = (KindSelector::parse(outer), KindSelector::parse(inner));
    [
        (&outer.group, &inner.group),
        (&outer.version, &inner.version),
        (&outer.kind, &inner.kind),
        (&outer.subresource, &inner.subresource),
    ]
    .iter()
    .all(|(outer, inner)| within(outer.as_str(), inner.as_str()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn block(value: &Value) -> MatchResources {
        serde_json::from_value(value.clone()).expect("a block")
    }

    fn of(resources: Value) -> Value {
        json!({"any": [{"resources": resources}]})
    }

    #[test]
    fn blocks_that_cover() {
        let pods = of(json!({"kinds": ["Pod"]}));
        let team = of(json!({"kinds": ["v1/Pod"], "namespaces": ["team-a"], "names": ["b"]}));
        let user = json!({"any": [{"resources": {"kinds": ["Pod"]}, "roles": ["a:b"]}]});
        let both = json!({"all": [
            {"resources": {"kinds": ["Pod"]}}, {"resources": {"namespaces": ["team-*"]}},
        ]});
        let labelled = of(json!({"kinds": ["Pod"], "selector": {"matchLabels": {"a": "b"}}}));
        for (outer, inner, expected) in [
            (&pods, &pods, true),
            (&pods, &team, true),
            (&team, &pods, false),
            (&both, &team, true),
            (&pods, &both, true),
            (&both, &pods, false),
            (&pods, &user, true),
            (&user, &pods, false),
            (&pods, &labelled, true),
            (&labelled, &pods, false),
            (&of(json!({"kinds": ["*"]})), &pods, true),
            (&of(json!({"kinds": ["Pod", "Service"]})), &pods, true),
            (&of(json!({"kinds": ["Service"]})), &pods, false),
            (&of(json!({"kinds": ["Pod/exec"]})), &pods, false),
            (&of(json!({"names": ["b*"]})), &team, true),
            (
                &of(json!({"names": ["b*"]})),
                &of(json!({"names": ["*b"]})),
                false,
            ),
            (&of(json!({"operations": ["CREATE"]})), &pods, false),
            (&json!({"resources": {"kinds": ["Pod"]}}), &pods, true),
            (&json!({}), &pods, false),
        ] {
            let covers = covers(&block(outer), &block(inner));
            assert_eq!(covers, expected, "{outer} of {inner}");
        }
    }

    #[test]
    fn rules_that_meet() {
        let rule = |include: Value, exclude: Value| {
            let rule = json!({"name": "r", "match": include, "exclude": exclude});
            serde_json::from_value::<Rule>(rule).expect("a rule")
        };
        let pods = || of(json!({"kinds": ["Pod"]}));
        let in_namespaces = |names: &[&str]| of(json!({"kinds": ["Pod"], "namespaces": names}));
        let labelled =
            |value: &str| of(json!({"kinds": ["Pod"], "selector": {"matchLabels": {"a": value}}}));
        for (one, other, expected) in [
            (pods(), pods(), true),
            (pods(), of(json!({"kinds": ["Service"]})), false),
            (pods(), of(json!({"kinds": ["P*"]})), true),
            (pods(), of(json!({"kinds": ["apps/v1/Pod"]})), true),
            (in_namespaces(&["a"]), in_namespaces(&["b", "c"]), false),
            (in_namespaces(&["a*"]), in_namespaces(&["b", "ab"]), true),
            (labelled("x"), labelled("y"), false),
            (labelled("x"), labelled("x"), true),
            (
                of(json!({"kinds": ["Pod"], "operations": ["CREATE"]})),
                of(json!({"kinds": ["Pod"], "operations": ["DELETE"]})),
                false,
            ),
        ] {
            let none = Value::Null;
            let meets = overlap(&rule(one.clone(), none.clone()), &rule(other.clone(), none));
            assert_eq!(meets, expected, "{one} and {other}");
        }
        let excluded = rule(pods(), of(json!({"namespaces": ["a"]})));
        assert!(!overlap(
            &excluded,
            &rule(in_namespaces(&["a"]), Value::Null)
        ));
        assert!(overlap(&excluded, &rule(pods(), Value::Null)));
        assert!(sees_all_of(&rule(pods(), Value::Null), &excluded));
        assert!(!sees_all_of(&excluded, &rule(pods(), Value::Null)));
    }
}
