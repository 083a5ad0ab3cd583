//! What policies and bindings are about.

use portcullis_api::label_selector::LabelSelector;
use serde_json::Value;

use super::{super::selector, Both, Told, directed, gets, list, told_of};

/// Where what is matched stands in a policy, and in a binding.
const MATCHES: [&str; 2] = ["/spec/matchConstraints", "/spec/matchResources"];

/// Whether the second of two values lets more through.
type IsLooser<'f> = &'f dyn Fn(Both<'_>) -> bool;

/// What of that changed.
pub(super) fn changes(before: &Value, after: &Value) -> Vec<Told> {
    let mut told = Vec::new();
    for at in MATCHES {
        let none_is_all = at.ends_with("Resources");
        let aspects: [(&str, [&str; 2], IsLooser<'_>); 5] = [
            ("resourceRules", ["narrowed", "widened"], &|both| {
                is_fewer(both, none_is_all)
            }),
            (
                "excludeResourceRules",
                ["grown", "shrunk"],
                &|(old, new)| !all_covered(list(old), list(new)),
            ),
            ("namespaceSelector", ["narrowed", "widened"], &is_narrower),
            ("objectSelector", ["narrowed", "widened"], &is_narrower),
            ("matchPolicy", ["narrowed", "widened"], &|both| {
                gets(both, "Exact")
            }),
        ];
        for (field, [looser, stricter], is_looser) in aspects {
            let pointer = format!("{at}/{field}");
            let (old, new) = (before.pointer(&pointer), after.pointer(&pointer));
            let direction = directed(|before, after| is_looser((before, after)), old, new);
            told.extend(direction.map(|direction| {
                let word = direction.choose([looser, stricter, "changed"]);
                told_of(&pointer, &format!("`{field}` {word}"), direction)
            }));
        }
    }
    told
}

fn is_narrower((before, after): Both<'_>) -> bool {
    !covers(after, before)
}

/// Whether something is not matched any more. A binding without rules is about all that its policy is
/// about, a policy without rules about nothing.
fn is_fewer((before, after): Both<'_>, none_is_all: bool) -> bool {
    let (before, after) = (list(before), list(after));
    match (before.is_empty(), after.is_empty()) {
        (_, true) if none_is_all => false,
        (true, false) => none_is_all,
        _ => !all_covered(after, before),
    }
}

fn covers(wide: Option<&Value>, narrow: Option<&Value>) -> bool {
    let read = |selector: Option<&Value>| -> Option<LabelSelector> {
        let selector = selector.cloned().unwrap_or_else(|| serde_json::json!({}));
        serde_json::from_value(selector).ok()
    };
    match (read(wide), read(narrow)) {
        (Some(wide), Some(narrow)) => selector::covers(&wide, &narrow),
        // The server refuses what cannot be read.
        _ => wide == narrow,
    }
}

/// Whether each thing that the narrow rules are about is one that a wide rule is about.
fn all_covered(wide: &[Value], narrow: &[Value]) -> bool {
    narrow.iter().all(|rule| {
        let same = wide.contains(rule);
        same || things(rule)
            .iter()
            .all(|thing| wide.iter().any(|wide| thing.is_in(wide)))
    })
}

/// One of each list of a rule, and its scope.
struct Thing<'a> {
    group: &'a str,
    version: &'a str,
    operation: &'a str,
    resource: &'a str,
    name: &'a str,
    scope: &'a str,
}

/// The items of a list; a list that is not there has one that is empty.
fn items<'a>(rule: &'a Value, name: &str) -> Vec<&'a str> {
    let items: Vec<&str> = list(rule.get(name))
        .iter()
        .filter_map(Value::as_str)
        .collect();
    if items.is_empty() { vec![""] } else { items }
}

fn scope(rule: &Value) -> &str {
    rule.get("scope").and_then(Value::as_str).unwrap_or("*")
}

fn things(rule: &Value) -> Vec<Thing<'_>> {
    let mut things = Vec::new();
    for group in items(rule, "apiGroups") {
        for version in items(rule, "apiVersions") {
            for operation in items(rule, "operations") {
                for resource in items(rule, "resources") {
                    things.extend(items(rule, "resourceNames").into_iter().map(|name| Thing {
                        group,
                        version,
                        operation,
                        resource,
                        name,
                        scope: scope(rule),
                    }));
                }
            }
        }
    }
    things
}

impl Thing<'_> {
    fn is_in(&self, rule: &Value) -> bool {
        let has = |name: &str, item: &str| {
            let items = items(rule, name);
            items.contains(&"*") || items.contains(&item)
        };
        let names = items(rule, "resourceNames");
        has("apiGroups", self.group)
            && has("apiVersions", self.version)
            && has("operations", self.operation)
            && self.is_resource_of(&items(rule, "resources"))
            && (names == [""] || names.contains(&self.name))
            && ["*", self.scope].contains(&scope(rule))
    }

    /// `*` is every resource, without its subresources.
    fn is_resource_of(&self, resources: &[&str]) -> bool {
        let parts = self.resource.split_once('/');
        resources
            .iter()
            .any(|wide| match (wide.split_once('/'), parts) {
                _ if *wide == self.resource => true,
                (None, None) => *wide == "*",
                (Some(("*", "*")), _) => true,
                (Some((wide, below)), Some((resource, subresource))) => {
                    ["*", resource].contains(&wide) && ["*", subresource].contains(&below)
                }
                _ => false,
            })
    }
}
