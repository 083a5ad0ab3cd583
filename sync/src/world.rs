//! The cluster as a pass reads and writes it.

mod fault;
mod live;

use std::{
    collections::BTreeMap,
    thread,
    time::{Duration, Instant},
};

use portcullis_cluster::{
    Apply, ApplyOptions, Cluster, ClusterError, Discovery, ServedKind, Target,
};
use serde_json::{Value, json};

use self::fault::{NOT_SERVED, of_object, refused};
use crate::{
    inventory::Inventory,
    object::ObjectKey,
    ownership::{MANAGER, kept},
    plan::{Plan, Write},
    ready,
    revision::Revision,
    seen::Seen,
    stage::Stage,
    sync_error::SyncError,
};

/// How often it is looked whether objects are ready.
const LOOK: Duration = Duration::from_millis(200);

/// Writes are under our name.
const OURS: ApplyOptions<'static> = ApplyOptions {
    manager: MANAGER,
    dry_run: false,
};

/// A cluster and what it serves.
pub(crate) struct World<'a> {
    cluster: &'a Cluster,
    discovery: Discovery,
    seen: Seen,
}

impl<'a> World<'a> {
    /// Asks a cluster what it serves.
    pub(crate) fn of(cluster: &'a Cluster) -> Result<World<'a>, ClusterError> {
        let discovery = Discovery::of(cluster)?;
        Ok(World {
            cluster,
            discovery,
            seen: Seen::default(),
        })
    }

    /// What was seen of the objects, at last.
    pub(crate) fn into_seen(self) -> Seen {
        self.seen
    }

    /// The objects that are there.
    pub(crate) fn live(
        &mut self,
        revision: &Revision,
        before: &Inventory,
    ) -> Result<BTreeMap<ObjectKey, Value>, SyncError> {
        let mut kinds: BTreeMap<ObjectKey, ServedKind> = BTreeMap::new();
        for key in &before.objects {
            if let Some(kind) = self.discovery.preferred(&key.group, &key.kind) {
                kinds.insert(key.clone(), kind.clone());
            }
        }
        for object in &revision.objects {
            // In the version that is wanted, so that both have the same form.
            if let (Some(key), Some(kind)) = (ObjectKey::of(object), self.kind(object)) {
                kinds.insert(key, kind.clone());
            }
        }
        let live = live::read(self.cluster, &kinds)?;
        for (key, object) in &live {
            if let Some(kind) = kinds.get(key) {
                self.seen.note(key, kind, object);
            }
        }
        Ok(live)
    }

    fn kind(&self, object: &Value) -> Option<&ServedKind> {
        let text = |name: &str| object.get(name).and_then(Value::as_str);
        self.discovery.find(text("apiVersion")?, text("kind")?)
    }

    /// Whether every object has a kind that is served or defined by the revision, and a namespace
    /// where its kind has one.
    pub(crate) fn check(&self, revision: &Revision, plan: &Plan) -> Result<(), SyncError> {
        let defined = |key: &ObjectKey| {
            revision.objects.iter().any(|object| {
                let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
                text("/spec/group") == Some(&key.group)
                    && text("/spec/names/kind") == Some(&key.kind)
            })
        };
        for write in plan.writes() {
            match self.kind(&write.object) {
                Some(kind) if kind.namespaced && write.key.namespace.is_empty() => {
                    return Err(refused(write, "it needs `metadata.namespace`"));
                }
                None if !defined(&write.key) => {
                    return Err(refused(write, NOT_SERVED));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Lets the server try every write whose kind and namespace are there.
    pub(crate) fn dry_run(&self, plan: &Plan) -> Result<(), SyncError> {
        let made: Vec<&str> = plan
            .writes()
            .filter(|write| write.key.kind == "Namespace")
            .map(|write| write.key.name.as_str())
            .collect();
        let writes = plan.writes().filter(|write| {
            write.key.namespace.is_empty() || !made.contains(&write.key.namespace.as_str())
        });
        let writes = writes.filter(|write| self.kind(&write.object).is_some());
        self.apply(writes, true, |_, _, _| {})
    }

    /// Applies objects, and hands over each with its kind as it is then.
    fn apply<'w>(
        &self,
        writes: impl Iterator<Item = &'w Write>,
        dry_run: bool,
        mut take: impl FnMut(&'w Write, &ServedKind, &Value),
    ) -> Result<(), SyncError> {
        let options = ApplyOptions {
            manager: MANAGER,
            dry_run,
        };
        let served = writes.map(|write| {
            let kind = self.kind(&write.object);
            Ok((write, kind.ok_or_else(|| refused(write, NOT_SERVED))?))
        });
        let served: Vec<_> = served.collect::<Result<_, SyncError>>()?;
        let applies = served.into_iter().map(|(write, kind)| {
            let target = target(&write.key, kind);
            let object = &write.object;
            ((write, kind), Apply { target, object })
        });
        self.cluster
            .apply_each(applies, &options, |(write, kind), applied| {
                let object = applied.map_err(|error| of_object(write, error))?;
                take(write, kind, &object);
                Ok(())
            })
    }

    /// Writes stage by stage, each once the one before is ready, and deletes what is gone.
    pub(crate) fn write(&mut self, plan: &Plan, patience: Duration) -> Result<(), SyncError> {
        for (stage, writes) in &plan.stages {
            let left = self.write_stage(writes)?;
            self.wait(left, patience)?;
            if *stage == Stage::Foundations {
                self.discovery = Discovery::of(self.cluster)?;
            }
        }
        for (key, uid) in &plan.prunes {
            if let Some(kind) = self.discovery.preferred(&key.group, &key.kind) {
                self.cluster.delete_object(&target(key, kind), uid)?;
                self.seen.forget(key);
            }
        }
        Ok(())
    }

    /// Writes the objects of a stage; those that are not ready yet.
    fn write_stage<'w>(&mut self, writes: &'w [Write]) -> Result<Vec<&'w Write>, SyncError> {
        for write in writes {
            if let Some(live) = &write.to_clear {
                self.clear(write, live)?;
            }
        }
        let (mut left, mut to_release) = (Vec::new(), Vec::new());
        let mut seen = std::mem::take(&mut self.seen);
        let applied = self.apply(writes.iter(), false, |write, kind, object| {
            if write.to_clear.is_some() {
                to_release.push((write, release(object)));
                left.push(write);
            } else if ready::lacks(object).is_some() {
                left.push(write);
            } else {
                seen.note(&write.key, kind, object);
            }
        });
        self.seen = seen;
        applied?;
        for (write, patch) in to_release {
            self.patch(write, patch).ok();
        }
        Ok(left)
    }

    /// Removes what others set: the spec becomes what is wanted, and theirs no more.
    fn clear(&self, write: &Write, live: &Value) -> Result<(), SyncError> {
        let mut patch = vec![same_version(live)];
        if let Some(spec) = write.object.get("spec") {
            patch.push(json!({"op": "add", "path": "/spec", "value": spec}));
        }
        patch.push(only_ours(live));
        self.patch(write, Value::from(patch))
    }

    fn patch(&self, write: &Write, patch: Value) -> Result<(), SyncError> {
        let Some(kind) = self.kind(&write.object) else {
            return Ok(());
        };
        let target = target(&write.key, kind);
        let done = self.cluster.patch_object(&target, patch, &OURS);
        done.map(drop).map_err(|error| of_object(write, error))
    }

    fn wait(&mut self, mut left: Vec<&Write>, patience: Duration) -> Result<(), SyncError> {
        let end = Instant::now() + patience;
        loop {
            let lacking = self.lacking(&left)?;
            let Some((first, reason)) = lacking.first() else {
                return Ok(());
            };
            if Instant::now() > end {
                return Err(SyncError::NotReady {
                    object: first.key.to_string(),
                    seconds: patience.as_secs(),
                    reason: reason.clone(),
                });
            }
            left = lacking.iter().map(|(write, _)| *write).collect();
            thread::sleep(LOOK);
        }
    }

    /// The objects that are not ready, and why.
    fn lacking<'w>(&mut self, of: &[&'w Write]) -> Result<Vec<(&'w Write, String)>, SyncError> {
        let mut lacking = Vec::new();
        let mut seen = std::mem::take(&mut self.seen);
        let targets = of.iter().filter_map(|write| {
            let kind = self.kind(&write.object)?;
            Some(((*write, kind), target(&write.key, kind)))
        });
        let read = self.cluster.read_each(targets, |(write, kind), found| {
            let lacks = match &found {
                Some(object) => {
                    seen.note(&write.key, kind, object);
                    ready::lacks(object)
                }
                None => Some("it is not there any more".to_owned()),
            };
            lacking.extend(lacks.map(|reason| (write, reason)));
            Ok::<_, SyncError>(())
        });
        self.seen = seen;
        read?;
        Ok(lacking)
    }
}

/// After an apply, what admission or [`World::clear`] set belongs to nobody: else a later apply would
/// not remove it. Where somebody else writes meanwhile, it stays.
fn release(applied: &Value) -> Value {
    json!([same_version(applied), only_ours(applied)])
}

fn same_version(object: &Value) -> Value {
    let version = object.pointer("/metadata/resourceVersion");
    json!({"op": "test", "path": "/metadata/resourceVersion", "value": version})
}

/// Takes from all others what they own of an object, save of its status.
fn only_ours(object: &Value) -> Value {
    let kept = kept(object);
    // A list with an empty entry resets it; an empty list would be ignored.
    let kept = if kept.is_empty() {
        json!([{}])
    } else {
        json!(kept)
    };
    json!({"op": "replace", "path": "/metadata/managedFields", "value": kept})
}

fn target<'a>(key: &'a ObjectKey, kind: &'a ServedKind) -> Target<'a> {
    Target {
        kind,
        namespace: &key.namespace,
        name: &key.name,
    }
}
