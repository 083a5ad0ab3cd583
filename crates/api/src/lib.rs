//! Policy, exception, test and workspace resources as Rust types.
//!
//! A file is a kind, and a type has the fields of its CustomResourceDefinition: optional ones are `Option`, lists
//! whose absence means something else than emptiness are `Option<Vec<…>>`, fields of any type are
//! [`serde_json::Value`]. Serialising leaves out what is absent, so that reading what was written gives the
//! same again. An unknown field is an error.
//!
//! [`read::read`] reads a value and names the path of a mistake. No type here is flattened, untagged or
//! internally tagged, which would lose the path.
#![warn(clippy::disallowed_methods)]
#![deny(missing_docs)]

pub mod admission_policy;
mod case_insensitive;
pub mod cel_expression;
pub mod cel_policy;
pub mod cel_policy_exception;
pub mod cleanup_policy;
pub mod cluster_policy;
pub mod cluster_resource;
mod constraints;
pub mod context_file;
pub mod custom_resources;
pub mod deleting_policy;
pub mod environment;
pub mod generating_policy;
pub mod global_context_entry;
pub mod image_validating_policy;
pub mod label_selector;
pub mod match_constraints;
pub mod metadata;
pub mod mutating_policy;
pub mod open_report;
pub mod origin;
pub mod parameters;
pub mod policy_exception;
pub mod policy_report;
pub mod policy_source;
pub mod read;
pub mod schemas;
pub mod status;
mod strict;
pub mod suggestion;
pub mod test_file;
pub mod user_info;
pub mod validating_policy;
pub mod values_file;
pub mod workspace;
