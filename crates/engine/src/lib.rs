//! Policies and a request in, verdicts out.
#![warn(clippy::disallowed_methods)]

pub mod autogen;
pub mod conditions;
pub mod exceptions;
pub mod index;
pub mod matching;
pub mod pattern;
pub mod pod_security;
pub mod request;
pub mod response;
