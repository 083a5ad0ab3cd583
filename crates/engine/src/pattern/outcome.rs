//! How an object stands to a pattern.

use crate::response::RuleStatus;

/// The answer of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PatternOutcome {
    /// The object matches.
    Pass,
    /// The object does not match.
    Fail {
        /// Where, as `/spec/containers/0/image/`.
        path: String,
        /// Why, as Kyverno words it.
        message: String,
    },
    /// A conditional or global anchor says that the pattern does not apply.
    Skip {
        /// Why, as Kyverno words it.
        message: String,
    },
    /// The object does not match, and the place cannot be told: a key with a conditional or
    /// existence anchor is nowhere in the object, or lists differ in length.
    Error {
        /// Why, as Kyverno words it.
        message: String,
    },
}

impl PatternOutcome {
    /// The answer in one word.
    #[must_use]
    pub fn status(&self) -> RuleStatus {
        match self {
            PatternOutcome::Pass => RuleStatus::Pass,
            PatternOutcome::Fail { .. } => RuleStatus::Fail,
            PatternOutcome::Skip { .. } => RuleStatus::Skip,
            PatternOutcome::Error { .. } => RuleStatus::Error,
        }
    }
}
