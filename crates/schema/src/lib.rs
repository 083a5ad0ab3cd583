//! Kubernetes' structural schemas by version.
#![warn(clippy::disallowed_methods)]
