//! What a command found, before it takes a format: rows of results, findings and counts.

use portcullis_pipeline::diagnostic::{Diagnostic, Place};
use serde_json::Value;

/// How one row ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowResult {
    /// As wanted.
    Pass,
    /// Not as wanted.
    Fail,
    /// Worth a look.
    Warn,
    /// Could not be evaluated.
    Error,
    /// Did not apply.
    Skip,
}

impl RowResult {
    /// The word in machine formats.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            RowResult::Pass => "pass",
            RowResult::Fail => "fail",
            RowResult::Warn => "warn",
            RowResult::Error => "error",
            RowResult::Skip => "skip",
        }
    }

    /// Whether the command fails for it.
    #[must_use]
    pub fn is_bad(self) -> bool {
        matches!(self, RowResult::Fail | RowResult::Error)
    }
}

/// One policy, rule and resource.
#[derive(Clone, Debug)]
pub struct Row {
    /// The suite; empty where there is none.
    pub suite: String,
    /// The policy.
    pub policy: String,
    /// The rule; empty for a policy without rules.
    pub rule: String,
    /// The resource.
    pub resource: String,
    /// How it ended.
    pub result: RowResult,
    /// Why, in a few words.
    pub reason: String,
    /// What the policy says.
    pub message: String,
    /// Where it is written.
    pub place: Option<Place>,
}

impl Row {
    /// The row in a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let parts = [&self.policy, &self.rule, &self.resource];
        let parts: Vec<&str> = parts
            .into_iter()
            .map(String::as_str)
            .filter(|part| !part.is_empty())
            .collect();
        format!("{}: {}", parts.join(" "), self.said())
    }

    /// The reason, and what the policy says.
    #[must_use]
    pub fn said(&self) -> String {
        let said = [self.reason.as_str(), &self.message].into_iter();
        let said: Vec<&str> = said.filter(|part| !part.is_empty()).collect();
        said.join(": ")
    }
}

/// What a command found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The command.
    pub command: &'static str,
    /// Counts, in the order in which they are told.
    pub counts: Vec<(&'static str, usize)>,
    /// One row per policy, rule and resource.
    pub rows: Vec<Row>,
    /// For people: whether rows show their messages.
    pub detailed: bool,
    /// What is wrong with files.
    pub findings: Vec<Diagnostic>,
    /// For people: a table of what was done, its head first.
    pub overview: Vec<Vec<String>>,
    /// For machines: what only this command has, with its name.
    pub further: Option<(&'static str, Value)>,
}
