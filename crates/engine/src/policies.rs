//! Policy kinds: one room for each, with the same two doors, `compile` and `evaluate`.

mod cel_policy;
pub mod cleanup_policy;
pub mod cluster_policy;
pub mod deleting_policy;
pub mod generating_policy;
pub mod image_validating_policy;
pub mod mutating_admission_policy;
pub mod mutating_policy;
pub mod validating_admission_policy;
pub mod validating_policy;
