//! How a command ends: 0 success, 1 a policy or test failed, 2 the tool could not do it.

use portcullis_pipeline::diagnostic::{Diagnostic, Severity};

/// How a command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExitStatus {
    /// Everything is as it should be.
    Success,
    /// A policy, a test or a check failed.
    Failure,
    /// The command could not do its work: a file cannot be read, an argument is wrong.
    Error,
    /// A code that the user asked for, such as `--warn-exit-code` does.
    Code(u8),
}

impl ExitStatus {
    /// How a check ends that has found this.
    #[must_use]
    pub fn of(findings: &[Diagnostic]) -> ExitStatus {
        let errors = findings
            .iter()
            .filter(|one| one.severity == Severity::Error);
        let worst = errors.map(|one| {
            if one.unusable {
                ExitStatus::Error
            } else {
                ExitStatus::Failure
            }
        });
        worst.max().unwrap_or(ExitStatus::Success)
    }

    /// The process's exit code.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            ExitStatus::Success => 0,
            ExitStatus::Failure => 1,
            ExitStatus::Error => 2,
            ExitStatus::Code(code) => code,
        }
    }
}
