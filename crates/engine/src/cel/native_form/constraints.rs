//! `matchConstraints` and `matchResources`.

use portcullis_api::match_constraints::{MatchConstraints, NamedRule};

use super::{Faults, OPERATIONS};

const SCOPES: &[&str] = &["*", "Cluster", "Namespaced"];
const MATCH_POLICIES: &[&str] = &["Equivalent", "Exact"];

impl Faults {
    pub(super) fn constraints(
        &mut self,
        path: &str,
        written: &MatchConstraints,
        operations: &[&str],
    ) {
        if let Some(policy) = &written.match_policy {
            self.word(&format!("{path}.matchPolicy"), policy, MATCH_POLICIES);
        }
        for (index, rule) in written.resource_rules.iter().enumerate() {
            self.rule(&format!("{path}.resourceRules[{index}]"), rule, operations);
        }
        for (index, rule) in written.exclude_resource_rules.iter().enumerate() {
            let path = format!("{path}.excludeResourceRules[{index}]");
            self.rule(&path, rule, OPERATIONS);
        }
    }

    fn rule(&mut self, path: &str, rule: &NamedRule, operations: &[&str]) {
        for (field, list) in [
            ("apiGroups", &rule.api_groups),
            ("apiVersions", &rule.api_versions),
            ("operations", &rule.operations),
        ] {
            let path = format!("{path}.{field}");
            if list.is_empty() {
                self.add(&path, "expected at least one; `*` stands for all");
            }
            if list.len() > 1 && list.iter().any(|one| one == "*") {
                self.add(&path, "`*` stands alone");
            }
        }
        for (index, operation) in rule.operations.iter().enumerate() {
            self.word(
                &format!("{path}.operations[{index}]"),
                operation,
                operations,
            );
        }
        if let Some(scope) = &rule.scope {
            self.word(&format!("{path}.scope"), scope, SCOPES);
        }
        self.resources(&format!("{path}.resources"), &rule.resources);
    }

    fn resources(&mut self, path: &str, resources: &[String]) {
        if resources.is_empty() {
            self.add(path, "expected at least one; `*` stands for all");
        }
        let has = |wanted: &str| resources.iter().any(|one| one == wanted);
        if resources.len() > 1 && has("*/*") {
            self.add(path, "`*/*` stands alone");
        }
        let is_whole = |one: &String| one != "*" && !one.contains('/');
        if has("*") && resources.iter().any(is_whole) {
            self.add(path, "with `*`, only subresources are named beside it");
        }
    }
}
