//! `create metrics-config`: the ConfigMap that Kyverno reads which namespaces to count from.

use std::collections::BTreeMap;

use portcullis_api::metadata::ObjectMeta;
use serde::Serialize;
use serde_json::json;

use super::{Output, pairs::object_name};

/// Create the ConfigMap that says for which namespaces Kyverno counts metrics.
#[derive(Debug, clap::Args)]
#[command(
    before_help = "Example:\n  portcullis create metrics-config -i shop -i payments -e kube-system"
)]
pub struct Args {
    /// The ConfigMap's name.
    #[arg(short, long, default_value = "kyverno-metrics", value_parser = object_name)]
    name: String,
    /// The ConfigMap's namespace.
    #[arg(long, default_value = "kyverno", value_parser = object_name)]
    namespace: String,
    /// Namespaces that are counted; all of them when absent.
    #[arg(short, long, value_name = "NAMESPACE", value_delimiter = ',')]
    include: Vec<String>,
    /// Namespaces that are not counted.
    #[arg(short, long, value_name = "NAMESPACE", value_delimiter = ',')]
    exclude: Vec<String>,
    #[command(flatten)]
    pub(super) output: Output,
}

/// A ConfigMap of `v1`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ConfigMap {
    api_version: &'static str,
    kind: &'static str,
    metadata: ObjectMeta,
    data: BTreeMap<&'static str, String>,
}

impl Args {
    /// The ConfigMap.
    pub(super) fn config_map(&self) -> ConfigMap {
        let namespaces = json!({"include": self.include, "exclude": self.exclude});
        ConfigMap {
            api_version: "v1",
            kind: "ConfigMap",
            metadata: ObjectMeta {
                name: Some(self.name.clone()),
                namespace: Some(self.namespace.clone()),
                ..ObjectMeta::default()
            },
            data: BTreeMap::from([("namespaces", namespaces.to_string())]),
        }
    }
}
