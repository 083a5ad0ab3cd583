//! Why an object does not match a pattern.

use super::PatternOutcome;

/// Why the object does not match.
pub(super) struct Mismatch {
    pub(super) kind: Kind,
    pub(super) report: Box<Report>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The object violates the pattern.
    Plain,
    /// The object has a key that must be absent.
    Negation,
    /// The pattern does not apply.
    Skip,
    /// The same, as a global anchor said.
    GlobalSkip,
}

impl Kind {
    pub(super) fn is_skip(self) -> bool {
        matches!(self, Kind::Skip | Kind::GlobalSkip)
    }
}

pub(super) struct Report {
    pub(super) path: String,
    pub(super) message: String,
}

impl Mismatch {
    pub(super) fn outcome(self, misses_a_key: bool) -> PatternOutcome {
        let Report { path, message } = *self.report;
        match self.kind {
            Kind::Skip | Kind::GlobalSkip => PatternOutcome::Skip { message },
            Kind::Plain if misses_a_key || path.is_empty() => PatternOutcome::Error { message },
            Kind::Plain | Kind::Negation => PatternOutcome::Fail { path, message },
        }
    }

    pub(super) fn into_message(self) -> String {
        self.report.message
    }
}

/// What was left out of a map or a list, in one answer.
#[derive(Default)]
pub(super) struct Skipped(Option<Mismatch>);

impl Skipped {
    pub(super) fn add(&mut self, other: Mismatch) {
        match &mut self.0 {
            None => {
                self.0 = Some(Mismatch {
                    kind: Kind::Skip,
                    ..other
                });
            }
            Some(Mismatch { report, .. }) => {
                report.message.push_str("; ");
                report.message.push_str(&other.into_message());
            }
        }
    }

    /// What was left out decides, unless something else applies.
    pub(super) fn unless(self, applies: bool) -> Result<(), Mismatch> {
        match self.0 {
            Some(mismatch) if !applies => Err(mismatch),
            _ => Ok(()),
        }
    }
}
