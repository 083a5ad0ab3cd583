//! The exceptions of an environment as a ledger: who owns each, why it is there, until when, and
//! whether it is still needed.
//!
//! ```yaml
//! metadata:
//!   annotations:
//!     portcullis.io/owner: team-storage
//!     portcullis.io/ticket: SEC-1234
//!     portcullis.io/reason: the agent reads the node's logs
//!     portcullis.io/expires: "2027-06-30"
//! ```
//!
//! Each rule that an exception names is evaluated all the same, on the resources at hand: those of
//! the environment's suites, those in its folder `resources/`, and those that the caller brings.

mod at_hand;
mod facts;
mod need;
mod reading;
mod words;

use std::sync::Arc;

use portcullis_engine::exceptions::Nanoseconds;
use portcullis_schema::Catalogue;
use portcullis_yaml::{Limits, Mode};
use serde_json::Value;

pub use self::at_hand::FOLDER as RESOURCES_FOLDER;
use self::{at_hand::AtHand, reading::Reading};
use crate::{
    diagnostic::{Diagnostic, Place, SourceFile},
    library::Library,
    offline::places,
    render::Bundle,
    workspace::Workspace,
};

/// The exceptions of an environment, and what is wrong with them.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// The exceptions that can be read, in the order of their files.
    pub exceptions: Vec<LedgerException>,
    /// Faults, expired and needless exceptions.
    pub findings: Vec<Diagnostic>,
}

/// One exception.
#[derive(Clone, Debug)]
pub struct LedgerException {
    /// The environment.
    pub environment: String,
    /// `namespace/name`, or `name` without a namespace.
    pub name: String,
    /// Who answers for it.
    pub owner: String,
    /// The ticket that asks for it.
    pub ticket: String,
    /// Why it is there.
    pub reason: String,
    /// When it stops to hold, as written.
    pub expires: String,
    /// Whether that is over.
    pub is_expired: bool,
    /// The resources that it is for, in words.
    pub matches: String,
    /// What it lets these resources off.
    pub covers: Vec<Covered>,
    /// Its name in its file.
    pub place: Place,
    /// Its expiry in its file.
    pub expiry_place: Place,
}

/// Rules of one policy that an exception lets off.
#[derive(Clone, Debug)]
pub struct Covered {
    /// The policy, as the exception names it.
    pub policy: String,
    /// The rules, as the exception names them.
    pub rules: Vec<String>,
    /// Whether the environment has such a policy, with such a rule.
    pub names_rules: bool,
    /// Whether this is still needed.
    pub need: Need,
    /// Why it is judged so.
    pub because: String,
    /// Where the exception says so.
    pub place: Place,
}

/// Whether an exception is still needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing that it is for is at hand, or a rule cannot be evaluated.
    Unknown,
    /// What it is for is at hand, and passes without it.
    Needless,
    /// Something that it is for would fail without it.
    Needed,
}

impl Need {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Need::Unknown => "unknown",
            Need::Needless => "needless",
            Need::Needed => "needed",
        }
    }
}

impl LedgerException {
    /// Whether any of it is needed; unknown where that is so of a part and nothing is needed.
    #[must_use]
    pub fn need(&self) -> Need {
        let is = |need| self.covers.iter().any(|covered| covered.need == need);
        if is(Need::Needed) {
            Need::Needed
        } else if is(Need::Unknown) || self.covers.is_empty() {
            Need::Unknown
        } else {
            Need::Needless
        }
    }
}

/// The ledger of an environment at a time, with the kinds of its Kubernetes version; `further` are
/// resources at hand besides its own.
#[must_use]
pub fn of(
    workspace: &Workspace,
    library: &Library,
    (bundle, catalogue): (&Bundle, &Arc<Catalogue>),
    further: &[Value],
    now: Nanoseconds,
) -> Ledger {
    let mut ledger = Ledger::default();
    if bundle.exceptions.is_empty() {
        return ledger;
    }
    let (at_hand, faults) = AtHand::of(workspace, library, bundle, further);
    ledger.findings.extend(faults);
    for file in &bundle.exceptions {
        ledger.add_file((bundle, catalogue), file, &at_hand, now);
    }
    ledger
}

impl Ledger {
    /// Adds every document of a file.
    fn add_file(
        &mut self,
        (bundle, catalogue): (&Bundle, &Arc<Catalogue>),
        file: &SourceFile,
        at_hand: &AtHand,
        now: Nanoseconds,
    ) {
        let mut is_empty = true;
        for document in portcullis_yaml::documents(&file.text) {
            match document.read_document(Mode::Strict, &Limits::default()) {
                Ok(read) if read.value.is_null() => continue,
                Ok(read) => {
                    let reading = Reading {
                        bundle,
                        file,
                        document: &read,
                        text: document.text.as_ref(),
                        offset: document.offset,
                        catalogue,
                    };
                    self.add(&reading, at_hand, now);
                }
                Err(error) => self.findings.push(places::not_yaml(file, &error)),
            }
            is_empty = false;
        }
        if is_empty {
            self.findings
                .push(facts::no_exception(Place::whole(file.clone())));
        }
    }

    fn add(&mut self, reading: &Reading<'_>, at_hand: &AtHand, now: Nanoseconds) {
        self.findings.extend(facts::check(reading));
        let Some((exception, unknown)) = reading.judge(at_hand, now) else {
            return;
        };
        self.findings.extend(facts::expiry(&exception, now));
        self.findings.extend(unknown);
        if !exception.is_expired {
            self.findings.extend(need::findings(&exception));
        }
        self.exceptions.push(exception);
    }
}
