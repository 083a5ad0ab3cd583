//! `Refusal`: what forbids a revision.

use thiserror::Error;

use crate::{allowance::TRAILER, object::ObjectKey, weakening::Weakening};

/// How many objects a refusal names.
const NAMED: usize = 10;

/// What forbids a revision; nothing is written then.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing is wanted where something was before.
    #[error(
        "the revision has no object at all, and {objects} of it are in the cluster: nothing is pruned"
    )]
    Empty {
        /// How many objects were written before.
        objects: usize,
    },
    /// There is nothing in the revision, and nothing was written before.
    #[error(
        "the revision has no object at all: no `.yaml`, `.yml` or `.json` file of it holds one"
    )]
    Nothing,
    /// An object has no kind or name.
    #[error("{0}: an object needs `apiVersion`, `kind` and `metadata.name`")]
    Nameless(String),
    /// A kind that is not synced.
    #[error("{0}: objects of this kind are not synced")]
    Kind(ObjectKey),
    /// An object stands in two places.
    #[error("{key} is in {}", places.join(" and in "))]
    Twice {
        /// The object.
        key: ObjectKey,
        /// The places.
        places: [String; 2],
    },
    /// An object belongs to another source.
    #[error("{key} belongs to the source `{owner}`, which would put it back")]
    OtherSource {
        /// The object.
        key: ObjectKey,
        /// The source that wrote it.
        owner: String,
    },
    /// More is deleted than a revision may.
    #[error("{} objects would be deleted, and {limit} may be: {}", pruned.len(), list(pruned))]
    PruneBudget {
        /// What would be deleted.
        pruned: Vec<ObjectKey>,
        /// How many may be.
        limit: usize,
    },
    /// More is made weaker than a revision may.
    #[error("{} objects would be weaker, and {limit} may be: {}", weakened.len(), weaker(weakened))]
    WeakenBudget {
        /// What would be weaker.
        weakened: Vec<Weakening>,
        /// How many may be.
        limit: usize,
    },
}

impl Refusal {
    /// The check that forbids it, in a word.
    #[must_use]
    pub fn check(&self) -> &'static str {
        match self {
            Refusal::PruneBudget { .. } | Refusal::Empty { .. } => "prune",
            Refusal::WeakenBudget { .. } => "weaken",
            Refusal::OtherSource { .. } => "owner",
            Refusal::Nothing | Refusal::Nameless(_) | Refusal::Kind(_) | Refusal::Twice { .. } => {
                "objects"
            }
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> String {
        match self {
            Refusal::Empty { .. } => {
                "look whether the path or environment is right; delete the objects by hand where all of them are to go".to_owned()
            }
            Refusal::Nothing => {
                "look whether the path or environment is right, and has a policy".to_owned()
            }
            Refusal::Nameless(_) => "write all three".to_owned(),
            Refusal::Kind(_) => {
                "policies, exceptions, bindings, namespaces, ConfigMaps and definitions are".to_owned()
            }
            Refusal::Twice { .. } => "remove one of them, or give it another name".to_owned(),
            Refusal::OtherSource { .. } => {
                "remove it from one of the two sources, or give it another name".to_owned()
            }
            Refusal::PruneBudget { pruned, .. } => allow("prune", pruned.len()),
            Refusal::WeakenBudget { weakened, .. } => allow("weaken", weakened.len()),
        }
    }
}

fn allow(what: &str, count: usize) -> String {
    format!(
        "where that is meant, end the commit's message with the line `{TRAILER}: {what}={count}`"
    )
}

fn list(keys: &[ObjectKey]) -> String {
    named(keys.iter().map(ObjectKey::to_string), keys.len())
}

fn weaker(weakened: &[Weakening]) -> String {
    let told = weakened
        .iter()
        .map(|one| format!("{} ({})", one.object, one.what.join("; ")));
    named(told, weakened.len())
}

fn named(names: impl Iterator<Item = String>, count: usize) -> String {
    let told: Vec<String> = names.take(NAMED).collect();
    let told = told.join(", ");
    match count.saturating_sub(NAMED) {
        0 => told,
        more => format!("{told} and {more} more"),
    }
}
