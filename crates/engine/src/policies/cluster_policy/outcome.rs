//! How a check ended, and where it is made.

use std::sync::Arc;

use portcullis_values::Val;

use crate::response::RuleStatus;

/// How a check ended.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    /// The status.
    pub(super) status: RuleStatus,
    /// What it says.
    pub(super) message: Arc<str>,
    /// Where in the object; empty where there is no such place.
    pub(super) path: String,
}

impl Outcome {
    /// An outcome without a place.
    #[must_use]
    pub(super) fn new(status: RuleStatus, message: impl Into<Arc<str>>) -> Outcome {
        Outcome {
            status,
            message: message.into(),
            path: String::new(),
        }
    }

    /// An error: what was tried and why it failed.
    #[must_use]
    pub(super) fn error(what: &str, reason: &dyn std::fmt::Display) -> Outcome {
        Outcome::new(RuleStatus::Error, format!("{what}: {reason}"))
    }
}

/// Where a body is evaluated: the element of the innermost loop that patterns look at, and how
/// many loops are around.
#[derive(Clone, Debug, Default)]
pub(super) struct Frame<'a> {
    /// The element.
    pub(super) element: Option<Val<'a>>,
    /// How many loops are around.
    pub(super) nesting: usize,
}
