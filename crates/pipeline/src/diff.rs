//! What changes between two states of a workspace: per environment the policies and exceptions that
//! are added, removed or changed, and whether that is stricter or looser, where it can be told.
//!
//! What is compared is what an environment gets: the rendered policies. So a change of a value or of an
//! exclusion in `environment.yaml` shows as a change of the policies that it reaches.

mod cel;
mod conditions;
mod exceptions;
mod filters;
mod images;
mod overrides;
mod pattern;
mod pod_security;
mod policy;
mod revision;
mod rule;
mod selector;

use std::collections::BTreeSet;

use crate::{diagnostic::Place, render::Bundle};

pub use revision::{Revision, RevisionFolder};

/// What a change does to what is let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// Less is let through, or more is reported.
    Stricter,
    /// More is let through, or less is reported.
    Looser,
    /// It cannot be told.
    Unclear,
    /// It makes no difference to what is let through.
    Neither,
}

/// What changed in a rule: the field's path, in words, and what that does.
type Told = (String, String, Direction);

impl Direction {
    /// The word for people and machines.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Direction::Stricter => "stricter",
            Direction::Looser => "looser",
            Direction::Unclear => "unclear",
            Direction::Neither => "neither",
        }
    }

    /// What to say of a change that is looser, stricter, or neither of them alone.
    fn choose(self, [looser, stricter, other]: [&str; 3]) -> &str {
        match self {
            Direction::Looser => looser,
            Direction::Stricter => stricter,
            Direction::Unclear | Direction::Neither => other,
        }
    }

    fn flipped(self) -> Direction {
        match self {
            Direction::Stricter => Direction::Looser,
            Direction::Looser => Direction::Stricter,
            other => other,
        }
    }

    /// What a change of a list does, of which one more item does this.
    fn of_lists<T: PartialEq>(before: &[T], after: &[T], one_more: Direction) -> Direction {
        let within = |few: &[T], many: &[T]| few.iter().all(|one| many.contains(one));
        Direction::of_sets(within(before, after), within(after, before), one_more)
    }

    /// The same, told by whether the first is within the second, and the second within the first.
    fn of_sets(grown: bool, shrunk: bool, one_more: Direction) -> Direction {
        match (grown, shrunk) {
            (true, true) => Direction::Neither,
            (true, false) => one_more,
            (false, true) => one_more.flipped(),
            (false, false) => Direction::Unclear,
        }
    }

    /// Two changes of one thing as one.
    fn and(self, other: Direction) -> Direction {
        match (self, other) {
            (Direction::Neither, one) | (one, Direction::Neither) => one,
            (one, other) if one == other => one,
            _ => Direction::Unclear,
        }
    }
}

/// How the two states differ in something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Only the second state has it.
    Added,
    /// Only the first state has it.
    Removed,
    /// Both have it, and it differs.
    Changed,
}

impl Kind {
    /// The word for people and machines.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Kind::Added => "added",
            Kind::Removed => "removed",
            Kind::Changed => "changed",
        }
    }
}

/// One thing that changed in a policy or an exception.
#[derive(Clone, Debug)]
pub struct Change {
    /// What, in a few words.
    pub what: String,
    /// What it does.
    pub direction: Direction,
    /// Where the second state says so, or the first where the second has nothing to show.
    pub place: Option<Place>,
    /// Whether it is about what is judged or let off: where its direction cannot be told, part of what
    /// was judged may not be any more.
    pub is_reach: bool,
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A policy of the library.
    Policy,
    /// An exception of the environment.
    Exception,
}

impl Subject {
    /// The word for people and machines.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Subject::Policy => "policy",
            Subject::Exception => "exception",
        }
    }
}

/// A policy or exception that differs.
#[derive(Clone, Debug)]
pub struct Difference {
    /// What it is.
    pub subject: Subject,
    /// `<set>/<policy>`, or the exception's namespace and name.
    pub name: String,
    /// How it differs.
    pub kind: Kind,
    /// What changed, in the order of the document.
    pub changes: Vec<Change>,
}

impl Difference {
    /// What its changes do, each kind once; empty when none makes a difference.
    #[must_use]
    pub fn directions(&self) -> BTreeSet<Direction> {
        let directions = self.changes.iter().map(|change| change.direction);
        directions
            .filter(|one| *one != Direction::Neither)
            .collect()
    }
}

/// What changes in one environment.
#[derive(Clone, Debug)]
pub struct EnvironmentDiff {
    /// The environment's name.
    pub environment: String,
    /// Whether the environment itself is added or removed.
    pub kind: Kind,
    /// The policies by name, then the exceptions.
    pub differences: Vec<Difference>,
}

/// Compares two states of a workspace, environment by environment: those of the second state in its
/// order, then those that only the first has. An environment without a difference is among them.
#[must_use]
pub fn compare(before: &[Bundle], after: &[Bundle]) -> Vec<EnvironmentDiff> {
    let kept = after
        .iter()
        .map(|bundle| environment(find(before, &bundle.environment), Some(bundle)));
    let gone = before
        .iter()
        .filter(|bundle| find(after, &bundle.environment).is_none())
        .map(|bundle| environment(Some(bundle), None));
    kept.chain(gone).collect()
}

fn find<'b>(bundles: &'b [Bundle], name: &str) -> Option<&'b Bundle> {
    bundles.iter().find(|bundle| bundle.environment == name)
}

fn environment(before: Option<&Bundle>, after: Option<&Bundle>) -> EnvironmentDiff {
    let name = after.or(before).map(|bundle| bundle.environment.clone());
    let mut differences = policy::differences(before, after);
    differences.extend(exceptions::differences(before, after));
    EnvironmentDiff {
        environment: name.unwrap_or_default(),
        kind: match (before, after) {
            (None, _) => Kind::Added,
            (_, None) => Kind::Removed,
            _ => Kind::Changed,
        },
        differences,
    }
}
