//! From a revision of a git repository to what a cluster holds.
//!
//! What is to be written is decided by [`plan::plan`], a function of what is wanted, what was written
//! before and what is there: it asks nobody, and says the same whenever it is asked the same.

pub mod allowance;
pub mod annotations;
pub mod claims;
pub mod command_line;
pub mod controller;
pub mod inventory;
pub mod metrics;
pub mod object;
pub mod ownership;
pub mod plan;
pub mod ready;
pub mod reconcile;
pub mod revision;
pub mod seen;
pub mod source;
pub mod stage;
pub mod store;
pub mod sync_error;
pub mod weakening;
mod world;
