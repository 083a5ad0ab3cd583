//! The admission webhook: an AdmissionReview in, the policies' answer out.
//!
//! ```text
//! server → path → admission (review) → answering → engine → admission (answer) → server
//! ```
//!
//! What is served comes from [`served`]: a set of policies that is swapped as a whole, and a world
//! that they ask. Only [`admission`] knows the wire form of the API server.

pub mod admission;
pub mod answering;
pub mod certificates;
pub mod command_line;
pub mod configuration;
pub mod configurations;
pub mod controller;
pub mod exception_rules;
mod loaded;
pub mod log;
pub mod metrics;
pub mod path;
pub mod policy_admission;
pub mod policy_files;
pub mod readiness;
pub mod reports;
pub mod scan;
pub mod served;
pub mod server;
pub mod world;
