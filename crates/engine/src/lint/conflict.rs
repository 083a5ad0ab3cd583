//! A rule must not exclude all that it matches.
//!
//! Kyverno compares what is written, not what it means: two equal filters of `any` are a conflict,
//! and so is an inline `exclude` of which every field covers the same field of an inline `match`.
//! Where what it means leaves nothing, that is advice.

use portcullis_api::cluster_policy::{
    LabelSelector, MatchResources, ResourceDescription, ResourceFilter,
};
use portcullis_values::wildcard::matches;

use super::finding::Findings;
use super::selection;

pub(super) fn check(
    include: &MatchResources,
    exclude: &MatchResources,
    path: &str,
    findings: &mut Findings,
) {
    if excludes_everything(include, exclude) {
        findings.error(
            path,
            "`exclude` takes out what `match` takes in",
            "narrow `exclude`",
        );
    } else if selection::covers(exclude, include) {
        findings.warning(
            path,
            "`exclude` takes out whatever `match` takes in, so the rule never runs",
            "narrow `exclude`",
        );
    }
}

fn excludes_everything(include: &MatchResources, exclude: &MatchResources) -> bool {
    if !filters(&include.all).is_empty() || !filters(&exclude.all).is_empty() {
        return false;
    }
    let (matched, excluded) = (filters(&include.any), filters(&exclude.any));
    if !matched.is_empty() && !excluded.is_empty() {
        return matched.iter().any(|filter| excluded.contains(filter));
    }
    *exclude != MatchResources::default()
        && covers_users(include, exclude)
        && covers_resources(include, exclude)
}

fn filters(list: &Option<Vec<ResourceFilter>>) -> &[ResourceFilter] {
    list.as_deref().unwrap_or_default()
}

/// Whether the list is not given, or has everything that the other list has.
fn covers<T: PartialEq>(exclude: &[T], include: &[T]) -> bool {
    exclude.is_empty() || (!include.is_empty() && include.iter().all(|item| exclude.contains(item)))
}

fn covers_users(include: &MatchResources, exclude: &MatchResources) -> bool {
    covers(&exclude.roles, &include.roles)
        && covers(&exclude.cluster_roles, &include.cluster_roles)
        && covers(&exclude.subjects, &include.subjects)
}

fn covers_resources(include: &MatchResources, exclude: &MatchResources) -> bool {
    let empty = ResourceDescription::default();
    let include = include.resources.as_ref().unwrap_or(&empty);
    let exclude = exclude.resources.as_ref().unwrap_or(&empty);
    let name = |described: &ResourceDescription| described.name.clone().unwrap_or_default();
    if !name(exclude).is_empty() && !matches(&name(exclude), &name(include)) {
        return false;
    }
    if !exclude.names.is_empty() {
        let hit = |name: &String| exclude.names.iter().any(|pattern| matches(pattern, name));
        return include.names.iter().any(hit);
    }
    covers(&exclude.namespaces, &include.namespaces)
        && covers(&exclude.kinds, &include.kinds)
        && covers_selector(include.selector.as_ref(), exclude.selector.as_ref())
        && covers_selector(
            include.namespace_selector.as_ref(),
            exclude.namespace_selector.as_ref(),
        )
        && include.annotations == exclude.annotations
}

fn covers_selector(include: Option<&LabelSelector>, exclude: Option<&LabelSelector>) -> bool {
    let (Some(include), Some(exclude)) = (include, exclude) else {
        return include.is_none() && exclude.is_none();
    };
    let mut labels = include.match_labels.iter();
    let covers_labels = exclude.match_labels.is_empty()
        || (!include.match_labels.is_empty()
            && labels.all(|(key, value)| exclude.match_labels.get(key) == Some(value)));
    covers(&exclude.match_expressions, &include.match_expressions) && covers_labels
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[track_caller]
    fn check(include: Value, exclude: Value, expected: bool) {
        let read = |block: &Value| serde_json::from_value(block.clone()).expect("a block");
        let found = excludes_everything(&read(&include), &read(&exclude));
        assert_eq!(found, expected, "{exclude} of {include}");
    }

    #[test]
    fn blocks_that_leave_nothing() {
        let of = |kinds: &[&str]| json!({"resources": {"kinds": kinds}});
        check(
            json!({"any": [of(&["A"]), of(&["B"])]}),
            json!({"any": [of(&["B"])]}),
            true,
        );
        check(
            json!({"any": [of(&["A"])]}),
            json!({"any": [of(&["B"])]}),
            false,
        );
        check(
            json!({"all": [of(&["A"])]}),
            json!({"all": [of(&["A"])]}),
            false,
        );
        check(of(&["A"]), of(&["A", "B"]), true);
        check(of(&["A", "B"]), of(&["A"]), false);
        check(of(&["A"]), json!({}), false);
        let more = |extra: Value| {
            let mut block = of(&["A"]);
            block["resources"]
                .as_object_mut()
                .expect("a map")
                .extend(extra.as_object().expect("a map").clone());
            block
        };
        let namespaces = json!({"namespaces": ["x"]});
        check(of(&["A"]), more(namespaces.clone()), false);
        check(more(namespaces.clone()), more(namespaces), true);
        check(
            more(json!({"names": ["a", "b"]})),
            more(json!({"names": ["b*"]})),
            true,
        );
        check(
            more(json!({"names": ["a"]})),
            more(json!({"names": ["b*"]})),
            false,
        );
        check(
            more(json!({"name": "a"})),
            more(json!({"name": "b"})),
            false,
        );
        let selector = |labels: Value| more(json!({"selector": {"matchLabels": labels}}));
        check(of(&["A"]), selector(json!({"a": "b"})), false);
        check(
            selector(json!({"a": "b"})),
            selector(json!({"a": "b", "c": "d"})),
            true,
        );
        check(
            selector(json!({"a": "b"})),
            selector(json!({"a": "c"})),
            false,
        );
        let mut user = of(&["A"]);
        user["roles"] = json!(["x:y"]);
        check(of(&["A"]), user, false);
    }
}
