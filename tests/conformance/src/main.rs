//! Replays public suites and golden tables, and prints a score for each.

fn main() {}
