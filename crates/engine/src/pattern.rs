//! Patterns: the shape that `validate.pattern` wants an object to have.
//!
//! A pattern is a partial object. A map of the pattern asks for each of its keys, the first
//! element of a list is asked of every element of the object's list, a scalar is compared by
//! [`scalar`], and anchors around keys change how a key is looked at ([`anchor`]):
//!
//! ```yaml
//! spec:
//!   containers:
//!   - (image): "*:latest"
//!     imagePullPolicy: "!IfNotPresent"
//! ```
//!
//! Where a list pattern holds lists, elements are compared by position. Keys of
//! `metadata.labels` and `metadata.annotations` may be wildcards.

use portcullis_values::Val;
use serde_json::Value;

use crate::record::Leaf;
use crate::request::NumberModel;

pub mod anchor;
mod comparison;
mod decide;
mod evaluate;
pub(crate) mod go_text;
mod mismatch;
pub(crate) mod node;
pub(crate) mod number;
pub(crate) mod operator;
mod outcome;
pub mod scalar;
mod tags;
pub(crate) mod view;

pub use outcome::PatternOutcome;
pub use scalar::{ScalarPattern, scalar_matches};

/// A pattern, read once.
#[derive(Clone, Debug)]
pub struct Pattern {
    root: node::Node,
}

impl Pattern {
    /// Reads a pattern. Every JSON value is a pattern; one that is nested too deep gives an error
    /// when it is evaluated.
    #[must_use]
    pub fn compile(pattern: &Value) -> Pattern {
        Pattern {
            root: node::Node::compile(pattern),
        }
    }

    /// Compares an object with the pattern. Nothing is allocated when an object that is borrowed JSON
    /// passes, wildcards in keys apart.
    #[must_use]
    pub fn evaluate(&self, resource: &Val<'_>, numbers: NumberModel) -> PatternOutcome {
        evaluate::evaluate(&self.root, resource, numbers)
    }

    /// Whether an object is known to pass without a walk that could word a difference: what is not
    /// known to pass is to be evaluated.
    #[must_use]
    pub fn surely_passes(&self, resource: &Val<'_>, numbers: NumberModel) -> bool {
        decide::matches(&self.root, resource, numbers)
    }

    /// As [`Pattern::evaluate`], for an object that does not surely pass.
    #[must_use]
    pub fn walk(&self, resource: &Val<'_>, numbers: NumberModel) -> PatternOutcome {
        evaluate::walk(&self.root, resource, numbers)
    }

    /// As [`Pattern::evaluate`], with every leaf that was looked at, in order.
    #[must_use]
    pub fn evaluate_noted(
        &self,
        resource: &Val<'_>,
        numbers: NumberModel,
    ) -> (PatternOutcome, Vec<Leaf>) {
        evaluate::evaluate_noted(&self.root, resource, numbers)
    }
}

#[cfg(test)]
mod tests;
