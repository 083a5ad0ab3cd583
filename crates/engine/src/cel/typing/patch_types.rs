//! The fields of `Object{…}`, of which the schema of a kind says which there are.
//!
//! The name of a part is its path, such as `Object.spec.containers` for an element of the list, so
//! that the schema is found by the name. What a field is set to is not looked at.

use std::sync::Arc;

use portcullis_cel::{
    environment::{MutationTypes, OBJECT},
    types::{Type, TypeProvider},
};
use portcullis_schema::{Catalogue, Object, Schema, SchemaId, Shape};

/// The parts of an object of one kind.
#[derive(Debug)]
pub(super) struct PatchTypes {
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) kind: SchemaId,
}

/// References to references, deeper than any schema has them.
const MAX_DEPTH: usize = 32;

impl PatchTypes {
    /// What may stand in a part; nothing if its fields are not known.
    fn part(&self, message: &str) -> Option<&Object> {
        let path = message.strip_prefix(OBJECT)?;
        let mut part = self.fields(self.kind)?;
        for name in path.split('.').skip(1) {
            part = self.fields(part.field(name)?)?;
        }
        Some(part)
    }

    /// The named fields of a schema, or of the elements of a list.
    fn fields(&self, mut id: SchemaId) -> Option<&Object> {
        for _ in 0..MAX_DEPTH {
            let Schema { shape, .. } = self.catalogue.schema(id)?;
            match shape {
                Shape::Same(other) | Shape::List(other) => id = *other,
                Shape::Object(object) if !object.open && !object.fields.is_empty() => {
                    return Some(object);
                }
                _ => return None,
            }
        }
        None
    }
}

impl TypeProvider for PatchTypes {
    fn has_message(&self, name: &str) -> bool {
        MutationTypes.has_message(name)
    }

    fn field(&self, message: &str, field: &str) -> Option<Type> {
        let known = MutationTypes.field(message, field);
        match self.part(message) {
            // `__namespace__` and the like are names that Kubernetes writes otherwise.
            Some(part) => known.filter(|_| part.field(field).is_some() || field.contains("__")),
            None => known,
        }
    }

    fn field_names(&self, message: &str) -> Vec<String> {
        let Some(part) = self.part(message) else {
            return MutationTypes.field_names(message);
        };
        let fields = part.fields.iter();
        fields.map(|(name, _)| name.to_string()).collect()
    }
}
