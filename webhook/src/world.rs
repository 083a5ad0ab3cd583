//! What the server knows beside a request, and whom policies ask.

use std::{
    collections::BTreeMap,
    hash::{BuildHasher, RandomState},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use portcullis_engine::{
    context::source::{ContextSource, NoSource},
    request::{NumberModel, RequestUser},
};
use serde_json::Value;

/// What is known of a namespace.
#[derive(Clone, Debug, Default)]
pub struct Namespace {
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// The whole object, where it is known.
    pub object: Option<Value>,
}

/// The world behind the server; several requests ask it at the same time.
pub trait World: Send + Sync {
    /// Whom the policies ask about one request.
    fn source(&self) -> Box<dyn ContextSource + '_>;

    /// What is known of a namespace; none where nothing is.
    fn namespace(&self, name: &str) -> Option<Arc<Namespace>> {
        let _ = name;
        None
    }

    /// Adds the roles that are bound to a user.
    fn add_roles(&self, user: &mut RequestUser) {
        let _ = user;
    }

    /// The kind of a resource; none where it is not known.
    fn kind_of(&self, group: &str, version: &str, resource: &str) -> Option<String> {
        let kinds = NoSource.catalogue();
        let kind = kinds.find_resource(group, version, resource);
        kind.map(|kind| kind.kind.clone())
    }

    /// How JSON integers are seen.
    fn numbers(&self) -> NumberModel {
        NumberModel::default()
    }
}

/// A world without a cluster: a clock and dice.
#[derive(Debug, Default)]
pub struct Alone {
    seed: RandomState,
    thrown: AtomicU64,
}

impl World for Alone {
    fn source(&self) -> Box<dyn ContextSource + '_> {
        Box::new(AloneSource(self))
    }
}

struct AloneSource<'w>(&'w Alone);

impl ContextSource for AloneSource<'_> {
    fn now(&self) -> i128 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        i128::try_from(since.unwrap_or_default().as_nanos()).unwrap_or(i128::MAX)
    }

    fn random(&self) -> u64 {
        let number = self.0.thrown.fetch_add(1, Ordering::Relaxed);
        self.0.seed.hash_one(number)
    }
}
