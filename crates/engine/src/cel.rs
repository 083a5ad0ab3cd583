//! CEL in policies: what expressions may use in each kind, how they are compiled, and what they
//! read of a request.
//!
//! | name | what it is |
//! |---|---|
//! | `object`, `oldObject` | the object as it would be and as it is stored, or null |
//! | `request` | the AdmissionRequest |
//! | `namespaceObject` | the object's Namespace, null for a cluster-scoped one |
//! | `variables` | the policy's own expressions, each evaluated at most once, when it is read |
//! | `exceptions` | what the exceptions of the policy allow |
//! | `params`, `authorizer` | native admission policies and `validate.cel` only |

pub mod audit_annotations;
pub mod binding;
pub mod compiler;
pub mod environment;
pub mod exception;
pub mod host;
pub mod mutation;
pub mod native_form;
pub mod parameters;
pub mod preamble;
mod request;
pub mod scope;
mod types;
pub mod typing;
pub mod validation;
