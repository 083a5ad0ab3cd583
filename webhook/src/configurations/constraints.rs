//! What `matchConstraints` cover.

use portcullis_api::match_constraints::{MatchConstraints, NamedRule};

use super::coverage::{Coverage, Operations, Scope, Target};

/// What the constraints cover: their rules without those that leave something out.
pub(super) fn coverage(constraints: &MatchConstraints) -> Coverage {
    let covered: Coverage = constraints
        .resource_rules
        .iter()
        .flat_map(targets)
        .collect();
    let left_out = constraints.exclude_resource_rules.iter();
    let left_out = left_out.filter(|rule| rule.resource_names.is_empty());
    covered.without(&left_out.flat_map(targets).collect())
}

fn targets(rule: &NamedRule) -> Vec<(Target, Operations)> {
    let operations = Operations::of(rule.operations.iter().map(String::as_str));
    let scope = match rule.scope.as_deref() {
        Some("Cluster") => Scope::Cluster,
        Some("Namespaced") => Scope::Namespaced,
        _ => Scope::Any,
    };
    let mut targets = Vec::new();
    for group in &rule.api_groups {
        for version in &rule.api_versions {
            for resource in &rule.resources {
                let target = Target::new(group, version, resource, scope);
                targets.push((target, operations));
            }
        }
    }
    targets
}
