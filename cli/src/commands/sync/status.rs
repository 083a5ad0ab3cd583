//! `portcullis sync status`: the inventories of a cluster.

use std::io;

use portcullis_cluster::{ListOptions, ServedKind};
use portcullis_sync::{
    annotations::{self, SYNCED_BY},
    inventory::Inventory,
    store::LABEL,
};
use serde_json::Value;

use crate::{
    commands::cluster_connection::{ClusterConnection, fault},
    exit_status::ExitStatus,
    output::{console::Console, table},
};

/// Tell what was synced into a cluster: each source with its commit and objects.
#[derive(Debug, clap::Args)]
#[command(before_help = "Example:\n  portcullis sync status")]
pub(super) struct Args {
    /// The namespace that the inventories are kept in.
    #[arg(long, value_name = "NAMESPACE", default_value = "portcullis")]
    inventory_namespace: String,
    /// Name the objects, too.
    #[arg(long)]
    objects: bool,
    #[command(flatten)]
    cluster: ClusterConnection,
}

pub(super) fn run(args: &Args, console: &mut Console) -> io::Result<ExitStatus> {
    let cluster = match args.cluster.connect(1) {
        Ok(cluster) => cluster,
        Err(fault) => {
            console.tell(&[fault])?;
            return Ok(ExitStatus::Error);
        }
    };
    let options = ListOptions {
        namespace: Some(args.inventory_namespace.clone()),
        cluster_wide: false,
        batch_size: 500,
        continue_on_error: false,
    };
    let mut found = Vec::new();
    let errors = cluster.list(&[ServedKind::config_maps()], &options, |page| {
        let is_inventory = |object: &&Value| {
            let labels = object.pointer("/metadata/labels");
            labels.is_some_and(|labels| labels.get(LABEL).is_some())
        };
        found.extend(page.objects.iter().filter(is_inventory).cloned());
    });
    if !errors.is_empty() {
        console.tell(&errors.iter().map(fault).collect::<Vec<_>>())?;
        return Ok(ExitStatus::Error);
    }
    let head = ["SOURCE", "COMMIT", "OBJECTS"].map(str::to_owned).to_vec();
    let mut rows = vec![head];
    let mut objects = String::new();
    for object in &found {
        let source = annotations::get(object, SYNCED_BY).unwrap_or_default();
        let Ok(inventory) = Inventory::from_data(object.get("data").unwrap_or(&Value::Null)) else {
            rows.push(vec![source.to_owned(), "broken".to_owned(), String::new()]);
            continue;
        };
        let commit = match inventory.commit.as_str() {
            "" => "none yet",
            commit => commit,
        };
        rows.push(vec![
            source.to_owned(),
            commit.to_owned(),
            inventory.objects.len().to_string(),
        ]);
        for key in inventory.objects.iter().filter(|_| args.objects) {
            objects.push_str(&format!("{source}: {key}\n"));
        }
    }
    console.data(&table::grid(&rows))?;
    console.data(&objects)?;
    Ok(ExitStatus::Success)
}
