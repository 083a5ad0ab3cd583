//! The names of the types that policies bring.

/// `variables`, whose fields are variables of the environment.
pub(super) const VARIABLES: &str = "kubernetes.variables";
