//! One pass: what a revision wants is compared with the cluster, and brought into it.
//!
//! Nothing is written before everything is known to be right: the gate, the plan, and a dry run of
//! every object by the server. The inventory is written before the first object, with the objects of
//! both revisions, so that a pass that is cut off loses none; the next pass goes on from there.

use std::{
    collections::BTreeMap,
    thread,
    time::{Duration, Instant},
};

use portcullis_cluster::{
    Apply, ApplyOptions, Cluster, ClusterError, Discovery, ServedKind, Target,
};
use serde_json::{Value, json};

use crate::{
    allowance::Allowance,
    inventory::Inventory,
    object::ObjectKey,
    ownership::{MANAGER, kept},
    plan::{Plan, PlanInput, Write, plan},
    ready,
    revision::Revision,
    stage::Stage,
    store::Store,
    sync_error::SyncError,
};

/// How often it is looked whether objects are ready.
const LOOK: Duration = Duration::from_millis(200);

/// How a pass goes.
#[derive(Clone, Debug)]
pub struct Options {
    /// The name of the source.
    pub source: String,
    /// The namespace of its inventory.
    pub namespace: String,
    /// How long a stage may take to be ready.
    pub patience: Duration,
    /// Whether nothing is written.
    pub plan_only: bool,
}

/// A cluster and what it serves.
struct World<'a> {
    cluster: &'a Cluster,
    discovery: Discovery,
}

/// Brings a revision into a cluster, or only tells what that would do.
///
/// # Errors
/// What forbids it; then nothing is written, save where the cluster fails on the way.
pub fn reconcile(
    cluster: &Cluster,
    revision: &Revision,
    options: &Options,
) -> Result<(Plan, Inventory), SyncError> {
    let commit = &revision.commit;
    let allowance = Allowance::of_message(&revision.message).map_err(|part| {
        let commit = commit.clone();
        SyncError::Allowance { commit, part }
    })?;
    let store = Store::new(cluster, &options.namespace, &options.source);
    let before = store.read()?;
    let mut world = World {
        cluster,
        discovery: Discovery::of(cluster)?,
    };
    let live = world.live(revision, &before)?;
    let plan = plan(&PlanInput {
        source: &options.source,
        commit,
        wanted: &revision.objects,
        inventory: &before,
        live: &live,
        allowance,
    });
    let plan = plan.map_err(|refusals| {
        let commit = commit.clone();
        SyncError::Refused { commit, refusals }
    })?;
    world.check(revision, &plan)?;
    world.dry_run(&plan)?;
    let wanted = revision.objects.iter().filter_map(ObjectKey::of);
    let after = Inventory {
        commit: commit.clone(),
        objects: wanted.chain(plan.kept.iter().cloned()).collect(),
    };
    if options.plan_only {
        return Ok((plan, before));
    }
    if !plan.is_empty() {
        let both = before.objects.union(&after.objects).cloned().collect();
        let during = Inventory {
            commit: before.commit.clone(),
            objects: both,
        };
        if during != before {
            store.write(&during)?;
        }
        world.write(&plan, options.patience)?;
    }
    if after != before || !plan.is_empty() {
        store.write(&after)?;
    }
    Ok((plan, after))
}

impl World<'_> {
    /// The objects that are there.
    fn live(
        &self,
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
        let targets: Vec<Target<'_>> = kinds.iter().map(|(key, kind)| target(key, kind)).collect();
        let read = self.cluster.read_objects(&targets);
        let mut live = BTreeMap::new();
        for (key, found) in kinds.keys().zip(read) {
            if let Some(object) = found? {
                live.insert(key.clone(), object);
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
    fn check(&self, revision: &Revision, plan: &Plan) -> Result<(), SyncError> {
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
                    return Err(refused(write, "the cluster does not serve this kind"));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Lets the server try every write whose kind and namespace are there.
    fn dry_run(&self, plan: &Plan) -> Result<(), SyncError> {
        let made: Vec<&str> = plan
            .writes()
            .filter(|write| write.key.kind == "Namespace")
            .map(|write| write.key.name.as_str())
            .collect();
        let writes = plan.writes().filter(|write| {
            write.key.namespace.is_empty() || !made.contains(&write.key.namespace.as_str())
        });
        let writes: Vec<&Write> = writes
            .filter(|write| self.kind(&write.object).is_some())
            .collect();
        self.apply(&writes, true)
    }

    fn apply(&self, writes: &[&Write], dry_run: bool) -> Result<(), SyncError> {
        let options = ApplyOptions {
            manager: MANAGER,
            dry_run,
        };
        let mut applies = Vec::new();
        for write in writes {
            let kind = self.kind(&write.object);
            let kind =
                kind.ok_or_else(|| refused(write, "the cluster does not serve this kind"))?;
            applies.push(Apply {
                target: target(&write.key, kind),
                object: &write.object,
            });
        }
        let answers = self.cluster.apply_objects(&applies, &options);
        for (write, answer) in writes.iter().zip(answers) {
            answer.map_err(|error| of_object(write, error))?;
        }
        Ok(())
    }

    /// Writes stage by stage, each once the one before is ready, and deletes what is gone.
    fn write(&mut self, plan: &Plan, patience: Duration) -> Result<(), SyncError> {
        for (stage, writes) in &plan.stages {
            for write in writes {
                if let Some(live) = &write.to_clear {
                    self.clear(write, live)?;
                }
            }
            self.apply(&writes.iter().collect::<Vec<_>>(), false)?;
            self.wait(writes, patience)?;
            if *stage == Stage::Foundations {
                self.discovery = Discovery::of(self.cluster)?;
            }
        }
        for (key, uid) in &plan.prunes {
            if let Some(kind) = self.discovery.preferred(&key.group, &key.kind) {
                self.cluster.delete_object(&target(key, kind), uid)?;
            }
        }
        Ok(())
    }

    /// Removes what others set: the spec becomes what is wanted, and theirs no more.
    fn clear(&self, write: &Write, live: &Value) -> Result<(), SyncError> {
        let Some(kind) = self.kind(&write.object) else {
            return Ok(());
        };
        let version = live
            .pointer("/metadata/resourceVersion")
            .unwrap_or(&Value::Null);
        let mut patch =
            vec![json!({"op": "test", "path": "/metadata/resourceVersion", "value": version})];
        if let Some(spec) = write.object.get("spec") {
            patch.push(json!({"op": "add", "path": "/spec", "value": spec}));
        }
        let kept = kept(live);
        // A list with an empty entry resets it; an empty list would be ignored.
        let kept = if kept.is_empty() {
            json!([{}])
        } else {
            json!(kept)
        };
        patch.push(json!({"op": "replace", "path": "/metadata/managedFields", "value": kept}));
        let options = ApplyOptions {
            manager: MANAGER,
            dry_run: false,
        };
        let done =
            self.cluster
                .patch_object(&target(&write.key, kind), Value::from(patch), &options);
        done.map(drop).map_err(|error| of_object(write, error))
    }

    fn wait(&self, writes: &[Write], patience: Duration) -> Result<(), SyncError> {
        let end = Instant::now() + patience;
        let mut left: Vec<&Write> = writes.iter().collect();
        loop {
            let targets = left
                .iter()
                .filter_map(|write| Some(target(&write.key, self.kind(&write.object)?)));
            let read = self.cluster.read_objects(&targets.collect::<Vec<_>>());
            let mut lacking = Vec::new();
            for (write, found) in left.iter().zip(read) {
                let lacks = match found? {
                    Some(object) => ready::lacks(&object),
                    None => Some("it is not there any more".to_owned()),
                };
                lacking.extend(lacks.map(|reason| (*write, reason)));
            }
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
}

fn target<'a>(key: &'a ObjectKey, kind: &'a ServedKind) -> Target<'a> {
    Target {
        kind,
        namespace: &key.namespace,
        name: &key.name,
    }
}

/// An object that the server or the plan has something against, with its place in the repository.
fn refused(write: &Write, reason: &str) -> SyncError {
    let text = |name| crate::annotations::get(&write.object, name).unwrap_or("?");
    let (path, line) = (
        text(crate::annotations::PATH),
        text(crate::annotations::LINE),
    );
    SyncError::Object {
        path: path.to_owned(),
        line: line.to_owned(),
        object: write.key.to_string(),
        reason: reason.to_owned(),
    }
}

fn of_object(write: &Write, error: ClusterError) -> SyncError {
    match error {
        ClusterError::Refused { message, code, .. } if code != 401 && code != 403 => {
            refused(write, &format!("the server refuses it: {message} ({code})"))
        }
        other => SyncError::Cluster(other),
    }
}
