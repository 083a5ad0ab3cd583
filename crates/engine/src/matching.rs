//! Which rules apply to which requests: `match` and `exclude` of a rule, and `match` of an
//! exception.
//!
//! Everything constant is made ready once by [`Matcher::compile`]; [`Matcher::matches`] then reads
//! the request and allocates nothing.

pub mod constraints;
pub(crate) mod filter;
mod kinds;
mod matcher;
mod mismatch;
mod selector;
mod subject;
mod user;

pub use filter::{Filter, OperationSet};
pub use kinds::KindSelector;
pub use matcher::{ExceptionMatcher, Matcher};
pub use mismatch::Mismatch;
pub use selector::{Labels, Requirement, Selector, SelectorError};
pub(crate) use selector::{check_label, is_object_name};
pub use subject::Subject;
pub use user::UserFilter;
