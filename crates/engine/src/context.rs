//! What the expressions of a rule can read, and where it comes from.

pub mod source;
