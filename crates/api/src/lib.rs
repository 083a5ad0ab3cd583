//! Policy, exception, test and workspace resources as Rust types.
#![warn(clippy::disallowed_methods)]
