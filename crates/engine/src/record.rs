//! What a recorder may note while rules are evaluated.
//!
//! `explain`, coverage and "why was this not matched?" are readings of what is recorded. A recorder
//! is a generic parameter: [`Silent`] compiles to nothing.

use serde_json::Value;

use crate::{policy_info::PolicyInfo, response::RuleStatus};

/// Notes decisions.
pub trait Recorder {
    /// Whether anybody reads the notes of conditions, which cost something to make.
    const LISTENS: bool = false;

    /// A policy is asked from here on.
    fn asked(&mut self, policy: &PolicyInfo) {
        let _ = policy;
    }

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

    /// What a leaf of a pattern read, and whether it matches. Only those are noted that were looked at.
    fn leaf(&mut self, rule: &str, place: Place<'_>, leaf: Leaf) {
        let _ = (rule, place, leaf);
    }

    /// Whether an exception, as `namespace/name`, lets the request off.
    fn exception(&mut self, rule: &str, exception: &str, holds: bool) {
        let _ = (rule, exception, holds);
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

/// A leaf of a pattern that was compared: a scalar, or an anchor that decides by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaf {
    /// Where in the object, as `/spec/containers/0/image/`.
    pub path: String,
    /// The pattern's key as it is written, with its anchor; empty at the root.
    pub key: String,
    /// What the pattern wants.
    pub wanted: Value,
    /// What the object has; none where it has nothing there.
    pub found: Option<Value>,
    /// Whether it matches.
    pub matches: bool,
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

impl Place<'_> {
    /// The preconditions there, for their notes.
    #[must_use]
    pub(crate) fn preconditions(self) -> impl std::fmt::Display {
        std::fmt::from_fn(move |out| write!(out, "{self} preconditions"))
    }
}

impl std::fmt::Display for Place<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Place::Pattern("") => write!(out, "pattern"),
            Place::Pattern(path) => write!(out, "pattern at {path}"),
            Place::AnyPattern(index) => write!(out, "anyPattern[{index}]"),
            Place::Deny => write!(out, "deny"),
            Place::PodSecurity => write!(out, "podSecurity"),
            Place::Element(list, index) => write!(out, "foreach[{list}], element {index}"),
        }
    }
}

/// Notes nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Recorder for Silent {}
