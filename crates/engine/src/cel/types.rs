//! What `request` has in Kyverno's policies beside what the API server says of it: the objects.

use portcullis_cel::{
    environment::REQUEST,
    types::{Type, TypeProvider},
};

/// `variables`, whose fields are variables of the environment.
pub(super) const VARIABLES: &str = "kubernetes.variables";

/// `request.object` and `request.oldObject`.
#[derive(Clone, Copy, Debug)]
pub(super) struct RequestObjects;

impl TypeProvider for RequestObjects {
    /// None can be built in an expression.
    fn has_message(&self, _: &str) -> bool {
        false
    }

    fn field(&self, message: &str, field: &str) -> Option<Type> {
        let is_object = message == REQUEST && matches!(field, "object" | "oldObject");
        is_object.then_some(Type::Dyn)
    }

    fn field_names(&self, message: &str) -> Vec<String> {
        match message {
            REQUEST => vec!["object".to_owned(), "oldObject".to_owned()],
            _ => Vec::new(),
        }
    }
}
