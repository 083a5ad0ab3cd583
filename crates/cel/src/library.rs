//! The functions that expressions may call, one file per family.
//!
//! To add a function, write an [`Overload`](crate::function::Overload) into the list of its family,
//! and the function beside it; a case in the family's table test shows it.

pub mod ext;
pub mod kubernetes;
pub mod kyverno;
mod size;
pub mod standard;
