//! The JSON context: everything that the expressions of a rule can read.
//!
//! Below lies the request (`request`, `serviceAccountName`, `serviceAccountNamespace`, `images`),
//! built once per request and only when an expression asks. Above it lie bindings: values of a
//! Values file, context entries, `element*`. Context entries load when a query names them.

pub mod entries;
pub mod image_verification;
pub mod images;
pub mod json_context;
mod merge;
mod nesting;
pub mod query;
pub mod references;
mod registry_access;
mod request_view;
pub(crate) mod scan;
pub mod source;
mod substitute;
pub mod url_path;
mod variable;
pub mod variables;
mod world;

pub use json_context::{JsonContext, Store, inject_into};
pub use request_view::RequestView;
pub use scan::has_variable;
