//! Replays public suites and golden tables.

pub mod goldens;
