//! Policy, exception, test and workspace resources as Rust types.
//!
//! A file is a kind, and a type has the fields of its CustomResourceDefinition: optional ones are `Option`, lists
//! whose absence means something else than emptiness are `Option<Vec<…>>`, fields of any type are
//! [`serde_json::Value`]. Serialising leaves out what is absent, so that reading what was written gives the
//! same again. An unknown field is an error.
//!
//! A loader that wants the path of an error wraps the deserialiser: `serde_path_to_error::deserialize(&value)`
//! gives `error.path()` and `error.inner()`. No type here is flattened, untagged or internally tagged, which
//! would lose the path.
#![warn(clippy::disallowed_methods)]
#![deny(missing_docs)]

pub mod cel_expression;
pub mod cluster_policy;
mod constraints;
pub mod label_selector;
pub mod metadata;
pub mod policy_exception;
pub mod status;
