//! Replays public suites and golden tables.
#![allow(
    clippy::indexing_slicing,
    reason = "a JSON value answers null for what it has not"
)]

pub mod apply_results;
pub mod cel_types;
pub mod generated_policies;
pub mod goldens;
pub mod pod_security;
pub mod replay;
pub mod score;
pub mod suites;
