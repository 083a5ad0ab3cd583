//! The plan of a revision: what is written and deleted, in which order, and what forbids it.
//!
//! | there | wanted | step |
//! |---|---|---|
//! | no | yes | create |
//! | as it was applied | something else | change |
//! | changed by others | yes | put back |
//! | yes, and in the inventory | no | delete |
//! | as wanted | yes | none |

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

use serde_json::Value;

use crate::{
    allowance::Allowance,
    annotations::{self, COMMIT, SYNCED_BY},
    inventory::Inventory,
    object::ObjectKey,
    ownership::{Drift, drift},
    stage::Stage,
    weakening::{self, Weakening},
};

mod refusal;

pub use refusal::Refusal;

/// What a plan is made from.
#[derive(Clone, Copy, Debug)]
pub struct PlanInput<'a> {
    /// The name of the source, as objects say it in their annotation.
    pub source: &'a str,
    /// The commit.
    pub commit: &'a str,
    /// What is wanted, with its annotations.
    pub wanted: &'a [Arc<Value>],
    /// What was written before.
    pub inventory: &'a Inventory,
    /// What was applied last; empty where that is not known.
    pub applied: &'a [Arc<Value>],
    /// The objects that are there, of those that are wanted or in the inventory.
    pub live: &'a BTreeMap<ObjectKey, Value>,
    /// What the commit allows.
    pub allowance: Allowance,
}

/// Why an object is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It is not there.
    Create,
    /// The revision has another one.
    Change,
    /// Others changed it: their field managers.
    PutBack(BTreeSet<String>),
}

/// An object that is written.
#[derive(Clone, Debug, PartialEq)]
pub struct Write {
    /// Which.
    pub key: ObjectKey,
    /// Why.
    pub reason: Reason,
    /// The object, as it is applied.
    pub object: Arc<Value>,
    /// The object as it is, where others set fields that are to go before the apply.
    pub to_clear: Option<Value>,
}

/// What is done, in this order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// What is written, by stage; no stage is empty.
    pub stages: Vec<(Stage, Vec<Write>)>,
    /// What is deleted, each with its identity, so that another object of the name stays.
    pub prunes: Vec<(ObjectKey, String)>,
    /// What is not wanted any more, but stays: with it, everything in it would go.
    pub kept: Vec<ObjectKey>,
    /// How many objects are as wanted.
    pub unchanged: usize,
    /// What the revision makes weaker.
    pub weakened: Vec<Weakening>,
}

impl Plan {
    /// Whether nothing is written or deleted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.stages.is_empty() && self.prunes.is_empty()
    }

    /// All writes, in their order.
    pub fn writes(&self) -> impl Iterator<Item = &Write> {
        self.stages.iter().flat_map(|(_, writes)| writes)
    }
}

/// Plans a revision.
///
/// # Errors
/// Everything that forbids the revision.
pub fn plan(input: &PlanInput<'_>) -> Result<Plan, Vec<Refusal>> {
    let (wanted, mut refusals) = by_key(input.wanted);
    refusals.extend(owned_by_others(input, &wanted));
    if wanted.is_empty() && refusals.is_empty() {
        return Err(vec![match input.inventory.objects.len() {
            0 => Refusal::Nothing,
            objects => Refusal::Empty { objects },
        }]);
    }
    let (applied, _) = by_key(input.applied);
    let mut plan = Plan::default();
    let mut stages: BTreeMap<Stage, Vec<Write>> = BTreeMap::new();
    for (key, object) in &wanted {
        let Some(stage) = Stage::of(key) else {
            refusals.push(Refusal::Kind(key.clone()));
            continue;
        };
        match write(input, &applied, key, object, stage) {
            None => plan.unchanged += 1,
            Some((write, weakened)) => {
                plan.weakened.extend(weakened);
                stages.entry(stage).or_default().push(write);
            }
        }
    }
    plan.stages = stages.into_iter().collect();
    prune(input, &wanted, &mut plan);
    refusals.extend(over_budget(input, &plan));
    if refusals.is_empty() {
        Ok(plan)
    } else {
        Err(refusals)
    }
}

type Wanted<'a> = BTreeMap<ObjectKey, &'a Arc<Value>>;

fn by_key(objects: &[Arc<Value>]) -> (Wanted<'_>, Vec<Refusal>) {
    let mut wanted = Wanted::new();
    let mut refusals = Vec::new();
    for object in objects {
        match ObjectKey::of(object) {
            None => refusals.push(Refusal::Nameless(place(object))),
            Some(key) => {
                if let Some(first) = wanted.insert(key.clone(), object) {
                    let places = [place(first), place(object)];
                    refusals.push(Refusal::Twice { key, places });
                }
            }
        }
    }
    (wanted, refusals)
}

/// `PATH:LINE` of a wanted object.
fn place(object: &Value) -> String {
    let text = |name| annotations::get(object, name).unwrap_or("?");
    format!("{}:{}", text(annotations::PATH), text(annotations::LINE))
}

/// An object that another source writes would change back and forth.
fn owned_by_others(input: &PlanInput<'_>, wanted: &Wanted<'_>) -> Vec<Refusal> {
    let found = wanted.keys().filter_map(|key| {
        let owner = annotations::get(input.live.get(key)?, SYNCED_BY)?;
        (owner != input.source).then(|| Refusal::OtherSource {
            key: key.clone(),
            owner: owner.to_owned(),
        })
    });
    found.collect()
}

fn write(
    input: &PlanInput<'_>,
    applied: &Wanted<'_>,
    key: &ObjectKey,
    object: &Arc<Value>,
    stage: Stage,
) -> Option<(Write, Option<Weakening>)> {
    let live = input.live.get(key);
    // Namespaces and definitions have fields that controllers set.
    let owns_all = stage != Stage::Foundations;
    let found = live.map(|live| drift(live, &as_of(live, object), owns_all));
    if found.as_ref().is_some_and(Drift::is_none) {
        return None;
    }
    let is_ours = live.is_some_and(|live| annotations::get(live, SYNCED_BY).is_some());
    let managers = found.as_ref().map(|found| found.managers.clone());
    let managers = managers.filter(|managers| is_ours && !managers.is_empty());
    let reason = match (live, managers) {
        (None, _) => Reason::Create,
        (Some(_), Some(managers)) => Reason::PutBack(managers),
        (Some(_), None) => Reason::Change,
    };
    // To put back what others made stricter is no weakening by the revision.
    let same = input.commit == input.inventory.commit;
    let is_put_back = same && matches!(reason, Reason::PutBack(_));
    // The first revision of a source takes no exception away from anybody, and one that went by hand
    // was there before.
    let was_there = input.inventory.objects.is_empty() || input.inventory.objects.contains(key);
    // What others made of an object in between is not what the revision changes.
    let baseline = applied.get(key).map(|applied| applied.as_ref()).or(live);
    let is_judged = !is_put_back && (baseline.is_some() || !was_there);
    let weakened = is_judged
        .then(|| weakening::of(key, baseline, object))
        .flatten();
    let to_clear = live.filter(|_| found.is_some_and(|found| found.has_extras));
    let write = Write {
        key: key.clone(),
        reason,
        object: Arc::clone(object),
        to_clear: to_clear.cloned(),
    };
    Some((write, weakened))
}

/// What is wanted with the commit that the object as it is was applied from: a commit that changes
/// nothing of an object does not write it.
fn as_of(live: &Value, wanted: &Value) -> Value {
    let mut wanted = wanted.clone();
    if let Some(commit) = annotations::get(live, COMMIT) {
        annotations::set(&mut wanted, COMMIT, commit);
    }
    wanted
}

/// Deletes what is in the inventory and not wanted, of what is there and still belongs to the source.
fn prune(input: &PlanInput<'_>, wanted: &Wanted<'_>, plan: &mut Plan) {
    let gone = input.inventory.objects.iter();
    let mut gone: Vec<&ObjectKey> = gone.filter(|key| !wanted.contains_key(*key)).collect();
    gone.sort_by_key(|key| std::cmp::Reverse(Stage::of(key)));
    for key in gone {
        let Some(live) = input.live.get(key) else {
            continue;
        };
        if annotations::get(live, SYNCED_BY) != Some(input.source) {
            continue;
        }
        let uid = live.pointer("/metadata/uid").and_then(Value::as_str);
        if Stage::may_prune(key) {
            plan.prunes
                .push((key.clone(), uid.unwrap_or_default().to_owned()));
        } else {
            plan.kept.push(key.clone());
        }
    }
}

fn over_budget(input: &PlanInput<'_>, plan: &Plan) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    // What the revision adds gives no leave to take away from what was there.
    let was_there =
        |key: &ObjectKey| input.live.contains_key(key) || input.inventory.objects.contains(key);
    let wanted = input.wanted.iter();
    let wanted = wanted.filter_map(|object| ObjectKey::of(object));
    let objects = wanted.filter(was_there).count();
    let limit = input.allowance.prune_limit(objects);
    if plan.prunes.len() > limit {
        let pruned = plan.prunes.iter().map(|(key, _)| key.clone()).collect();
        refusals.push(Refusal::PruneBudget { pruned, limit });
    }
    let limit = input.allowance.weaken_limit(objects);
    if plan.weakened.len() > limit {
        let weakened = plan.weakened.clone();
        refusals.push(Refusal::WeakenBudget { weakened, limit });
    }
    refusals
}

impl fmt::Display for Write {
    /// A line for people.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = &self.key;
        match &self.reason {
            Reason::Create => write!(formatter, "create   {key}"),
            Reason::Change => write!(formatter, "change   {key}"),
            Reason::PutBack(managers) => {
                let managers: Vec<&str> = managers.iter().map(String::as_str).collect();
                write!(
                    formatter,
                    "put back {key}, which {} changed",
                    managers.join(", ")
                )
            }
        }
    }
}

#[cfg(test)]
mod tests;
