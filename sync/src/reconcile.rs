//! One pass: what a revision wants is compared with the cluster, and brought into it.
//!
//! Nothing is written before everything is known to be right: the gate, the plan, and a dry run of
//! every object by the server. The inventory is written before the first object, with the objects of
//! both revisions, so that a pass that is cut off loses none; the next pass goes on from there.

use std::time::Duration;

use portcullis_cluster::Cluster;

use crate::{
    allowance::Allowance,
    claims::Claims,
    inventory::Inventory,
    object::ObjectKey,
    plan::{Plan, PlanInput, Refusal, plan},
    revision::Revision,
    seen::Seen,
    store::Store,
    sync_error::SyncError,
    world::World,
};

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
    /// What sources that are reconciled at the same time are about to write.
    pub claims: Claims,
}

/// What a pass came to.
#[derive(Clone, Debug)]
pub struct Done {
    /// What was written and deleted, or would be.
    pub plan: Plan,
    /// What the source has in the cluster.
    pub inventory: Inventory,
    /// The objects as they were left.
    pub seen: Seen,
}

/// Brings a revision into a cluster, or only tells what that would do. `applied` is what was applied
/// last, where it is known: what it makes weaker is judged by that, not by what others made of it.
///
/// # Errors
/// What forbids it; then nothing is written, save where the cluster fails on the way.
pub fn reconcile(
    cluster: &Cluster,
    revision: &Revision,
    applied: Option<&Revision>,
    options: &Options,
) -> Result<Done, SyncError> {
    let commit = &revision.commit;
    let allowance = Allowance::of_message(&revision.message).map_err(|part| {
        let commit = commit.clone();
        SyncError::Allowance { commit, part }
    })?;
    let claiming = options.claims.begin(&options.source);
    let store = Store::new(cluster, &options.namespace, &options.source);
    let before = store.read()?;
    let mut world = World::of(cluster)?;
    let live = world.live(revision, &before)?;
    let plan = plan(&PlanInput {
        source: &options.source,
        commit,
        wanted: &revision.objects,
        inventory: &before,
        applied: applied.map_or(&[], |applied| &applied.objects),
        live: &live,
        allowance,
    });
    // It is as large as all the rest.
    drop(live);
    let plan = plan.map_err(|refusals| refused(commit, refusals))?;
    world.check(revision, &plan)?;
    world.dry_run(&plan)?;
    if !options.plan_only {
        let written: Vec<&ObjectKey> = plan.writes().map(|write| &write.key).collect();
        let claimed = claiming.claim(&written);
        claimed.map_err(|refusals| refused(commit, refusals))?;
    }
    let wanted = revision.objects.iter();
    let wanted = wanted.filter_map(|object| ObjectKey::of(object));
    let after = Inventory {
        commit: commit.clone(),
        objects: wanted.chain(plan.kept.iter().cloned()).collect(),
    };
    if options.plan_only {
        let seen = world.into_seen();
        return Ok(Done {
            plan,
            inventory: before,
            seen,
        });
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
    let seen = world.into_seen();
    Ok(Done {
        plan,
        inventory: after,
        seen,
    })
}

fn refused(commit: &str, refusals: Vec<Refusal>) -> SyncError {
    SyncError::Refused {
        commit: commit.to_owned(),
        refusals,
    }
}
