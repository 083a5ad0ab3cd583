//! What is served: one version of all policies, swapped as a whole.
//!
//! A request is answered by the version that serves when it is asked, from its first policy to its
//! last; a version is dropped when the last request that it answers is done.

mod compiler;
mod policies;
mod prepared;
mod traits;

use std::sync::Arc;

use arc_swap::{ArcSwap, ArcSwapOption};

pub use self::{
    compiler::Compiler,
    policies::{Group, Policies},
};
use crate::{
    configuration::Configuration,
    metrics::{Changes, Inventory},
    world::World,
};

/// The version that serves, and the world that it asks.
pub struct Served {
    policies: ArcSwap<Policies>,
    configuration: ArcSwap<Configuration>,
    changes: Changes,
    /// What is wrong with the files that policies are read from, where they are.
    problems: ArcSwapOption<usize>,
    world: Arc<dyn World>,
}

impl Served {
    /// Serves a first version.
    #[must_use]
    pub fn new(policies: Policies, world: Arc<dyn World>) -> Served {
        let changes = Changes::default();
        changes.note(&Inventory::new(), policies.inventory());
        Served {
            changes,
            policies: ArcSwap::from_pointee(policies),
            configuration: ArcSwap::default(),
            problems: ArcSwapOption::empty(),
            world,
        }
    }

    /// Puts another version in the place of the one that serves; requests that are being answered keep
    /// theirs.
    pub fn swap(&self, policies: Policies) {
        let policies = Arc::new(policies);
        let before = self.policies.swap(Arc::clone(&policies));
        self.changes.note(before.inventory(), policies.inventory());
    }

    /// The version that serves now.
    #[must_use]
    pub fn policies(&self) -> Arc<Policies> {
        self.policies.load_full()
    }

    /// How often policies came, changed and went.
    pub(crate) fn changes(&self) -> &Changes {
        &self.changes
    }

    /// Notes how much is wrong with the files that the policies are from.
    pub fn note_problems(&self, count: usize) {
        self.problems.store(Some(Arc::new(count)));
    }

    /// How much is wrong with those files; none where they are from a cluster.
    pub(crate) fn problems(&self) -> Option<usize> {
        self.problems.load().as_deref().copied()
    }

    /// Puts another configuration in the place of the one that is followed.
    pub fn configure(&self, configuration: Configuration) {
        self.configuration.store(Arc::new(configuration));
    }

    /// The configuration that is followed now.
    #[must_use]
    pub fn configuration(&self) -> Arc<Configuration> {
        self.configuration.load_full()
    }

    /// The world.
    #[must_use]
    pub fn world(&self) -> &Arc<dyn World> {
        &self.world
    }
}
