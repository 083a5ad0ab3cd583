//! `portcullis sync status`: the inventories and PolicySources of a cluster.

use std::{collections::BTreeMap, io};

use portcullis_cluster::{Cluster, ClusterError, ListOptions, ServedKind};
use portcullis_sync::{
    annotations::{self, SYNCED_BY},
    controller,
    inventory::Inventory,
    object::ObjectKey,
    store::LABEL,
};
use serde_json::Value;

use crate::{
    commands::cluster_connection::{ClusterConnection, fault},
    exit_status::ExitStatus,
    output::{console::Console, table},
};

/// Tell what was synced into a cluster: each source with its commit and objects, and of a PolicySource
/// how it is.
#[derive(Debug, clap::Args)]
#[command(before_help = "Example:\n  portcullis sync status")]
pub(super) struct Args {
    /// Only the sources whose inventories are kept in this namespace.
    #[arg(long, value_name = "NAMESPACE")]
    inventory_namespace: Option<String>,
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
    let listed = list(&cluster, &ServedKind::config_maps(), args);
    let listed = listed.and_then(|found| Ok((found, policy_sources(&cluster, args)?)));
    let (config_maps, policy_sources) = match listed {
        Ok(listed) => listed,
        Err(errors) => {
            console.tell(&errors.iter().map(fault).collect::<Vec<_>>())?;
            return Ok(ExitStatus::Error);
        }
    };
    let mut sources: BTreeMap<String, Known> = BTreeMap::new();
    for object in &config_maps {
        if object
            .pointer("/metadata/labels")
            .is_some_and(|labels| labels.get(LABEL).is_some())
        {
            let name = annotations::get(object, SYNCED_BY).unwrap_or_default();
            let inventory = Inventory::from_data(object.get("data").unwrap_or(&Value::Null));
            sources.entry(name.to_owned()).or_default().inventory = Some(inventory.ok());
        }
    }
    for object in &policy_sources {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
        let [namespace, name] = ["namespace", "name"]
            .map(|part| text(&format!("/metadata/{part}")).unwrap_or_default());
        sources
            .entry(format!("{namespace}/{name}"))
            .or_default()
            .policy_source = Some(object);
    }
    let head = ["SOURCE", "COMMIT", "OBJECTS", "STATE"]
        .map(str::to_owned)
        .to_vec();
    let rows = sources.iter().map(|(name, known)| known.row(name));
    let rows: Vec<Vec<String>> = std::iter::once(head).chain(rows).collect();
    console.data(&table::grid(&rows))?;
    for (name, known) in &sources {
        if let Some(message) = known.trouble() {
            console.data(&format!("{name}: {message}\n"))?;
        }
        for key in known.objects().filter(|_| args.objects) {
            console.data(&format!("{name}: {key}\n"))?;
        }
    }
    Ok(ExitStatus::Success)
}

/// What is known of a source.
#[derive(Default)]
struct Known<'o> {
    /// What it put into the cluster, where that can be read.
    inventory: Option<Option<Inventory>>,
    policy_source: Option<&'o Value>,
}

impl Known<'_> {
    fn row(&self, name: &str) -> Vec<String> {
        let commit = match &self.inventory {
            Some(None) => "broken",
            Some(Some(inventory)) if !inventory.commit.is_empty() => &inventory.commit,
            _ => "none yet",
        };
        let count = self.objects().count().to_string();
        vec![
            name.to_owned(),
            commit.to_owned(),
            count,
            self.state().to_owned(),
        ]
    }

    fn objects(&self) -> impl Iterator<Item = &ObjectKey> {
        let inventory = self.inventory.iter().flatten();
        inventory.flat_map(|inventory| &inventory.objects)
    }

    /// In a word, how a PolicySource is; nothing where a hand brought the revision in.
    fn state(&self) -> &str {
        let Some(object) = self.policy_source else {
            return "";
        };
        let is_suspended = object.pointer("/spec/suspend") == Some(&Value::Bool(true));
        match self.ready() {
            _ if is_suspended => "suspended",
            Some(ready) => ready
                .get("reason")
                .and_then(Value::as_str)
                .unwrap_or_default(),
            None => "not looked at yet",
        }
    }

    fn ready(&self) -> Option<&Value> {
        let conditions = self.policy_source?.pointer("/status/conditions")?;
        let mut conditions = conditions.as_array()?.iter();
        conditions.find(|one| one.get("type").is_some_and(|name| name == "Ready"))
    }

    /// Why the last commit is not in the cluster.
    fn trouble(&self) -> Option<&str> {
        let ready = self.ready()?;
        let is_ready = ready.get("status").is_some_and(|status| status == "True");
        ready.get("message")?.as_str().filter(|_| !is_ready)
    }
}

/// The PolicySources, if the cluster has the kind.
fn policy_sources(cluster: &Cluster, args: &Args) -> Result<Vec<Value>, Vec<ClusterError>> {
    match list(cluster, &controller::policy_sources(), args) {
        Err(errors) if errors.iter().all(|error| error.code() == Some(404)) => Ok(Vec::new()),
        listed => listed,
    }
}

fn list(
    cluster: &Cluster,
    kind: &ServedKind,
    args: &Args,
) -> Result<Vec<Value>, Vec<ClusterError>> {
    let options = ListOptions {
        namespace: args.inventory_namespace.clone(),
        cluster_wide: false,
        batch_size: 500,
        continue_on_error: false,
    };
    let mut found = Vec::new();
    let errors = cluster.list(std::slice::from_ref(kind), &options, |page| {
        found.extend(page.objects)
    });
    match errors.is_empty() {
        true => Ok(found),
        false => Err(errors),
    }
}
