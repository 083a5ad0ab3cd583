//! A suite of the library, run for one rendering of its policy.

use crate::{render::RenderedPolicy, suite::SuiteOutcome};

/// A suite and the rendering that it ran for.
#[derive(Clone, Debug, Default)]
pub struct SuiteRun {
    /// `<set>/<policy>`; the suite's name where it is none of the library.
    pub policy: String,
    /// The policy; none for a suite outside the library.
    pub rendered: Option<RenderedPolicy>,
    /// `defaults`, or the environments that share the rendering.
    pub renderings: Vec<String>,
    /// What it gave.
    pub outcomes: Vec<SuiteOutcome>,
}

impl SuiteRun {
    /// Whether it ran for the defaults or an environment of that name.
    #[must_use]
    pub fn is_for(&self, name: &str) -> bool {
        self.renderings.iter().any(|rendering| rendering == name)
    }

    /// Whether every row passed.
    #[must_use]
    pub fn is_green(&self) -> bool {
        !self.outcomes.is_empty() && self.outcomes.iter().all(SuiteOutcome::is_green)
    }
}
