//! Reads a file whose keys may be written in any case, as Go's decoder does.
//!
//! Before a value becomes a type it is brought into shape along the type's schema: keys take their declared
//! spelling, `null` counts as absent, and a number or boolean where text is declared becomes that text.
//! Unknown keys and keys that are the same but for their case are errors, all of them at once.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::read::{PathSegment, ReadError, read, unknown_field};

/// The declared keys of a type, and of the types inside it.
#[derive(Debug)]
pub(crate) enum KeyTree {
    /// Anything; left as it is.
    Any,
    /// Text.
    Text,
    /// A list.
    List(Box<KeyTree>),
    /// An object whose keys are free.
    Map(Box<KeyTree>),
    /// An object with declared keys: lower case → (spelling, content).
    Object(BTreeMap<String, (String, KeyTree)>),
}

impl KeyTree {
    /// The keys of a type, from its schema.
    pub(crate) fn of<T: JsonSchema>() -> Self {
        let settings =
            SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
        Self::from_schema(
            settings
                .into_generator()
                .into_root_schema_for::<T>()
                .as_value(),
        )
    }

    fn from_schema(schema: &Value) -> Self {
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            let entry = |(name, content): (&String, &Value)| {
                (
                    name.to_lowercase(),
                    (name.clone(), Self::from_schema(content)),
                )
            };
            return Self::Object(properties.iter().map(entry).collect());
        }
        if let Some(items) = schema.get("items") {
            return Self::List(Box::new(Self::from_schema(items)));
        }
        if let Some(content) = schema.get("additionalProperties") {
            return Self::Map(Box::new(Self::from_schema(content)));
        }
        let alternatives = schema.get("anyOf").and_then(Value::as_array);
        if let Some(first) = alternatives.and_then(|alternatives| alternatives.first()) {
            return Self::from_schema(first);
        }
        if is_text(schema.get("type")) {
            Self::Text
        } else {
            Self::Any
        }
    }

    /// Brings a value into shape and reads it.
    pub(crate) fn read<T: DeserializeOwned>(&self, value: &Value) -> Result<T, Vec<ReadError>> {
        let mut shaping = Shaping {
            path: Vec::new(),
            errors: Vec::new(),
        };
        let shaped = shaping.shape(self, value);
        if !shaping.errors.is_empty() {
            return Err(shaping.errors);
        }
        read(&shaped).map_err(|error| vec![error])
    }
}

/// A walk along a value, with the mistakes found so far.
struct Shaping {
    path: Vec<PathSegment>,
    errors: Vec<ReadError>,
}

impl Shaping {
    fn shape(&mut self, tree: &KeyTree, value: &Value) -> Value {
        match (tree, value) {
            (KeyTree::Object(keys), Value::Object(fields)) => self.object(keys, fields),
            (KeyTree::Map(content), Value::Object(fields)) => {
                let entry = |(key, field): (&String, &Value)| {
                    (
                        key.clone(),
                        self.inside(PathSegment::Key(key.clone()), content, field),
                    )
                };
                Value::Object(fields.iter().map(entry).collect())
            }
            (KeyTree::List(content), Value::Array(items)) => {
                let item = |(index, item): (usize, &Value)| {
                    self.inside(PathSegment::Index(index), content, item)
                };
                Value::Array(items.iter().enumerate().map(item).collect())
            }
            (KeyTree::Text, Value::Number(number)) => Value::String(number.to_string()),
            (KeyTree::Text, Value::Bool(flag)) => Value::String(flag.to_string()),
            (KeyTree::Text, Value::Null) => Value::String(String::new()),
            _ => value.clone(),
        }
    }

    fn object(
        &mut self,
        keys: &BTreeMap<String, (String, KeyTree)>,
        fields: &Map<String, Value>,
    ) -> Value {
        let mut shaped = Map::new();
        for (key, field) in fields {
            let Some((spelling, content)) = keys.get(&key.to_lowercase()) else {
                self.error(key, unknown_field(key, &spellings(keys)));
                continue;
            };
            if fields.contains_key(spelling) && spelling != key || shaped.contains_key(spelling) {
                self.error(
                    key,
                    format!("`{key}` is `{spelling}`, which is set twice; keep one of them"),
                );
            } else if !field.is_null() {
                let field = self.inside(PathSegment::Key(key.clone()), content, field);
                shaped.insert(spelling.clone(), field);
            }
        }
        Value::Object(shaped)
    }

    fn inside(&mut self, segment: PathSegment, tree: &KeyTree, value: &Value) -> Value {
        self.path.push(segment);
        let shaped = self.shape(tree, value);
        self.path.pop();
        shaped
    }

    fn error(&mut self, key: &str, message: String) {
        let mut path = self.path.clone();
        path.push(PathSegment::Key(key.to_owned()));
        self.errors.push(ReadError { path, message });
    }
}

fn spellings(keys: &BTreeMap<String, (String, KeyTree)>) -> Vec<&str> {
    keys.values()
        .map(|(spelling, _)| spelling.as_str())
        .collect()
}

fn is_text(declared: Option<&Value>) -> bool {
    match declared {
        Some(Value::String(name)) => name == "string",
        Some(Value::Array(names)) => names.iter().any(|name| name == "string"),
        _ => false,
    }
}
