//! What a recorder may note while rules are evaluated.
//!
//! `explain`, coverage and "why was this not matched?" are readings of what is recorded. A recorder
//! is a generic parameter: [`Silent`] compiles to nothing.

use serde_json::Value;

use crate::response::RuleStatus;

/// Notes decisions.
pub trait Recorder {
    /// Whether anybody reads the notes of conditions, which cost something to make.
    const LISTENS: bool = false;

    /// What a condition read, and whether it holds. Only those are noted that the answer needs.
    fn condition(&mut self, rule: &str, note: ConditionNote) {
        let _ = (rule, note);
    }

    /// Whether a rule is about the request.
    fn matched(&mut self, policy: &str, rule: &str, matched: bool) {
        let _ = (policy, rule, matched);
    }

    /// Whether the preconditions of a rule or of a loop's element hold.
    fn preconditions(&mut self, rule: &str, hold: bool) {
        let _ = (rule, hold);
    }

    /// What the check of a rule, or of a loop's element, decided.
    fn checked(&mut self, rule: &str, place: Place<'_>, status: RuleStatus) {
        let _ = (rule, place, status);
    }

    /// How a rule ended; none when it gives no response.
    fn ended(&mut self, policy: &str, rule: &str, status: Option<RuleStatus>) {
        let _ = (policy, rule, status);
    }
}

/// A condition that was decided.
#[derive(Clone, Debug, PartialEq)]
pub struct ConditionNote {
    /// Which one, such as `preconditions.all[0]`.
    pub place: String,
    /// What it came to.
    pub decision: Decision,
}

/// What a condition came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// It could be decided.
    Holds {
        /// The key, its variables replaced.
        key: Value,
        /// The operator.
        operator: String,
        /// The value, its variables replaced.
        value: Value,
        /// Whether it holds.
        holds: bool,
    },
    /// It could not.
    Error(String),
}

/// Which part of a rule decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// `pattern`, and where in the object it failed.
    Pattern(&'a str),
    /// `anyPattern`, by number.
    AnyPattern(usize),
    /// `deny`.
    Deny,
    /// `podSecurity`.
    PodSecurity,
    /// An element of a `foreach`: number of the loop and of the element.
    Element(usize, usize),
}

/// Notes nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Recorder for Silent {}
