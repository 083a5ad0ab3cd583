//! How a command ends: 0 success, 1 a policy or test failed, 2 the tool could not do it.

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
