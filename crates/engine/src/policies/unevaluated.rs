//! Policies of kinds that are recognised and not evaluated: the CEL kinds of
//! `policies.kyverno.io`, and native admission policies.
//!
//! For an object that such a policy may be about, it gives an error that names it. What can be told
//! without CEL is used: `matchConstraints.resourceRules`, and pod controllers beside pods.

use std::sync::Arc;

use portcullis_values::wildcard::Wildcard;
use serde_json::Value;

use crate::load::UnevaluatedPolicy;
use crate::policy_info::PolicyInfo;
use crate::request::{GroupVersionKind, Request};
use crate::response::{RuleResponse, RuleStatus, RuleType};

/// A policy that answers with an error.
#[derive(Debug)]
pub struct CompiledUnevaluated {
    info: Arc<PolicyInfo>,
    rules: Option<Vec<ResourceRule>>,
    message: Arc<str>,
    rule_type: RuleType,
}

#[derive(Debug)]
struct ResourceRule {
    groups: Vec<Wildcard>,
    versions: Vec<Wildcard>,
    resources: Vec<Wildcard>,
    operations: Vec<String>,
}

/// The controllers that a policy for pods is carried over to.
const CONTROLLERS: &[&str] = &[
    "daemonsets",
    "deployments",
    "replicasets",
    "statefulsets",
    "jobs",
    "cronjobs",
];

impl CompiledUnevaluated {
    /// Reads what can be told without CEL.
    #[must_use]
    pub fn compile(policy: &UnevaluatedPolicy) -> CompiledUnevaluated {
        let info = Arc::new(policy.info.clone());
        let rules = policy
            .object
            .pointer("/spec/matchConstraints/resourceRules")
            .and_then(Value::as_array)
            .map(|rules| rules.iter().map(ResourceRule::of).collect());
        CompiledUnevaluated {
            message: format!(
                "{} `{}` is not evaluated: its kind is not supported",
                info.kind,
                info.key()
            )
            .into(),
            rule_type: rule_type(&info.kind),
            rules,
            info,
        }
    }

    /// Who the policy is.
    #[must_use]
    pub fn info(&self) -> &Arc<PolicyInfo> {
        &self.info
    }

    /// Whether the policy may be about objects of a kind.
    pub(crate) fn is_about(&self, kind: &GroupVersionKind, resource: &str) -> bool {
        let rules = self.rules.as_ref();
        let any = |rules: &Vec<ResourceRule>| rules.iter().any(|rule| rule.names(kind, resource));
        rules.is_none_or(any)
    }

    /// The error, if the policy may be about the request.
    #[must_use]
    pub fn evaluate(&self, request: &Request<'_>) -> Option<RuleResponse> {
        let namespace = self.info.namespace.as_str();
        let is_near = namespace.is_empty() || namespace == request.namespace;
        let is_about = self
            .rules
            .as_ref()
            .is_none_or(|rules| rules.iter().any(|rule| rule.matches(request)));
        (is_near && is_about).then(|| RuleResponse {
            rule: "".into(),
            rule_type: self.rule_type,
            status: RuleStatus::Error,
            message: Arc::clone(&self.message),
            detail: None,
        })
    }
}

fn rule_type(kind: &str) -> RuleType {
    if kind.contains("Mutating") {
        RuleType::Mutation
    } else if kind.contains("Generating") {
        RuleType::Generation
    } else if kind.contains("ImageValidating") {
        RuleType::ImageVerify
    } else {
        RuleType::Validation
    }
}

fn any(list: &[Wildcard], text: &str) -> bool {
    list.iter().any(|item| item.is_match(text))
}

impl ResourceRule {
    fn of(rule: &Value) -> ResourceRule {
        let texts = |key: &str| {
            let list = rule.get(key).and_then(Value::as_array);
            list.into_iter().flatten().filter_map(Value::as_str)
        };
        ResourceRule {
            groups: texts("apiGroups").map(Wildcard::new).collect(),
            versions: texts("apiVersions").map(Wildcard::new).collect(),
            resources: texts("resources").map(Wildcard::new).collect(),
            operations: texts("operations").map(str::to_owned).collect(),
        }
    }

    /// Whether the rule names the resource of a kind, or pods, which stand for their controllers.
    fn names(&self, kind: &GroupVersionKind, resource: &str) -> bool {
        let direct = any(&self.groups, &kind.group)
            && any(&self.versions, &kind.version)
            && any(&self.resources, resource);
        direct || self.names_pods_for(resource)
    }

    fn names_pods_for(&self, resource: &str) -> bool {
        any(&self.resources, "pods") && CONTROLLERS.contains(&resource)
    }

    fn matches(&self, request: &Request<'_>) -> bool {
        let of = &request.resource;
        if of.resource.is_empty() {
            return true;
        }
        let resource = match request.subresource {
            "" => of.resource.clone(),
            subresource => format!("{}/{subresource}", of.resource),
        };
        let direct = any(&self.groups, &of.group)
            && any(&self.versions, &of.version)
            && any(&self.resources, &resource);
        let derived = self.names_pods_for(&of.resource);
        let operation = request.operation.as_str();
        let operates = self.operations.is_empty()
            || self
                .operations
                .iter()
                .any(|one| one == "*" || one == operation);
        (direct || derived) && operates
    }
}
