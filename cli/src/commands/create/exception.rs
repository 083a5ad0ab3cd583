//! `create exception`: a PolicyException of `kyverno.io/v2`.

use clap::ArgAction;
use portcullis_api::{
    cluster_policy::{Operation, ResourceDescription, ResourceFilter},
    metadata::ObjectMeta,
    policy_exception::{
        AnyAllFilters, ExceptedRules, PolicyException, PolicyExceptionApiVersion,
        PolicyExceptionKind, PolicyExceptionSpec,
    },
};
use portcullis_pipeline::diagnostic::Diagnostic;

use super::{
    Output,
    pairs::{filled, object_name, pairs},
};

/// Kinds that rules for Pods are derived for.
const CONTROLLERS: [&str; 7] = [
    "DaemonSet",
    "Deployment",
    "Job",
    "StatefulSet",
    "ReplicaSet",
    "ReplicationController",
    "CronJob",
];

/// Create a PolicyException.
#[derive(Debug, clap::Args)]
#[command(
    before_help = "Example:\n  portcullis create exception legacy --namespace shop --policy-rules require-labels,app,autogen-app --any kind=Pod,kind=Deployment,name=legacy-*"
)]
pub struct Args {
    /// The exception's name.
    #[arg(value_parser = object_name)]
    name: String,
    /// The exception's namespace.
    #[arg(long, value_parser = object_name)]
    namespace: Option<String>,
    /// A policy (`namespace/name` for a Policy) and those of its rules that need not hold; may be
    /// given more than once.
    #[arg(
        long,
        required = true,
        value_name = "POLICY,RULE[,RULE]…",
        value_parser = excepted_rules
    )]
    policy_rules: Vec<ExceptedRules>,
    /// What the exception is for; one of these filters must hold. Keys are `kind`, `name`,
    /// `namespace` and `operation`, each as often as needed.
    #[arg(long, value_name = "KEY=VALUE,…", value_parser = filter, required_unless_present = "all")]
    any: Vec<ResourceFilter>,
    /// What the exception is for; all of these filters must hold.
    #[arg(long, value_name = "KEY=VALUE,…", value_parser = filter, conflicts_with = "any")]
    all: Vec<ResourceFilter>,
    /// Whether the exception holds in background scans too.
    #[arg(
        short,
        long,
        num_args = 0..=1,
        require_equals = true,
        default_value_t = true,
        default_missing_value = "true",
        action = ArgAction::Set
    )]
    background: bool,
    #[command(flatten)]
    pub(super) output: Output,
}

impl Args {
    /// The exception.
    pub(super) fn exception(&self) -> PolicyException {
        let filters =
            |filters: &Vec<ResourceFilter>| Some(filters.clone()).filter(|_| !filters.is_empty());
        PolicyException {
            api_version: PolicyExceptionApiVersion::V2,
            kind: PolicyExceptionKind::PolicyException,
            metadata: ObjectMeta {
                name: Some(self.name.clone()),
                namespace: self.namespace.clone(),
                ..ObjectMeta::default()
            },
            spec: PolicyExceptionSpec {
                background: Some(self.background),
                r#match: AnyAllFilters {
                    any: filters(&self.any),
                    all: filters(&self.all),
                },
                exceptions: self.policy_rules.clone(),
                ..PolicyExceptionSpec::default()
            },
        }
    }

    /// An exception for controllers that names no derived rule excepts nothing of them.
    pub(super) fn advice(&self) -> Vec<Diagnostic> {
        let filters = self.any.iter().chain(&self.all);
        let mut kinds = filters
            .filter_map(|filter| filter.resources.as_ref())
            .flat_map(|resources| &resources.kinds);
        let Some(controller) = kinds.find(|kind| is_controller(kind)) else {
            return Vec::new();
        };
        let rules = self.policy_rules.iter();
        let names_derived = |excepted: &&ExceptedRules| {
            let mut names = excepted.rule_names.iter();
            names.any(|name| name.starts_with("autogen-") || name.contains('*'))
        };
        let without = rules.filter(|excepted| !names_derived(excepted));
        without
            .map(|excepted| {
                let rule = excepted.rule_names.first().map_or("", String::as_str);
                let message = format!(
                    "the exception is for {controller}, and names no rule that policy {} may derive for it",
                    excepted.policy_name
                );
                Diagnostic::warning(message).help(format!(
                    "where {rule} is about Pods, name autogen-{rule} (autogen-cronjob-{rule} for \
                     a CronJob) too"
                ))
            })
            .collect()
    }
}

fn is_controller(kind: &str) -> bool {
    let name = kind.rsplit('/').next().unwrap_or(kind);
    CONTROLLERS.contains(&name)
}

fn excepted_rules(text: &str) -> Result<ExceptedRules, String> {
    let mut names = text.split(',').map(filled);
    let policy = names.next().flatten();
    let rules: Option<Vec<String>> = names.collect();
    match (policy, rules) {
        (Some(policy_name), Some(rule_names)) if !rule_names.is_empty() => Ok(ExceptedRules {
            policy_name,
            rule_names,
        }),
        _ => Err(format!(
            "`{text}` is no POLICY,RULE[,RULE]…; write `{text},*` for every rule"
        )),
    }
}

fn filter(text: &str) -> Result<ResourceFilter, String> {
    let mut resources = ResourceDescription::default();
    for (key, value) in pairs(text)?.0 {
        match key.as_str() {
            "kind" | "kinds" => resources.kinds.push(value),
            "name" | "names" => resources.names.push(value),
            "namespace" | "namespaces" => resources.namespaces.push(value),
            "operation" | "operations" => resources.operations.push(operation(&value)?),
            _ => {
                return Err(format!(
                    "a filter has no `{key}`: write `kind`, `name`, `namespace` or `operation`"
                ));
            }
        }
    }
    if resources.kinds.is_empty() {
        return Err("a filter names a kind: write `kind=Pod`".to_owned());
    }
    Ok(ResourceFilter {
        resources: Some(resources),
        ..ResourceFilter::default()
    })
}

fn operation(text: &str) -> Result<Operation, String> {
    match text.to_ascii_uppercase().as_str() {
        "CREATE" => Ok(Operation::Create),
        "CONNECT" => Ok(Operation::Connect),
        "UPDATE" => Ok(Operation::Update),
        "DELETE" => Ok(Operation::Delete),
        _ => Err(format!(
            "there is no operation `{text}`: write CREATE, UPDATE, DELETE or CONNECT"
        )),
    }
}
