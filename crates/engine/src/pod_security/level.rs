//! The levels of the Pod Security Standards: `privileged`, `baseline`, `restricted`.

use std::fmt;

/// How strict the standard is. Each level holds everything that the one before it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// No restriction at all.
    Privileged,
    /// Known privilege escalations are forbidden.
    Baseline,
    /// Pods are hardened as far as they can be.
    Restricted,
}

impl Level {
    /// Reads `privileged`, `baseline` or `restricted`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Level> {
        match text {
            "privileged" => Some(Level::Privileged),
            "baseline" => Some(Level::Baseline),
            "restricted" => Some(Level::Restricted),
            _ => None,
        }
    }

    /// The word of policies and namespace labels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Privileged => "privileged",
            Level::Baseline => "baseline",
            Level::Restricted => "restricted",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
