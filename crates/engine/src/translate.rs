//! Policies as policies of another kind: those that the API server evaluates itself, and newer kinds.
//!
//! What a translation cannot say exactly it does not say: the policy comes back with each place that
//! stands in the way, and the reason.

mod cel_text;
pub mod native;
mod resource_rules;
pub mod validating;

/// What keeps a policy, or a rule of one, from being translated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{path}`: {reason}")]
pub struct Obstacle {
    /// The path inside the policy, such as `spec.rules[0].exclude`; empty for the policy as a whole.
    pub path: String,
    /// Why this cannot be translated.
    pub reason: String,
}

impl Obstacle {
    pub(crate) fn new(path: impl Into<String>, reason: impl Into<String>) -> Obstacle {
        Obstacle {
            path: path.into(),
            reason: reason.into(),
        }
    }
}
