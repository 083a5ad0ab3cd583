//! Values that the API server could not read into an object of their kind: a number as a label, text
//! as `replicas`. What is required, allowed or unknown is not looked at.

use serde_json::Value;

use crate::{
    catalogue::{Catalogue, METADATA},
    fault::{Segment, Step, segments},
    structure::{SchemaId, Shape},
    validate::{MAX_DEPTH, scalar_fault},
};

/// A value of another type than its place has.
#[derive(Clone, Debug, PartialEq)]
pub struct Misfit<'v> {
    /// Where it stands.
    pub path: Vec<Segment>,
    /// What may stand there.
    pub expected: &'static str,
    /// What stands there.
    pub found: &'v Value,
}

impl Catalogue {
    /// The values of an object that do not fit its kind; of a kind that is not known, those of its
    /// metadata.
    #[must_use]
    pub fn misfits<'v>(&self, object: &'v Value) -> Vec<Misfit<'v>> {
        self.misfits_of(object, object)
    }

    /// Whether every value of a part of an object fits, such as of a patch: it stands where the patch
    /// has it.
    #[must_use]
    pub fn fits(&self, object: &Value, part: &Value) -> bool {
        self.misfits_of(object, part).is_empty()
    }

    fn misfits_of<'v>(&self, object: &Value, part: &'v Value) -> Vec<Misfit<'v>> {
        let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
        let mut walk = Walk {
            catalogue: self,
            path: Vec::new(),
            found: Vec::new(),
        };
        match self.find(text("apiVersion"), text("kind")) {
            Some(kind) => walk.value(kind.schema, part),
            None => {
                if let (Some(schema), Some(metadata)) = (self.named(METADATA), part.get("metadata"))
                {
                    walk.at(Step::Key("metadata"), schema, metadata);
                }
            }
        }
        walk.found
    }
}

struct Walk<'c, 'v> {
    catalogue: &'c Catalogue,
    path: Vec<Step<'v>>,
    found: Vec<Misfit<'v>>,
}

impl<'v> Walk<'_, 'v> {
    fn at(&mut self, step: Step<'v>, schema: SchemaId, value: &'v Value) {
        if self.path.len() < MAX_DEPTH {
            self.path.push(step);
            self.value(schema, value);
            self.path.pop();
        }
    }

    fn value(&mut self, id: SchemaId, value: &'v Value) {
        let Some(schema) = self.catalogue.schema(id) else {
            return;
        };
        if value.is_null() {
            return;
        }
        let expected = match (&schema.shape, value) {
            (Shape::Any, _) => return,
            (Shape::Same(other), _) => return self.value(*other, value),
            (Shape::Object(object), Value::Object(entries)) => {
                for (key, value) in entries {
                    if let Some(field) = object.field(key) {
                        self.at(Step::Key(key), field, value);
                    }
                }
                return;
            }
            (Shape::Map(values), Value::Object(entries)) => {
                for (key, value) in entries {
                    self.at(Step::Key(key), *values, value);
                }
                return;
            }
            (Shape::List(items), Value::Array(entries)) => {
                for (index, value) in entries.iter().enumerate() {
                    self.at(Step::Index(index), *items, value);
                }
                return;
            }
            (Shape::Object(_) | Shape::Map(_), _) => "a map",
            (Shape::List(_), _) => "a list",
            (scalar, _) => match scalar_fault(scalar, value) {
                Some(expected) => expected,
                None => return,
            },
        };
        self.found.push(Misfit {
            path: segments(&self.path),
            expected,
            found: value,
        });
    }
}
