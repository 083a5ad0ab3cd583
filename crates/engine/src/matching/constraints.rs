//! `matchConstraints` of the CEL kinds and of native admission policies, made ready.
//!
//! A request is met by one of `resourceRules` and by none of `excludeResourceRules`, and its
//! namespace and its object (new or old) by the selectors. A resource is written `pods`,
//! `pods/status`, `*` (every resource, no subresource), `*/*` or `pods/*`.

use std::collections::BTreeMap;

use portcullis_api::{
    label_selector::LabelSelector,
    match_constraints::{MatchConstraints, NamedRule},
};
use serde_json::Value;

use super::selector::{Selector, SelectorError};
use crate::request::{GroupVersionKind, Operation, Request};

/// Which requests a policy is about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Constraints {
    rules: Vec<ResourceRule>,
    exclude: Vec<ResourceRule>,
    namespaces: Option<Selector>,
    objects: Option<Selector>,
    is_simple: bool,
}

/// Resources and operations.
#[derive(Clone, Debug, Default, PartialEq)]
struct ResourceRule {
    groups: Vec<String>,
    versions: Vec<String>,
    resources: Vec<(String, String)>,
    operations: Vec<String>,
    names: Vec<String>,
    takes_whole_names: bool,
    scope: Scope,
}

/// Where objects live.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Scope {
    #[default]
    Any,
    Cluster,
    Namespaced,
}

impl Constraints {
    /// Makes constraints ready.
    ///
    /// # Errors
    /// Each selector that Kubernetes refuses, with its path.
    pub fn compile(
        written: &MatchConstraints,
    ) -> Result<Constraints, Vec<(&'static str, SelectorError)>> {
        let mut errors = Vec::new();
        let mut selector = |path: &'static str, written: &Option<LabelSelector>| {
            let compiled = written.as_ref().map(Selector::of).transpose();
            compiled.unwrap_or_else(|error| {
                errors.push((path, error));
                None
            })
        };
        let namespaces = selector("namespaceSelector", &written.namespace_selector);
        let objects = selector("objectSelector", &written.object_selector);
        if !errors.is_empty() {
            return Err(errors);
        }
        let one = match written.resource_rules.as_slice() {
            [rule] => rule.resource_names.is_empty(),
            _ => false,
        };
        Ok(Constraints {
            is_simple: one
                && written.exclude_resource_rules.is_empty()
                && namespaces.is_none()
                && objects.is_none(),
            rules: written
                .resource_rules
                .iter()
                .map(ResourceRule::of)
                .collect(),
            exclude: written
                .exclude_resource_rules
                .iter()
                .map(ResourceRule::of)
                .collect(),
            namespaces,
            objects,
        })
    }

    /// The same constraints for every operation.
    #[must_use]
    pub fn of_every_operation(mut self) -> Constraints {
        for rule in self.rules.iter_mut().chain(&mut self.exclude) {
            rule.operations.clear();
        }
        self
    }

    /// The same constraints, whose names the start of a name is not, as in the API server.
    #[must_use]
    pub fn of_whole_names(mut self) -> Constraints {
        for rule in self.rules.iter_mut().chain(&mut self.exclude) {
            rule.takes_whole_names = true;
        }
        self
    }

    /// Whether there is one resource rule and nothing else: of such a policy, Kyverno's commands
    /// show nothing where it does not match.
    #[must_use]
    pub fn is_simple(&self) -> bool {
        self.is_simple
    }

    /// Whether the policy can be about objects of a kind, whose plural is given.
    #[must_use]
    pub fn is_about(&self, kind: &GroupVersionKind, resource: &str) -> bool {
        let mut rules = self.rules.iter();
        self.rules.is_empty()
            || rules.any(|rule| rule.is_of(&kind.group, &kind.version, resource, ""))
    }

    /// Whether the policy is about the request. Without resource rules it is about every resource.
    #[must_use]
    pub fn matches(&self, request: &Request<'_>) -> bool {
        let any = |rules: &[ResourceRule]| rules.iter().any(|rule| rule.matches(request));
        (self.rules.is_empty() || any(&self.rules))
            && !any(&self.exclude)
            && self.selects_namespace(request)
            && self.selects_object(request)
    }

    /// Objects without a namespace are met, but a Namespace is looked at itself.
    fn selects_namespace(&self, request: &Request<'_>) -> bool {
        let Some(selector) = &self.namespaces else {
            return true;
        };
        if is_namespace(request) {
            return request
                .subject()
                .is_some_and(|object| selector.matches_object(object));
        }
        if request.namespace.is_empty() {
            return true;
        }
        let none = BTreeMap::new();
        selector.matches(request.namespace_labels.unwrap_or(&none))
    }

    fn selects_object(&self, request: &Request<'_>) -> bool {
        let Some(selector) = &self.objects else {
            return true;
        };
        let mut sides = request.object.into_iter().chain(request.old_object);
        sides.any(|object| selector.matches_object(object))
    }
}

fn is_namespace(request: &Request<'_>) -> bool {
    request.resource.group.is_empty() && request.resource.resource == "namespaces"
}

impl ResourceRule {
    fn of(written: &NamedRule) -> ResourceRule {
        let parts = |resource: &String| match resource.split_once('/') {
            Some((resource, subresource)) => (resource.to_owned(), subresource.to_owned()),
            None => (resource.clone(), String::new()),
        };
        ResourceRule {
            groups: written.api_groups.clone(),
            versions: written.api_versions.clone(),
            resources: written.resources.iter().map(parts).collect(),
            operations: written.operations.clone(),
            names: written.resource_names.clone(),
            takes_whole_names: false,
            scope: match written.scope.as_deref() {
                Some("Cluster") => Scope::Cluster,
                Some("Namespaced") => Scope::Namespaced,
                _ => Scope::Any,
            },
        }
    }

    fn matches(&self, request: &Request<'_>) -> bool {
        let of = &request.resource;
        self.operates(request.operation)
            && self.is_of(&of.group, &of.version, &of.resource, request.subresource)
            && self.is_in_scope(request)
            && self.is_named(request)
    }

    fn is_of(&self, group: &str, version: &str, resource: &str, subresource: &str) -> bool {
        let fits = |pattern: &str, text: &str| pattern == "*" || pattern == text;
        let has = |list: &[String], text: &str| list.iter().any(|one| fits(one, text));
        has(&self.groups, group)
            && has(&self.versions, version)
            && self
                .resources
                .iter()
                .any(|(name, below)| fits(name, resource) && fits(below, subresource))
    }

    fn operates(&self, operation: Operation) -> bool {
        let mut operations = self.operations.iter();
        self.operations.is_empty() || operations.any(|one| one == "*" || one == operation.as_str())
    }

    fn is_in_scope(&self, request: &Request<'_>) -> bool {
        let is_cluster = request.namespace.is_empty() || is_namespace(request);
        match self.scope {
            Scope::Any => true,
            Scope::Cluster => is_cluster,
            Scope::Namespaced => !is_cluster,
        }
    }

    /// Kyverno meets an object that the server is to name when its name will start with one of the names.
    fn is_named(&self, request: &Request<'_>) -> bool {
        let names = &self.names;
        if names.is_empty() {
            return true;
        }
        if self.takes_whole_names || !request.name.is_empty() {
            return names.iter().any(|name| name == request.name);
        }
        let start = request
            .subject()
            .and_then(|object| object.pointer("/metadata/generateName"))
            .and_then(Value::as_str);
        start.is_some_and(|start| names.iter().any(|name| start.starts_with(name.as_str())))
    }
}

#[cfg(test)]
mod tests;
