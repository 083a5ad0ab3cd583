//! Why an entry cannot be loaded, and what a lookup comes to.

use serde_json::Value;

use crate::context::query::QueryError;
use crate::context::source::Lookup;
use crate::context::variables::TemplateError;

/// Why an entry cannot be loaded.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum EntryError {
    /// A variable of the entry has no value.
    #[error("failed to substitute variables: {0}")]
    Template(#[from] TemplateError),
    /// Its `jmesPath` fails.
    #[error("failed to apply jmespath {path}: {reason}")]
    Select {
        /// The path.
        path: String,
        /// Why.
        reason: QueryError,
    },
    /// A `variable` came to nothing.
    #[error("failed to add context entry for variable {name} since it evaluated to nil")]
    Nil {
        /// The entry.
        name: String,
    },
    /// What is asked for does not exist.
    #[error("{what} not found")]
    NotFound {
        /// What was asked for.
        what: String,
    },
    /// The world could not answer.
    #[error("failed to fetch {what}: {reason}")]
    Failed {
        /// What was asked for.
        what: String,
        /// Why.
        reason: String,
    },
    /// A namespaced policy asks for something outside its namespace.
    #[error("{what} is outside of the policy's namespace `{namespace}`")]
    OtherNamespace {
        /// What was asked for.
        what: String,
        /// The policy's namespace.
        namespace: String,
    },
    /// The entries of the policy are too large together.
    #[error("context size {size} is above the limit of {limit} bytes")]
    TooLarge {
        /// The size with this entry.
        size: usize,
        /// The limit.
        limit: usize,
    },
}

impl EntryError {
    /// Whether a key was missing, as against a query that failed or something absent in the world.
    #[must_use]
    pub fn is_missing_key(&self) -> bool {
        match self {
            EntryError::Template(error) => error.is_not_found(),
            EntryError::Select { reason, .. } => reason.is_not_found(),
            _ => false,
        }
    }
}

/// The answer of a lookup; none when nobody can be asked.
pub(super) fn answered(
    lookup: Lookup,
    what: impl Fn() -> String,
) -> Result<Option<Value>, EntryError> {
    match lookup {
        Lookup::Found(value) => Ok(Some(value)),
        Lookup::Unavailable => Ok(None),
        Lookup::NotFound => Err(EntryError::NotFound { what: what() }),
        Lookup::Failed(reason) => Err(EntryError::Failed {
            what: what(),
            reason,
        }),
    }
}
