//! JSON patches (RFC 6902), written as YAML or JSON.
//!
//! Kyverno applies them with three liberties ([`JsonPatchOptions::KYVERNO`]): an index may be
//! negative and then counts from the end, removing what is not there does nothing, and adding makes
//! the maps and lists on the way.

use portcullis_yaml::{Limits, Mode};
use serde::Serialize;
use serde_json::Value;

use super::error::PatchError;
use super::pointer;

mod apply;

/// One operation.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "op", rename_all = "lowercase")]
pub enum Operation {
    /// Puts a value into a map, or into a list before an index, or after its end (`-`).
    Add {
        /// Where.
        path: String,
        /// What.
        value: Value,
    },
    /// Takes a value away.
    Remove {
        /// Where.
        path: String,
    },
    /// Puts a value in the place of another.
    Replace {
        /// Where.
        path: String,
        /// What.
        value: Value,
    },
    /// Takes a value away and adds it elsewhere.
    Move {
        /// Where it is taken.
        from: String,
        /// Where it is added.
        path: String,
    },
    /// Adds a value that is elsewhere too.
    Copy {
        /// Where it is.
        from: String,
        /// Where it is added.
        path: String,
    },
    /// Ends the patch unless a value is there.
    Test {
        /// Where.
        path: String,
        /// What.
        value: Value,
    },
}

/// How much a patch may differ from RFC 6902.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonPatchOptions {
    /// A negative index counts from the end.
    pub negative_indices: bool,
    /// Removing what is not there does nothing.
    pub remove_missing: bool,
    /// Adding makes the maps and lists on the way.
    pub make_path: bool,
    /// What a map lacks can be replaced, which adds it, copied, which gives null, and tested, which no value
    /// meets; a `test` of another place where nothing is does not fit.
    pub lacking_is_null: bool,
}

impl JsonPatchOptions {
    /// As Kyverno applies `patchesJson6902`.
    pub const KYVERNO: JsonPatchOptions = JsonPatchOptions {
        negative_indices: true,
        remove_missing: true,
        make_path: true,
        lacking_is_null: false,
    };
    /// As RFC 6902 has it, save for negative indices.
    pub const STRICT: JsonPatchOptions = JsonPatchOptions {
        negative_indices: true,
        remove_missing: false,
        make_path: false,
        lacking_is_null: false,
    };
    /// As the API server applies the patch of an expression.
    pub const API_SERVER: JsonPatchOptions = JsonPatchOptions {
        negative_indices: true,
        remove_missing: false,
        make_path: false,
        lacking_is_null: true,
    };
}

/// A JSON patch, read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JsonPatch {
    operations: Vec<Operation>,
}

impl JsonPatch {
    /// Reads a patch from YAML or JSON.
    ///
    /// # Errors
    /// A text that is no YAML, no list, or has an operation that lacks something.
    pub fn parse(text: &str) -> Result<JsonPatch, PatchError> {
        // In JSON `0.0` and `0` are two numbers, which `test` tells apart.
        if let Ok(value) = serde_json::from_str(text) {
            return JsonPatch::from_value(&value);
        }
        let value = portcullis_yaml::read(text, Mode::Lenient, &Limits::default())
            .map_err(|error| PatchError::NotYaml(error.to_string()))?;
        JsonPatch::from_value(&value)
    }

    /// Reads a patch from a list of operations.
    ///
    /// # Errors
    /// As [`JsonPatch::parse`].
    pub fn from_value(patch: &Value) -> Result<JsonPatch, PatchError> {
        let Value::Array(operations) = patch else {
            return Err(PatchError::NotAList(pointer::type_name(patch)));
        };
        let operations = operations.iter().enumerate().map(|(index, operation)| {
            Operation::read(operation).map_err(|problem| PatchError::Malformed {
                number: index + 1,
                problem,
            })
        });
        Ok(JsonPatch {
            operations: operations.collect::<Result<_, _>>()?,
        })
    }

    /// Its operations, in order.
    #[must_use]
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The document with the patch applied: all of it, or none.
    ///
    /// # Errors
    /// The first operation that does not fit.
    pub fn apply(&self, document: Value, options: JsonPatchOptions) -> Result<Value, PatchError> {
        apply::apply(&self.operations, document, options)
    }
}

impl From<Vec<Operation>> for JsonPatch {
    fn from(operations: Vec<Operation>) -> JsonPatch {
        JsonPatch { operations }
    }
}

impl Operation {
    /// An addition.
    #[must_use]
    pub fn add(path: String, value: Value) -> Operation {
        Operation::Add { path, value }
    }

    fn read(operation: &Value) -> Result<Operation, String> {
        let fields = operation
            .as_object()
            .ok_or_else(|| format!("is {}, expected a map", pointer::type_name(operation)))?;
        let text = |name: &str| match fields.get(name) {
            Some(Value::String(text)) => Ok(text.clone()),
            Some(other) => Err(format!(
                "has {} as `{name}`, expected text",
                pointer::type_name(other)
            )),
            None => Err(format!("has no `{name}`")),
        };
        let value = || {
            let value = fields.get("value").cloned();
            value.ok_or_else(|| "has no `value`".to_owned())
        };
        let word = text("op")?;
        Ok(match word.as_str() {
            "add" => Operation::Add {
                path: text("path")?,
                value: value()?,
            },
            "remove" => Operation::Remove {
                path: text("path")?,
            },
            "replace" => Operation::Replace {
                path: text("path")?,
                value: value()?,
            },
            "move" => Operation::Move {
                from: text("from")?,
                path: text("path")?,
            },
            "copy" => Operation::Copy {
                from: text("from")?,
                path: text("path")?,
            },
            "test" => Operation::Test {
                path: text("path")?,
                value: fields.get("value").cloned().unwrap_or_default(),
            },
            _ => {
                return Err(format!(
                    "has the unknown `op` {word}; expected add, remove, replace, move, copy or test"
                ));
            }
        })
    }
}
