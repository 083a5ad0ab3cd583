//! What applying gave: counts, results, and what cannot be used.

use std::sync::Arc;

use portcullis_engine::{
    CompileError,
    response::{FailureAction, RuleStatus, RuleType},
};

use super::{produced::Produced, reported::Reported};
use crate::diagnostic::Diagnostic;

/// How many results there are of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Objects as the rule wants them.
    pub pass: usize,
    /// Violations.
    pub fail: usize,
    /// Violations that only warn.
    pub warn: usize,
    /// Rules that could not be evaluated.
    pub error: usize,
    /// Rules that do not apply.
    pub skip: usize,
}

impl Counts {
    pub(super) fn add(&mut self, status: RuleStatus) {
        match status {
            RuleStatus::Pass => self.pass += 1,
            RuleStatus::Fail => self.fail += 1,
            RuleStatus::Warn => self.warn += 1,
            RuleStatus::Error => self.error += 1,
            RuleStatus::Skip => self.skip += 1,
        }
    }

    pub(super) fn join(&mut self, other: Counts) {
        self.pass += other.pass;
        self.fail += other.fail;
        self.warn += other.warn;
        self.error += other.error;
        self.skip += other.skip;
    }
}

/// One rule on one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The policy, as `name` or `namespace/name`.
    pub policy: Arc<str>,
    /// The rule.
    pub rule: Arc<str>,
    /// The object, as `namespace/Kind/name`.
    pub resource: Arc<str>,
    /// What the rule does.
    pub rule_type: RuleType,
    /// How it ended.
    pub status: RuleStatus,
    /// What a violation means.
    pub action: FailureAction,
    /// What the rule says.
    pub message: Arc<str>,
    /// The text that the object stands in; empty for an object of a cluster.
    pub file: Arc<str>,
    /// The byte at which the object's document starts in the text.
    pub offset: usize,
    /// Which of a list's items the object is, where the document is a list.
    pub item: Option<usize>,
    /// Where in the object the rule failed, as `/spec/containers/0/image/`; empty where it is the
    /// object as a whole.
    pub path: String,
    /// The path in the policy of the expression in CEL that decided or has no value.
    pub expression: Option<Arc<str>>,
    /// The result as policy reports have it, where that is kept.
    pub reported: Option<Box<Reported>>,
}

/// What applying gave.
#[derive(Clone, Debug, Default)]
pub struct ApplyReport {
    /// Rules that were applied, derived ones included.
    pub rules: usize,
    /// Exceptions that were taken into account.
    pub exceptions: usize,
    /// Policies that are not applied, each with the first reason.
    pub refused: Vec<CompileError>,
    /// Objects that they were applied to.
    pub objects: usize,
    /// How many results there are of each kind.
    pub counts: Counts,
    /// The results that are kept, in the order of the files.
    pub results: Vec<Applied>,
    /// The objects that rules changed or made, in the order of the files.
    pub produced: Vec<Produced>,
    /// Files, documents and policies that cannot be used, each with its place and the reason; warnings
    /// of what is not checked are among them.
    pub errors: Vec<Diagnostic>,
}

impl ApplyReport {
    /// Adds a policy that is not applied, once, however many reasons there are. Kyverno counts it as
    /// an error.
    pub(super) fn refuse(&mut self, error: CompileError) {
        let mut refused = self.refused.iter();
        if !refused.any(|known| known.policy == error.policy) {
            self.counts.error += 1;
            self.refused.push(error);
        }
    }

    /// What many parts gave. Room for all their results is taken once: a list that doubles is held
    /// twice while it grows, and takes up to twice its length afterwards.
    pub(super) fn of(parts: Vec<ApplyReport>) -> ApplyReport {
        let mut whole = ApplyReport::default();
        let results = parts.iter().map(|part| part.results.len()).sum();
        whole.results.reserve_exact(results);
        parts.into_iter().for_each(|part| whole.join(part));
        whole
    }

    /// Adds what further objects gave.
    pub(super) fn join(&mut self, part: ApplyReport) {
        self.objects += part.objects;
        self.counts.join(part.counts);
        self.produced.extend(part.produced);
        self.errors.extend(part.errors);
        match self.results.capacity() {
            0 => self.results = part.results,
            _ => self.results.extend(part.results),
        }
    }
}
