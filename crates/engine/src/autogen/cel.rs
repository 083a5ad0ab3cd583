//! Autogen of the CEL kinds: a policy for Pods becomes further policies for the controllers that
//! make Pods.
//!
//! | group | controllers | looks at |
//! |---|---|---|
//! | `defaults` | daemonsets, deployments, replicasets, statefulsets, jobs | `object.spec.template` |
//! | `cronjobs` | cronjobs | `object.spec.jobTemplate.spec.template` |
//!
//! `spec.autogen.podControllers.controllers` names the controllers that are wanted; an empty list
//! switches autogen off. A policy is carried over when it has one resource rule, for `pods` of
//! `v1` and nothing else, and selects neither names nor labels.

use portcullis_api::cel_policy::DerivedTarget;
use serde_json::{Map, Value, json};

mod mutation;
mod text;

/// A policy that stands for a written one, on pod controllers.
#[derive(Clone, Debug, PartialEq)]
pub struct DerivedPolicy {
    /// `defaults` or `cronjobs`.
    pub group: &'static str,
    /// The controllers.
    pub targets: Vec<DerivedTarget>,
    /// The policy's `spec`, as if it had been written.
    pub spec: Value,
}

/// What is carried over of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rewriting {
    /// Every text of a policy that validates.
    Everything,
    /// The conditions and apply configurations of a policy that mutates.
    Mutations,
}

/// Where a controller keeps its pods.
#[derive(Clone, Copy, Debug)]
struct Shape {
    group: &'static str,
    /// The steps below `object` to the pod template.
    steps: &'static [&'static str],
}

const DEFAULTS: Shape = Shape {
    group: "defaults",
    steps: &["spec", "template"],
};
const CRON_JOBS: Shape = Shape {
    group: "cronjobs",
    steps: &["spec", "jobTemplate", "spec", "template"],
};

/// Resource, API group, kind and shape of every controller, in the order in which Kyverno has them.
const CONTROLLERS: &[(&str, &str, &str, Shape)] = &[
    ("daemonsets", "apps", "DaemonSet", DEFAULTS),
    ("deployments", "apps", "Deployment", DEFAULTS),
    ("replicasets", "apps", "ReplicaSet", DEFAULTS),
    ("statefulsets", "apps", "StatefulSet", DEFAULTS),
    ("jobs", "batch", "Job", DEFAULTS),
    ("cronjobs", "batch", "CronJob", CRON_JOBS),
];

/// The policies that a policy has beside itself.
#[must_use]
pub fn expand(spec: &Value, rewriting: Rewriting) -> Vec<DerivedPolicy> {
    let Some(rule) = rule_for_pods(spec) else {
        return Vec::new();
    };
    let wanted = spec
        .pointer("/autogen/podControllers/controllers")
        .and_then(Value::as_array);
    let is_wanted =
        |resource: &str| wanted.is_none_or(|wanted| wanted.iter().any(|name| name == resource));
    let mut derived = Vec::new();
    for shape in [DEFAULTS, CRON_JOBS] {
        let targets: Vec<DerivedTarget> = CONTROLLERS
            .iter()
            .filter(|(resource, .., of)| of.group == shape.group && is_wanted(resource))
            .map(|(resource, group, kind, _)| DerivedTarget {
                group: Some((*group).to_owned()),
                version: "v1".to_owned(),
                resource: (*resource).to_owned(),
                kind: (*kind).to_owned(),
            })
            .collect();
        if !targets.is_empty() {
            derived.push(DerivedPolicy {
                group: shape.group,
                spec: rewritten(spec, rule, &targets, rewriting, shape),
                targets,
            });
        }
    }
    derived
}

/// The only resource rule of a policy that can be carried over.
fn rule_for_pods(spec: &Value) -> Option<&Value> {
    let constraints = spec.get("matchConstraints")?;
    let is_set = |key: &str| match constraints.get(key) {
        Some(Value::Array(items)) => !items.is_empty(),
        // A selector without requirements selects everything, as none does.
        Some(Value::Object(selector)) => selector.values().any(|part| match part {
            Value::Array(items) => !items.is_empty(),
            Value::Object(labels) => !labels.is_empty(),
            _ => false,
        }),
        _ => false,
    };
    if is_set("excludeResourceRules") || is_set("objectSelector") {
        return None;
    }
    let rules = constraints.get("resourceRules")?.as_array()?;
    let [rule] = rules.as_slice() else {
        return None;
    };
    let is = |key: &str, wanted: &str| rule.get(key) == Some(&json!([wanted]));
    let names = rule.get("resourceNames").and_then(Value::as_array);
    let is_for_pods = is("apiGroups", "") && is("apiVersions", "v1") && is("resources", "pods");
    (is_for_pods && names.is_none_or(Vec::is_empty)).then_some(rule)
}

fn rewritten(
    spec: &Value,
    rule: &Value,
    targets: &[DerivedTarget],
    rewriting: Rewriting,
    shape: Shape,
) -> Value {
    let mut spec = spec.clone();
    match rewriting {
        Rewriting::Everything => text::carry_over(&mut spec, shape),
        Rewriting::Mutations => mutation::carry_over(&mut spec, shape),
    }
    if let Some(constraints) = spec.get_mut("matchConstraints") {
        constraints["resourceRules"] = resource_rules(rule, targets);
    }
    spec
}

/// One rule for each API group of the controllers, with the operations of the written rule.
fn resource_rules(rule: &Value, targets: &[DerivedTarget]) -> Value {
    let mut rules = Vec::new();
    for of_group in targets.chunk_by(|one, next| one.group == next.group) {
        let mut derived = Map::new();
        if let Some(operations) = rule.get("operations") {
            derived.insert("operations".to_owned(), operations.clone());
        }
        let group = of_group.first().and_then(|first| first.group.as_deref());
        derived.insert("apiGroups".to_owned(), json!([group]));
        derived.insert("apiVersions".to_owned(), json!(["v1"]));
        let resources: Vec<_> = of_group.iter().map(|target| &target.resource).collect();
        derived.insert("resources".to_owned(), json!(resources));
        rules.push(Value::Object(derived));
    }
    Value::Array(rules)
}
