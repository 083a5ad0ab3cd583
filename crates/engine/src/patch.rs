//! Patches: how a `mutate` rule changes an object.
//!
//! `patchStrategicMerge` is a [`strategic_merge`] patch with anchors, `patchesJson6902` a
//! [`json_patch`]; a `MutatingPolicy` has JSON patches and [`apply_configuration`]s. What came of a change is told as the difference of two objects ([`diff()`]), in
//! the form that an AdmissionReview answers with.

pub mod apply_configuration;
pub mod diff;
pub mod error;
pub mod json_patch;
pub mod merge_patch;
mod misfit;
mod pointer;
pub mod strategic_merge;

pub use diff::diff;
pub use error::PatchError;
pub use json_patch::{JsonPatch, JsonPatchOptions, Operation};
pub(crate) use misfit::new_misfit;
pub use strategic_merge::{PreparedMerge, StrategicMergePatch};
