//! JSON values as the policy languages see them, and Kubernetes' scalar types.
#![warn(clippy::disallowed_methods)]

mod val;

pub use val::{List, Map, Opaque, Str, Val};
