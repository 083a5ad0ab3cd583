//! Policies and a request in, verdicts out.
//!
//! ```text
//! load → autogen → compile → [index] → evaluate → response → verdict → report
//! ```
#![warn(clippy::disallowed_methods)]

pub mod autogen;
pub mod cel;
pub mod compile;
pub mod compile_options;
pub mod conditions;
pub mod context;
pub mod evaluate;
pub mod evaluation;
pub mod exceptions;
pub mod generate;
pub mod index;
pub mod lint;
pub mod load;
pub mod matching;
pub mod patch;
pub mod pattern;
pub mod pod_security;
pub mod policies;
pub mod policy_info;
pub mod record;
pub mod report;
pub mod request;
pub mod response;
pub mod translate;
pub mod ttl;
pub mod verdict;
pub mod verified_images;

pub use compile::{CompiledPolicy, PolicySet, compile};
pub use compile_options::{CompileError, CompileOptions};
pub use evaluate::{evaluate, mutate, validate};
