//! Kubernetes' schemas as types of CEL.
//!
//! | schema | type |
//! |---|---|
//! | text, a quantity | `string` |
//! | a whole number | `int` |
//! | true or false | `bool` |
//! | a list, a map | `list(T)`, `map(string, T)` |
//! | an object with named fields | a message, whose fields are its fields |
//! | text or number, any number, a time, bytes, what may be null, what is open | `dyn` |

use std::sync::Arc;

use portcullis_cel::types::{Type, TypeProvider};
use portcullis_schema::{Catalogue, Schema, SchemaId, Shape, Text};

/// What the name of a message starts with; the number of its schema follows.
const PREFIX: &str = "kubernetes.schema.";

/// Lists in lists, or references to references, deeper than any schema has them.
const MAX_DEPTH: usize = 32;

/// The fields of the objects of a catalogue.
#[derive(Debug)]
pub(super) struct SchemaTypes(pub(super) Arc<Catalogue>);

/// The type of what a schema allows.
pub(super) fn type_of(catalogue: &Catalogue, id: SchemaId) -> Type {
    nested(catalogue, id, 0)
}

fn nested(catalogue: &Catalogue, id: SchemaId, depth: usize) -> Type {
    let known = catalogue.schema(id).filter(|_| depth < MAX_DEPTH);
    let Some(Schema {
        shape, nullable, ..
    }) = known
    else {
        return Type::Dyn;
    };
    match shape {
        Shape::Same(other) => nested(catalogue, *other, depth + 1),
        _ if *nullable => Type::Dyn,
        Shape::Text(Text::Plain) | Shape::Quantity => Type::String,
        Shape::Integer(_) => Type::Int,
        Shape::Boolean => Type::Bool,
        Shape::List(element) => Type::list(nested(catalogue, *element, depth + 1)),
        Shape::Map(value) => Type::map(Type::String, nested(catalogue, *value, depth + 1)),
        Shape::Object(object) if !object.open && !object.fields.is_empty() => {
            Type::message(&format!("{PREFIX}{}", id.number()))
        }
        Shape::Object(_) | Shape::Any | Shape::Number | Shape::IntOrString | Shape::Text(_) => {
            Type::Dyn
        }
    }
}

fn schema_of(message: &str) -> Option<SchemaId> {
    let number = message.strip_prefix(PREFIX)?.parse().ok()?;
    Some(SchemaId::of_number(number))
}

impl TypeProvider for SchemaTypes {
    /// None can be built in an expression.
    fn has_message(&self, _: &str) -> bool {
        false
    }

    fn field(&self, message: &str, field: &str) -> Option<Type> {
        let object = self.0.object(schema_of(message)?)?;
        match object.field(field) {
            Some(id) => Some(type_of(&self.0, id)),
            // `__namespace__` and the like are names that Kubernetes writes otherwise.
            None => field.contains("__").then_some(Type::Dyn),
        }
    }

    fn field_names(&self, message: &str) -> Vec<String> {
        let object = schema_of(message).and_then(|id| self.0.object(id));
        let fields = object.into_iter().flat_map(|object| &object.fields);
        fields.map(|(name, _)| name.to_string()).collect()
    }
}

/// Whether what the checker says is wrong also when the object is read without types: then objects
/// are maps, any two values can be compared, and both sides of `?:` may be of any type.
pub(super) fn is_mistake(message: &str) -> bool {
    if message.starts_with("undefined field") {
        return true;
    }
    if message.contains(PREFIX) {
        return false;
    }
    let Some(call) = message.strip_prefix("found no matching overload for '") else {
        return message.contains("does not support field selection")
            || message.contains("cannot be range of a comprehension")
            || message.starts_with("expected type 'bool'");
    };
    let (function, applied) = call.split_once("' applied to ").unwrap_or((call, ""));
    let has_null = || applied.contains("(null,") || applied.contains(", null)");
    match function {
        "_?_:_" | "or" | "orValue" => false,
        "_==_" | "_!=_" => !has_null(),
        "_+_" => !applied.starts_with("'(list("),
        _ => true,
    }
}

/// The words of the checker with the names of schemas instead of their numbers.
pub(super) fn readable(message: &str, catalogue: &Catalogue) -> String {
    let mut text = String::new();
    let mut rest = message;
    while let Some((before, after)) = rest.split_once(PREFIX) {
        let digits = after.len()
            - after
                .trim_start_matches(|at: char| at.is_ascii_digit())
                .len();
        let (number, behind) = after.split_at_checked(digits).unwrap_or((after, ""));
        let id = number.parse().map(SchemaId::of_number).ok();
        let name = id.and_then(|id| catalogue.name_of(id));
        let name = name.and_then(|name| name.rsplit('.').next());
        text.push_str(before);
        text.push_str(name.unwrap_or("object"));
        rest = behind;
    }
    text.push_str(rest);
    text
}
