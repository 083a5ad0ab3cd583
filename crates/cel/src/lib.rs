//! CEL as Kubernetes and Kyverno speak it.
//!
//! ```text
//! text → syntax (parser, macros) → checker → lower (slots, folded constants) → interpreter + cost
//! ```
//!
//! An environment says which variables, types, functions and macros an
//! expression may use; it compiles text to a program, which is evaluated many
//! times on borrowed values. Functions live in `library`, one file per family; the world is reached
//! through [`Host`](host::Host) only.
#![warn(clippy::disallowed_methods)]

pub mod checked;
mod checker;
mod compile;
pub mod declaration;
mod effort;
pub mod environment;
pub mod error;
mod evaluation;
pub mod function;
pub mod host;
mod interpreter;
pub mod library;
mod lower;
pub mod message;
pub mod mutation;
mod patterns;
pub mod program;
mod rendering;
pub mod syntax;
pub mod types;
pub mod validators;
pub mod value;
mod well_known;
