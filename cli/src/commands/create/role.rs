//! `create role`: a ClusterRole whose rights the controllers of Kyverno get by aggregation.

use std::collections::BTreeMap;

use portcullis_api::metadata::ObjectMeta;
use serde::Serialize;

use super::Output;

/// What `all` stands for. `*` would also stand for `escalate`, `bind` and `impersonate`.
const ALL_VERBS: [&str; 8] = [
    "get",
    "list",
    "watch",
    "create",
    "update",
    "patch",
    "delete",
    "deletecollection",
];

/// Create a ClusterRole that Kyverno's controllers get the rights of.
#[derive(Debug, clap::Args)]
#[command(
    before_help = "Example:\n  portcullis create role generate-quotas --api-groups core --resources resourcequotas --verbs create,update,delete"
)]
pub struct Args {
    /// The ClusterRole's name.
    #[arg(value_parser = role_name)]
    name: String,
    /// API groups of the resources; `core` or an empty text for that of Pods.
    #[arg(
        short = 'g',
        long,
        required = true,
        value_name = "GROUP",
        value_delimiter = ','
    )]
    api_groups: Vec<String>,
    /// The resources, in plural.
    #[arg(long, required = true, value_name = "RESOURCE", value_delimiter = ',')]
    resources: Vec<String>,
    /// What the controllers may do with them; `all` for everything from `get` to `delete`.
    #[arg(long, required = true, value_name = "VERB", value_delimiter = ',')]
    verbs: Vec<String>,
    /// The controllers that get the rights.
    #[arg(
        long,
        value_name = "CONTROLLER",
        value_delimiter = ',',
        default_value = "background-controller"
    )]
    controllers: Vec<String>,
    #[command(flatten)]
    pub(super) output: Output,
}

/// A ClusterRole of `rbac.authorization.k8s.io/v1`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ClusterRole {
    api_version: &'static str,
    kind: &'static str,
    metadata: ObjectMeta,
    rules: Vec<RoleRule>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RoleRule {
    api_groups: Vec<String>,
    resources: Vec<String>,
    verbs: Vec<String>,
}

impl Args {
    /// The ClusterRole.
    pub(super) fn cluster_role(&self) -> ClusterRole {
        let label = |controller: &String| {
            let key = format!("rbac.kyverno.io/aggregate-to-{controller}");
            (key, "true".to_owned())
        };
        let labels: BTreeMap<String, String> = self.controllers.iter().map(label).collect();
        let group = |group: &String| match group.as_str() {
            "core" => String::new(),
            _ => group.clone(),
        };
        let verbs = if self.verbs.iter().any(|verb| verb == "all") {
            ALL_VERBS.map(str::to_owned).to_vec()
        } else {
            self.verbs.clone()
        };
        ClusterRole {
            api_version: "rbac.authorization.k8s.io/v1",
            kind: "ClusterRole",
            metadata: ObjectMeta {
                name: Some(self.name.clone()),
                labels,
                ..ObjectMeta::default()
            },
            rules: vec![RoleRule {
                api_groups: self.api_groups.iter().map(group).collect(),
                resources: self.resources.clone(),
                verbs,
            }],
        }
    }
}

/// Roles may have `:` and capitals in their names, unlike other objects.
fn role_name(text: &str) -> Result<String, String> {
    let fits = !matches!(text, "" | "." | "..") && !text.contains(['/', '%']);
    if fits {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "`{text}` cannot name a role: `/` and `%` cannot stand in it"
        ))
    }
}
