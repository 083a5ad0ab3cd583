//! `create values`: values for variables that a cluster would give.

use std::collections::BTreeMap;

use portcullis_api::{
    metadata::ObjectMeta,
    values_file::{NamespaceLabels, PolicyValues, ResourceValues, RuleValues, Values},
};
use serde_json::Value;

use super::{
    CLI_API_VERSION, Output,
    pairs::{Named, OfPolicy, Pair, Pairs, named, of_policy, pair},
};

/// Create a file of values for variables.
#[derive(Debug, clap::Args)]
#[command(
    before_help = "Example:\n  portcullis create values -g request.operation=UPDATE --rule require-labels,app,mode=dev -n prod,env=prod -o values.yaml"
)]
pub struct Args {
    /// Values for every policy.
    #[arg(short, long, value_name = "KEY=VALUE", value_delimiter = ',', value_parser = pair)]
    global: Vec<Pair>,
    /// Values for a rule; may be given more than once.
    #[arg(long = "rule", value_name = "POLICY,RULE,KEY=VALUE,…", value_parser = of_policy)]
    rules: Vec<OfPolicy>,
    /// Values for a resource; may be given more than once.
    #[arg(long = "resource", value_name = "POLICY,RESOURCE,KEY=VALUE,…", value_parser = of_policy)]
    resources: Vec<OfPolicy>,
    /// Labels of a namespace; may be given more than once.
    #[arg(short, long, value_name = "NAMESPACE,KEY=VALUE,…", value_parser = named)]
    ns_selector: Vec<Named>,
    #[command(flatten)]
    pub(super) output: Output,
}

impl Args {
    /// The values. What is said twice of one rule, resource or namespace is put together.
    pub(super) fn values(&self) -> Values {
        Values {
            api_version: Some(CLI_API_VERSION.to_owned()),
            kind: Some("Values".to_owned()),
            metadata: ObjectMeta {
                name: Some("values".to_owned()),
                ..ObjectMeta::default()
            },
            global_values: texts(&self.global),
            policies: self.policies(),
            namespace_selector: self.namespaces(),
            ..Values::default()
        }
    }

    fn policies(&self) -> Vec<PolicyValues> {
        let mut policies: Vec<PolicyValues> = Vec::new();
        for OfPolicy { policy, named } in &self.rules {
            let rules = &mut of(&mut policies, policy).rules;
            let Pairs(pairs) = &named.pairs;
            match rules.iter_mut().find(|rule| rule.name == named.name) {
                Some(rule) => rule.values.extend(texts(pairs)),
                None => rules.push(RuleValues {
                    name: named.name.clone(),
                    values: texts(pairs),
                    ..RuleValues::default()
                }),
            }
        }
        for OfPolicy { policy, named } in &self.resources {
            let resources = &mut of(&mut policies, policy).resources;
            let Pairs(pairs) = &named.pairs;
            match resources.iter_mut().find(|one| one.name == named.name) {
                Some(resource) => resource.values.extend(texts(pairs)),
                None => resources.push(ResourceValues {
                    name: named.name.clone(),
                    values: texts(pairs),
                }),
            }
        }
        policies
    }

    fn namespaces(&self) -> Vec<NamespaceLabels> {
        let mut namespaces: Vec<NamespaceLabels> = Vec::new();
        for Named { name, pairs } in &self.ns_selector {
            let labels = pairs.0.iter().cloned();
            match namespaces.iter_mut().find(|one| one.name == *name) {
                Some(namespace) => namespace.labels.extend(labels),
                None => namespaces.push(NamespaceLabels {
                    name: name.clone(),
                    labels: labels.collect(),
                }),
            }
        }
        namespaces
    }
}

fn of<'p>(policies: &'p mut Vec<PolicyValues>, name: &str) -> &'p mut PolicyValues {
    let at = policies.iter().position(|policy| policy.name == name);
    let at = at.unwrap_or(policies.len());
    if at == policies.len() {
        policies.push(PolicyValues {
            name: name.to_owned(),
            ..PolicyValues::default()
        });
    }
    #[expect(clippy::indexing_slicing, reason = "it was found or added above")]
    &mut policies[at]
}

/// Values are text, as in Kyverno.
fn texts(pairs: &[Pair]) -> BTreeMap<String, Value> {
    let pairs = pairs.iter().cloned();
    pairs
        .map(|(key, value)| (key, Value::String(value)))
        .collect()
}
