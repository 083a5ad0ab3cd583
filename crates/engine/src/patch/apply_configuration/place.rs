//! One place of an object's structure, as merging sees it.

use portcullis_schema::{Catalogue, Integer, ListType, Merge, Schema, SchemaId, Shape};
use serde_json::Value as Json;

/// A place: its schema, and the facts that the field it stands in adds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'s> {
    catalogue: &'s Catalogue,
    schema: Option<&'s Schema>,
    merge: Option<&'s Merge>,
}

/// How two values of a place become one.
#[derive(Clone, Copy, Debug)]
pub(super) enum Merging<'s> {
    /// Scalars, and what is replaced as a whole.
    Replace,
    /// Objects and maps, by their keys.
    Fields,
    /// Lists of items with keys: the names of the keys, and what an item is.
    Keyed(&'s [Box<str>], Place<'s>),
    /// Lists of scalars that occur once.
    Set(Place<'s>),
}

/// What a value may be at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Any,
    Scalar,
    Text,
    Number,
    Boolean,
    Fields,
    List,
}

impl<'s> Place<'s> {
    /// The place of a whole object.
    pub(super) fn root(catalogue: &'s Catalogue, id: SchemaId) -> Place<'s> {
        let mut schema = catalogue.schema(id);
        let mut merge = schema.and_then(|schema| schema.merge.as_deref());
        // A place may say that it is like another one; its own facts come first.
        while let Some(Shape::Same(other)) = schema.map(|schema| &schema.shape) {
            schema = catalogue.schema(*other);
            merge = merge.or_else(|| schema.and_then(|schema| schema.merge.as_deref()));
        }
        Place {
            catalogue,
            schema,
            merge,
        }
    }

    /// A field's place; nothing if the object does not have such a field.
    pub(super) fn field(self, name: &str) -> Option<Place<'s>> {
        let Some(schema) = self.schema else {
            return Some(self.unknown());
        };
        match &schema.shape {
            Shape::Object(object) => object
                .field(name)
                .map(|id| Place::root(self.catalogue, id))
                .or_else(|| object.open.then(|| self.unknown())),
            Shape::Map(value) => Some(Place::root(self.catalogue, *value)),
            Shape::Any => Some(self.unknown()),
            _ => None,
        }
    }

    /// What the API server fills in where a field is absent.
    pub(super) fn default_of(self, name: &str) -> Option<&'s Json> {
        let Shape::Object(object) = &self.schema?.shape else {
            return None;
        };
        self.catalogue.schema(object.field(name)?)?.default.as_ref()
    }

    /// What the API server reads where a key is absent that has no other default: Kubernetes' own
    /// kinds have the empty value of its type.
    pub(super) fn empty_of(self, key: &str) -> Result<&'static str, String> {
        match self.field(key).map(Place::form) {
            Some(Form::Text) => Ok("\"\""),
            Some(Form::Number) => Ok("0"),
            Some(Form::Boolean) => Ok("false"),
            _ => Err(format!(
                "an item must have the key {key}, which tells it from the others"
            )),
        }
    }

    fn unknown(self) -> Place<'s> {
        Place {
            schema: None,
            merge: None,
            ..self
        }
    }

    /// What an item of a list is.
    pub(super) fn item(self) -> Place<'s> {
        match self.schema.map(|schema| &schema.shape) {
            Some(Shape::List(item)) => Place::root(self.catalogue, *item),
            _ => self.unknown(),
        }
    }

    /// What a value may be here.
    pub(super) fn form(self) -> Form {
        match self.schema.map(|schema| &schema.shape) {
            None | Some(Shape::Any | Shape::Same(_)) => Form::Any,
            Some(Shape::Text(_)) => Form::Text,
            Some(Shape::Integer(Integer::Int32 | Integer::Int64) | Shape::Number) => Form::Number,
            Some(Shape::Boolean) => Form::Boolean,
            Some(Shape::IntOrString | Shape::Quantity) => Form::Scalar,
            Some(Shape::Object(_) | Shape::Map(_)) => Form::Fields,
            Some(Shape::List(_)) => Form::List,
        }
    }

    /// How two values become one.
    pub(super) fn merging(self) -> Merging<'s> {
        let atomic = self.merge.is_some_and(|merge| merge.atomic_map);
        match self.form() {
            Form::Fields | Form::Any if !atomic => Merging::Fields,
            Form::List => match self.merge.map(|merge| (merge.list_type, &merge.keys)) {
                Some((Some(ListType::Map), keys)) => Merging::Keyed(keys, self.item()),
                Some((Some(ListType::Set), _)) => Merging::Set(self.item()),
                _ => Merging::Replace,
            },
            _ => Merging::Replace,
        }
    }
}
