//! Kubernetes' structural schemas by version.
//!
//! A [`Catalogue`] knows the kinds of one Kubernetes version (and of the CustomResourceDefinitions
//! given to it): group, version, kind, resource name, scope, and the structure of the object.
//! [`Catalogue::validate`] holds a manifest against it and says what is wrong where.
#![warn(clippy::disallowed_methods)]

mod builtin;
mod catalogue;
mod compact;
mod custom_resource;
mod fault;
mod misfit;
mod openapi;
mod structure;
mod validate;

pub use builtin::{NEWEST, VERSIONS, builtin};
pub use catalogue::{Catalogue, Kind};
pub use compact::{CompactError, encode};
pub use custom_resource::CustomResourceError;
pub use fault::{Fault, Segment};
pub use misfit::Misfit;
pub use portcullis_values::nearest::nearest;
pub use structure::{Constraints, Integer, ListType, Merge, Object, Schema, SchemaId, Shape, Text};
pub use validate::Verdict;
