//! The inventory of a source, kept in a ConfigMap of the cluster.

use portcullis_cluster::{Apply, ApplyOptions, Cluster, ServedKind, Target};
use serde_json::{Value, json};

use crate::{inventory::Inventory, ownership::MANAGER, sync_error::SyncError};

/// The label of the ConfigMaps.
pub const LABEL: &str = "portcullis.io/inventory";

/// Where the inventory of a source is.
pub struct Store<'a> {
    cluster: &'a Cluster,
    kind: ServedKind,
    namespace: String,
    name: String,
    source: String,
}

impl<'a> Store<'a> {
    /// The inventory of a source, in a namespace.
    #[must_use]
    pub fn new(cluster: &'a Cluster, namespace: &str, source: &str) -> Store<'a> {
        Store {
            cluster,
            kind: ServedKind::config_maps(),
            namespace: namespace.to_owned(),
            name: name(source),
            source: source.to_owned(),
        }
    }

    /// Reads the inventory; an empty one where there is none yet.
    ///
    /// # Errors
    /// Where the cluster gives no answer, or what is there is no inventory.
    pub fn read(&self) -> Result<Inventory, SyncError> {
        let read = self.cluster.read_objects(&[self.target()]).pop();
        let Some(found) = read.transpose()?.flatten() else {
            return Ok(Inventory::default());
        };
        Inventory::from_data(found.get("data").unwrap_or(&Value::Null)).map_err(|line| {
            SyncError::Inventory {
                config_map: format!("{}/{}", self.namespace, self.name),
                line,
            }
        })
    }

    /// Writes the inventory.
    ///
    /// # Errors
    /// Where the namespace is not there, or the cluster refuses.
    pub fn write(&self, inventory: &Inventory) -> Result<(), SyncError> {
        let object = json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": self.name,
                "namespace": self.namespace,
                "labels": {LABEL: "true"},
                "annotations": {crate::annotations::SYNCED_BY: self.source},
            },
            "data": inventory.to_data(),
        });
        let apply = Apply {
            target: self.target(),
            object: &object,
        };
        let options = ApplyOptions {
            manager: MANAGER,
            dry_run: false,
        };
        let written = self.cluster.apply_objects(&[apply], &options).pop();
        match written.transpose() {
            Err(error) if error.code() == Some(404) => Err(SyncError::NoNamespace {
                namespace: self.namespace.clone(),
            }),
            written => Ok(written.map(drop)?),
        }
    }

    fn target(&self) -> Target<'_> {
        Target {
            kind: &self.kind,
            namespace: &self.namespace,
            name: &self.name,
        }
    }
}

/// The name of a source's ConfigMap.
fn name(source: &str) -> String {
    format!("portcullis-sync.{}", source.replace('/', "."))
}
