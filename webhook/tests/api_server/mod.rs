//! Which webhooks of a configuration the API server would send a request to.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by them"
)]
#![allow(dead_code, reason = "each test uses a part")]

use std::collections::BTreeMap;

use portcullis_api::label_selector::LabelSelector;
use portcullis_engine::{
    compile,
    compile_options::CompileOptions,
    context::source::{ContextSource, NoSource},
    load,
    matching::Selector,
    record::Silent,
    request::{GroupVersionKind, GroupVersionResource, Request},
    response::RuleStatus,
    validate,
};
use portcullis_webhook::configurations::{Resource, Resources};
use portcullis_yaml::{Limits, Mode};
use serde_json::{Value, json};

/// A request as far as webhooks are told apart by it: `OPERATION group/version/resource[/sub] namespace`.
#[derive(Debug)]
pub(crate) struct Sent {
    operation: String,
    group: String,
    version: String,
    resource: String,
    subresource: String,
    namespace: String,
    name: String,
}

impl Sent {
    /// Reads `CREATE v1/pods shop/web` or `UPDATE apps/v1/deployments/scale shop/web` or
    /// `CREATE v1/nodes /one`; groups are told by a dot or by `apps` and `batch`.
    pub(crate) fn new(text: &str) -> Sent {
        let parts: Vec<&str> = text.split(' ').collect();
        let mut resource: Vec<&str> = parts[1].split('/').collect();
        if resource[0].starts_with('v') && resource[0].len() < 9 {
            resource.insert(0, "");
        }
        let (namespace, name) = parts[2].split_once('/').unwrap();
        Sent {
            operation: parts[0].to_owned(),
            group: resource[0].to_owned(),
            version: resource[1].to_owned(),
            resource: resource[2].to_owned(),
            subresource: resource.get(3).copied().unwrap_or_default().to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }
}

/// The names of the webhooks that get the request, with their `failurePolicy`.
pub(crate) fn receivers(configuration: &Value, sent: &Sent) -> Vec<(String, String)> {
    let webhooks = configuration["webhooks"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    webhooks
        .filter(|webhook| gets(webhook, sent))
        .map(|webhook| (text(&webhook["name"]), text(&webhook["failurePolicy"])))
        .collect()
}

fn gets(webhook: &Value, sent: &Sent) -> bool {
    let rules = webhook["rules"].as_array().unwrap();
    rules.iter().any(|rule| is_in_rule(rule, sent))
        && is_in_namespace(&webhook["namespaceSelector"], sent)
        && meets_conditions(webhook, sent)
}

fn is_in_rule(rule: &Value, sent: &Sent) -> bool {
    let lists = |key: &str, wanted: &str| {
        let values = rule[key].as_array().unwrap();
        values.iter().any(|value| value == "*" || value == wanted)
    };
    let resources = rule["resources"].as_array().unwrap().iter();
    let mut resources = resources.map(|of| of.as_str().unwrap());
    let is_resource = resources.any(|of| {
        let (resource, subresource) = of.split_once('/').unwrap_or((of, ""));
        [(resource, &sent.resource), (subresource, &sent.subresource)]
            .iter()
            .all(|(pattern, text)| *pattern == "*" || pattern == text)
    });
    let is_scope = match rule["scope"].as_str().unwrap() {
        "Namespaced" => !sent.namespace.is_empty(),
        "Cluster" => sent.namespace.is_empty(),
        _ => true,
    };
    lists("apiGroups", &sent.group)
        && lists("apiVersions", &sent.version)
        && lists("operations", &sent.operation)
        && is_resource
        && is_scope
}

/// Whatever lives in no namespace is in every one, save the namespaces themselves.
fn is_in_namespace(selector: &Value, sent: &Sent) -> bool {
    let namespace = match sent.resource.as_str() {
        "namespaces" => &sent.name,
        _ => &sent.namespace,
    };
    let selector: LabelSelector = serde_json::from_value(selector.clone()).unwrap();
    let label = ("kubernetes.io/metadata.name".to_owned(), namespace.clone());
    let object = json!({"metadata": {"labels": BTreeMap::from([label])}});
    namespace.is_empty() || Selector::of(&selector).unwrap().matches_object(&object)
}

/// Asks the engine, which reads CEL as the API server does.
fn meets_conditions(webhook: &Value, sent: &Sent) -> bool {
    let Some(conditions) = webhook.get("matchConditions") else {
        return true;
    };
    let everything = json!([{"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": ["*/*"]}]);
    let policy = json!({
        "apiVersion": "policies.kyverno.io/v1", "kind": "ValidatingPolicy", "metadata": {"name": "p"},
        "spec": {
            "matchConstraints": {"resourceRules": everything},
            "validations": conditions.as_array().unwrap().iter()
                .map(|of| json!({"expression": of["expression"]})).collect::<Vec<_>>(),
        },
    });
    let (loaded, errors) = load::load(&policy);
    assert!(errors.is_empty(), "{errors:?}");
    let (set, errors) = compile(&loaded, &[], &CompileOptions::default());
    assert!(errors.is_empty(), "{errors:?}");
    let object = json!({"metadata": {"name": sent.name}});
    let request = Request {
        kind: GroupVersionKind {
            group: sent.group.clone(),
            version: sent.version.clone(),
            kind: "Anything".to_owned(),
        },
        resource: GroupVersionResource {
            group: sent.group.clone(),
            version: sent.version.clone(),
            resource: sent.resource.clone(),
        },
        subresource: &sent.subresource,
        namespace: &sent.namespace,
        name: &sent.name,
        object: Some(&object),
        ..Request::default()
    };
    let responses = validate(&set, &request, &NoSource, &mut Silent);
    let mut rules = responses.iter().flat_map(|response| &response.rules);
    rules.next().unwrap().status == RuleStatus::Pass
}

/// The resources that every cluster has, and those of policies.
pub(crate) fn resources() -> Resources {
    let kinds = NoSource.catalogue().kinds();
    let builtin = kinds.map(|kind| Resource {
        kind: GroupVersionKind {
            group: kind.group.clone(),
            version: kind.version.clone(),
            kind: kind.kind.clone(),
        },
        plural: kind.resource.clone(),
        namespaced: kind.namespaced,
        subresources: kind.subresources.clone(),
    });
    let custom = [
        ("kyverno.io", "v1", "ClusterPolicy", "clusterpolicies"),
        ("kyverno.io", "v2", "PolicyException", "policyexceptions"),
        (
            "policies.kyverno.io",
            "v1",
            "ValidatingPolicy",
            "validatingpolicies",
        ),
    ];
    let custom = custom.map(|(group, version, kind, plural)| Resource {
        kind: GroupVersionKind {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: kind.to_owned(),
        },
        plural: plural.to_owned(),
        namespaced: false,
        subresources: Vec::new(),
    });
    Resources::new(builtin.chain(custom))
}

/// What a YAML text loads.
pub(crate) fn loaded(text: &str) -> Vec<load::Loaded> {
    let mut loaded = Vec::new();
    for document in portcullis_yaml::documents(text) {
        let value = document.read(Mode::Lenient, &Limits::default()).unwrap();
        let (found, errors) = load::load(&value);
        assert!(errors.is_empty(), "{errors:?}");
        loaded.extend(found);
    }
    loaded
}
