//! Values files: what variables stand for where nobody can be asked.

use std::collections::BTreeMap;

use portcullis_api::values_file::{SubresourceMapping, ValuesSpec};
use portcullis_engine::{
    context::source::{PathValue, RuleValues},
    request::Operation,
};
use serde_json::Value;

use super::{objects::text, requests::labels};

/// Injected values by policy and resource, by policy and rule, and the labels of namespaces.
#[derive(Clone, Debug, Default)]
pub struct InjectedValues {
    global: Vec<PathValue>,
    resources: BTreeMap<(String, String), Vec<PathValue>>,
    rules: BTreeMap<(String, String), RuleValues>,
    /// Labels of namespaces.
    pub namespaces: BTreeMap<String, BTreeMap<String, String>>,
    /// Namespaces that the file gives as a whole, by name.
    pub namespace_objects: BTreeMap<String, Value>,
    /// Kinds that are subresources of others.
    pub subresources: Vec<SubresourceMapping>,
}

impl InjectedValues {
    /// Reads the values out of a file.
    #[must_use]
    pub fn new(spec: &ValuesSpec) -> Self {
        let global: Vec<PathValue> = pairs(&spec.global_values);
        let mut values = InjectedValues {
            global: global.clone(),
            subresources: spec.subresources.clone(),
            ..InjectedValues::default()
        };
        for policy in &spec.policies {
            for resource in &policy.resources {
                let mut all = global.clone();
                all.extend(pairs(&resource.values));
                let key = (policy.name.clone(), resource.name.clone());
                values.resources.insert(key, all);
            }
            for rule in &policy.rules {
                let foreach = rule.foreach_values.iter();
                let rule_values = RuleValues {
                    values: pairs(&rule.values),
                    foreach_values: foreach
                        .map(|(key, list)| (key.clone(), list.clone()))
                        .collect(),
                };
                values
                    .rules
                    .insert((policy.name.clone(), rule.name.clone()), rule_values);
            }
        }
        for entry in &spec.namespace_selector {
            values
                .namespaces
                .insert(entry.name.clone(), entry.labels.clone());
        }
        for namespace in &spec.namespaces {
            let name = text(namespace, "/metadata/name").to_owned();
            values.namespaces.insert(name.clone(), labels(namespace));
            values.namespace_objects.insert(name, namespace.clone());
        }
        values
    }

    /// Injects further values for every policy and object, over those that are there.
    pub fn set(&mut self, values: &BTreeMap<String, Value>) {
        let lists = std::iter::once(&mut self.global).chain(self.resources.values_mut());
        for list in lists {
            list.extend(pairs(values));
        }
    }

    /// The operation of every request that the values do not give another one: the global one, or
    /// creation. Kinds of policies that nothing is injected for see it, too.
    #[must_use]
    pub fn operation(&self) -> Operation {
        let mut global = self.global.iter().rev();
        let named = global.find(|(path, _)| path == OPERATION);
        operation(named.and_then(|(_, value)| value.as_str()))
    }

    /// The same without what they say of the operation where nothing but a rule's context asks.
    #[must_use]
    pub fn without_operation(&self) -> InjectedValues {
        let mut values = self.clone();
        let lists = std::iter::once(&mut values.global).chain(values.resources.values_mut());
        for list in lists {
            list.retain(|(path, _)| path != OPERATION);
        }
        values
    }

    /// Whether anything is injected before a policy looks at an object.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.global.is_empty() && self.resources.is_empty()
    }

    /// What is injected before a policy looks at an object.
    #[must_use]
    pub fn of_policy(&self, policy: &str, name: &str) -> &[PathValue] {
        // The key borrows nothing, so it is made for the lookup.
        let key = (policy.to_owned(), name.to_owned());
        self.resources.get(&key).unwrap_or(&self.global)
    }

    /// What is injected when a rule loads its context. A derived rule has its origin's values.
    #[must_use]
    pub fn of_rule(&self, policy: &str, rule: &str) -> Option<&RuleValues> {
        if self.rules.is_empty() {
            return None;
        }
        let find = |rule: &str| self.rules.get(&(policy.to_owned(), rule.to_owned()));
        let origin = rule
            .strip_prefix("autogen-cronjob-")
            .or_else(|| rule.strip_prefix("autogen-"));
        find(rule).or_else(|| find(origin?))
    }
}

const OPERATION: &str = "request.operation";

/// The operation that a suite or values name; creation where they name none.
#[must_use]
pub fn operation(name: Option<&str>) -> Operation {
    match name {
        Some("UPDATE") => Operation::Update,
        Some("DELETE") => Operation::Delete,
        Some("CONNECT") => Operation::Connect,
        _ => Operation::Create,
    }
}

fn pairs(values: &BTreeMap<String, Value>) -> Vec<PathValue> {
    values
        .iter()
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}
