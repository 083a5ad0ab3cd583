//! Storage migration: each object of a custom resource is written anew, in the version that its
//! CustomResourceDefinition stores, and then the definition says that no other version is stored.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures::{StreamExt, stream};
use serde_json::{Value, json};

use crate::{
    cluster::Cluster, discovery::ServedKind, error::ClusterError, list::Progress, path,
    request::Call,
};

/// Where CustomResourceDefinitions are.
const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/// How often an object that somebody else changes, too, is written.
const ATTEMPTS: usize = 10;

/// How a migration goes.
#[derive(Clone, Copy, Debug)]
pub struct MigrationOptions {
    /// How many objects are listed at a time.
    pub batch_size: usize,
    /// Whether the server only tries, and changes nothing.
    pub dry_run: bool,
}

/// What a migration came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// The version that is stored.
    pub storage_version: String,
    /// The versions that objects may have been stored in before.
    pub stored_versions: Vec<String>,
    /// How many objects were written.
    pub written: usize,
    /// Objects that could not be written, each with the reason; the definition then is as it was.
    pub failed: Vec<(String, ClusterError)>,
}

impl Migration {
    /// Whether all objects were in the storage version before.
    #[must_use]
    pub fn was_done(&self) -> bool {
        self.stored_versions == [self.storage_version.as_str()]
    }
}

/// Migrates the objects of the CustomResourceDefinition with this name, such as `widgets.example.com`.
/// Where its status says that all is done, nothing is asked for.
///
/// # Errors
/// Where the definition or its objects cannot be read, or its status cannot be written.
pub fn migrate(
    cluster: &Cluster,
    name: &str,
    options: &MigrationOptions,
    tell: &dyn Fn(Progress),
) -> Result<Migration, ClusterError> {
    let path = format!("{DEFINITIONS}/{}", path::segment(name));
    let definition = cluster.ask(&Call::get(&path))?;
    let storage_version = storage_version(&definition);
    let mut migration = Migration {
        stored_versions: stored_versions(&definition),
        storage_version: storage_version.unwrap_or_default().to_owned(),
        written: 0,
        failed: Vec::new(),
    };
    let Some(kind) = served_kind(&definition) else {
        let label = format!("GET {path}");
        let none = "no version of this CustomResourceDefinition is served";
        return Err(cluster.asked(&label).unexpected(&none));
    };
    if migration.was_done() {
        return Ok(migration);
    }
    cluster.wait(write_all(cluster, &kind, options, tell, &mut migration))?;
    if migration.failed.is_empty() && !options.dry_run {
        cluster.wait(write_status(cluster, &path, &migration))?;
    }
    Ok(migration)
}

fn versions(definition: &Value) -> impl Iterator<Item = (&Value, &str)> {
    let versions = definition
        .pointer("/spec/versions")
        .and_then(Value::as_array);
    let versions = versions.into_iter().flatten();
    versions.filter_map(|version| Some((version, version.get("name")?.as_str()?)))
}

fn storage_version(definition: &Value) -> Option<&str> {
    let mut versions = versions(definition);
    let is_stored = |version: &Value| version.get("storage") == Some(&json!(true));
    versions
        .find(|(version, _)| is_stored(version))
        .map(|(_, name)| name)
}

fn stored_versions(definition: &Value) -> Vec<String> {
    let stored = definition.pointer("/status/storedVersions");
    let stored = stored.and_then(Value::as_array).into_iter().flatten();
    stored
        .filter_map(|name| Some(name.as_str()?.to_owned()))
        .collect()
}

/// The kind in the version that is stored, or in another one where that is not served: the server
/// stores what it gets in the storage version, whatever version it gets it in.
fn served_kind(definition: &Value) -> Option<ServedKind> {
    let text = |pointer: &str| Some(definition.pointer(pointer)?.as_str()?.to_owned());
    let stored = storage_version(definition)?;
    let is_served = |version: &Value| version.get("served") == Some(&json!(true));
    let mut served: Vec<&str> = versions(definition)
        .filter(|(version, _)| is_served(version))
        .map(|(_, name)| name)
        .collect();
    served.sort_by_key(|name| *name != stored);
    Some(ServedKind {
        group: text("/spec/group")?,
        version: (*served.first()?).to_owned(),
        kind: text("/spec/names/kind")?,
        resource: text("/spec/names/plural")?,
        namespaced: text("/spec/scope")? == "Namespaced",
        verbs: Vec::new(),
        subresources: Vec::new(),
    })
}

/// Writes every object, page by page. A list that expires on the way starts anew, where the server
/// gives no other token: to write an object twice does no harm.
async fn write_all(
    cluster: &Cluster,
    kind: &ServedKind,
    options: &MigrationOptions,
    tell: &dyn Fn(Progress),
    migration: &mut Migration,
) -> Result<(), ClusterError> {
    let collection = path::collection(kind, None);
    let mut next: Option<String> = None;
    let mut expired = 0;
    let written = AtomicUsize::new(0);
    loop {
        let page = cluster.page(kind, &collection, options.batch_size, next.as_deref());
        let page = match page.await {
            Err(ClusterError::Refused {
                code: 410,
                continue_token,
                ..
            }) if next.is_some() && expired < ATTEMPTS => {
                next = continue_token;
                expired += 1;
                continue;
            }
            page => page?,
        };
        tell(Progress::Expected(page.objects.len()));
        let writes = page.objects.into_iter().map(|object| {
            let written = &written;
            async move {
                let of = Target::of(kind, &object);
                let done = write(cluster, kind, object, options.dry_run).await;
                tell(Progress::Arrived(1));
                match done {
                    Ok(is_written) => written.fetch_add(usize::from(is_written), Ordering::Relaxed),
                    Err(error) => return Some((of.0, error)),
                };
                None
            }
        });
        let failed = stream::iter(writes).buffered(cluster.concurrency());
        migration.failed.extend(
            failed
                .filter_map(|one| async { one })
                .collect::<Vec<_>>()
                .await,
        );
        migration.written = written.load(Ordering::Relaxed);
        next = page.next;
        if next.is_none() {
            return Ok(());
        }
    }
}

/// An object as people know it.
struct Target(String);

impl Target {
    fn of(kind: &ServedKind, object: &Value) -> Target {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
        let name = text("/metadata/name").unwrap_or_default();
        match text("/metadata/namespace") {
            Some(namespace) => Target(format!("{namespace}/{} {name}", kind.kind)),
            None => Target(format!("{} {name}", kind.kind)),
        }
    }
}

/// Writes an object as it is, and tells whether it is still there. Whoever changes it meanwhile wins:
/// then it is read again.
async fn write(
    cluster: &Cluster,
    kind: &ServedKind,
    mut object: Value,
    dry_run: bool,
) -> Result<bool, ClusterError> {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    let namespace = text("/metadata/namespace").unwrap_or_default();
    let Some(path) = path::object(kind, namespace, text("/metadata/name").unwrap_or_default())
    else {
        return Ok(false);
    };
    let put = if dry_run {
        format!("{path}?dryRun=All")
    } else {
        path.clone()
    };
    let mut attempt = 1;
    loop {
        match cluster.answer(&Call::put(&put, object)).await {
            Ok(_) => return Ok(true),
            // Whoever deleted it has done the work.
            Err(error) if error.code() == Some(404) => return Ok(false),
            Err(error) if error.code() == Some(409) && attempt < ATTEMPTS => attempt += 1,
            Err(error) => return Err(error),
        }
        object = match cluster.answer(&Call::get(&path)).await {
            Err(error) if error.code() == Some(404) => return Ok(false),
            object => object?,
        };
    }
}

/// Writes that the storage version alone is stored, unless another one is by now.
async fn write_status(
    cluster: &Cluster,
    path: &str,
    migration: &Migration,
) -> Result<(), ClusterError> {
    let mut attempt = 1;
    loop {
        let mut definition = cluster.answer(&Call::get(path)).await?;
        if storage_version(&definition) != Some(migration.storage_version.as_str()) {
            let label = format!("GET {path}");
            let why = "the storage version was changed meanwhile; migrate again";
            return Err(cluster.asked(&label).unexpected(&why));
        }
        if let Some(status) = definition.get_mut("status").and_then(Value::as_object_mut) {
            let stored = json!([migration.storage_version]);
            status.insert("storedVersions".to_owned(), stored);
        }
        let put = Call::put(format!("{path}/status"), definition);
        match cluster.answer(&put).await {
            Err(error) if error.code() == Some(409) && attempt < ATTEMPTS => attempt += 1,
            done => return done.map(drop),
        }
    }
}
