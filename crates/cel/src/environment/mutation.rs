//! What mutations are written with: `Object{…}`, the part of an object that is merged into it, and
//! `JSONPatch{…}`, one step of a patch.

use crate::types::{Type, TypeProvider};

/// The types of mutations.
#[derive(Clone, Copy, Debug)]
pub struct MutationTypes;

/// The name of the type of a part of an object. Its fields have the names of their paths as types:
/// `Object.spec`, `Object.spec.containers` for an item of the list.
pub const OBJECT: &str = "Object";
/// The name of the type of a step of a patch.
pub const JSON_PATCH: &str = "JSONPatch";

impl TypeProvider for MutationTypes {
    fn has_message(&self, name: &str) -> bool {
        let rest = name.strip_prefix(OBJECT);
        name == JSON_PATCH || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }

    fn field(&self, message: &str, field: &str) -> Option<Type> {
        match (message, field) {
            (JSON_PATCH, "op" | "path" | "from") => Some(Type::String),
            (JSON_PATCH, "value") => Some(Type::Dyn),
            (JSON_PATCH, _) => None,
            (object, _) => self.has_message(object).then_some(Type::Dyn),
        }
    }

    fn field_names(&self, message: &str) -> Vec<String> {
        let names: &[&str] = match message {
            JSON_PATCH => &["op", "path", "from", "value"],
            _ => &[],
        };
        names.iter().map(ToString::to_string).collect()
    }
}
