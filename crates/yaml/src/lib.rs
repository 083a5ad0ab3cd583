//! YAML as Kubernetes reads it, with the byte span of every node.
//!
//! Kubernetes reads YAML 1.1: `on` is a boolean, `0755` is 493, a key may stand twice. A tool that
//! reads a manifest in another way can be walked around, so this reader gives the same value, or
//! refuses where Kubernetes refuses, in three modes ([`Mode`]).
//!
//! ```
//! use portcullis_yaml::{Limits, Mode, documents, read};
//!
//! let file = "on: 0755\n---\nkind: Pod\n";
//! let values: Vec<_> = documents(file)
//!     .map(|document| document.read(Mode::Lenient, &Limits::default()))
//!     .collect::<Result<_, _>>()
//!     .expect("both are YAML");
//! assert_eq!(values, [serde_json::json!({"true": 493}), serde_json::json!({"kind": "Pod"})]);
//! assert!(read("a: {{ x }}", Mode::Lenient, &Limits::default()).is_err());
//! ```
//!
//! The way of a text: `scanner` (tokens) → `events` (grammar) → `direct` (values, the fast path)
//! or `node` and `decode` (aliases, merges, tags, spans); `resolve` says what a scalar means. The way
//! back is `write`.
#![warn(clippy::disallowed_methods)]

mod characters;
mod decode;
mod direct;
mod documents;
mod error;
mod events;
mod limits;
mod node;
mod resolve;
mod scalar_place;
mod scanner;
mod spans;
mod write;

use serde_json::Value;

pub use characters::from_bytes;
pub use documents::{RawDocument, documents};
pub use error::{YamlError, line_column};
pub use limits::Limits;
pub use scalar_place::place_in_scalar;
pub use spans::{PathSegment, SpanTree};
pub use write::{write, write_document};

use direct::Stop;
use error::Fault;
use events::Events;
use limits::Budget;

/// Which reader's rules hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// As `kubectl` and the API server read manifests: the last of two equal keys wins.
    Lenient,
    /// The same, but a key that stands twice is an error.
    Strict,
    /// As Kyverno reads templates and payloads: `yes` is text, dates are RFC 3339, a key that
    /// stands twice is an error, all keys are text.
    V3,
}

impl Mode {
    /// How far the reader looks ahead: what stands there may be an error.
    fn lookahead(self) -> usize {
        match self {
            Mode::Lenient | Mode::Strict => 0,
            Mode::V3 => 2,
        }
    }
}

/// A document's value, and where each part of it stands.
#[derive(Clone, Debug)]
pub struct Document {
    /// The value.
    pub value: Value,
    /// The place of each value and key.
    pub spans: SpanTree,
}

/// Reads the first document of a text.
///
/// # Errors
///
/// The text is not YAML that Kubernetes reads, or exceeds a limit.
pub fn read(text: &str, mode: Mode, limits: &Limits) -> Result<Value, YamlError> {
    read_value(text, mode, limits).map_err(|fault| YamlError::new(text, fault))
}

/// Reads the first document of a text, with the place of each value and key.
///
/// # Errors
///
/// The text is not YAML that Kubernetes reads, or exceeds a limit.
pub fn read_document(text: &str, mode: Mode, limits: &Limits) -> Result<Document, YamlError> {
    read_tree(text, mode, limits).map_err(|fault| YamlError::new(text, fault))
}

fn read_value(text: &str, mode: Mode, limits: &Limits) -> Result<Value, Fault> {
    let mut budget = Budget::new(limits);
    budget.text(text)?;
    characters::check(text)?;
    match direct::read(&mut Events::new(text, mode.lookahead()), mode, &mut budget) {
        Ok(value) => Ok(value),
        Err(Stop::Fault(fault)) => Err(fault),
        Err(Stop::NeedsTree) => read_tree(text, mode, limits).map(|document| document.value),
    }
}

fn read_tree(text: &str, mode: Mode, limits: &Limits) -> Result<Document, Fault> {
    let mut budget = Budget::new(limits);
    budget.text(text)?;
    characters::check(text)?;
    let tree = node::compose(&mut Events::new(text, mode.lookahead()), &mut budget)?;
    let (value, spans) = decode::decode(&tree, mode, &mut Budget::new(limits))?;
    Ok(Document {
        value,
        spans: SpanTree::new(spans),
    })
}
