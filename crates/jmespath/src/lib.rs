//! Kyverno's dialect of JMESPath.
#![warn(clippy::disallowed_methods)]
