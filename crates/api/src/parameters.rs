//! `params.yaml` (`portcullis.io/v1alpha1`, kind `Parameters`): what a policy template takes.
//!
//! ```yaml
//! apiVersion: portcullis.io/v1alpha1
//! kind: Parameters
//! spec:
//!   parameters:
//!     allowed_registries:
//!       description: Registries that images may come from.
//!       type: array
//!       items: {type: string, minLength: 1}
//!       minItems: 1
//!       default: [registry.example.com]
//! ```
//!
//! A parameter without a default must be given by every environment that uses the policy. The template reads
//! it by its name: `<% allowed_registries %>`.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value, json};

use crate::workspace::{FileMetadata, PortcullisVersion};

/// The parameters of a policy template.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Parameters {
    /// `portcullis.io/v1alpha1`.
    pub api_version: PortcullisVersion,
    /// `Parameters`.
    pub kind: ParametersKind,
    /// Name and notes; the name is the policy folder's.
    #[serde(default)]
    pub metadata: FileMetadata,
    /// The parameters.
    pub spec: ParametersSpec,
}

/// The kind.
#[derive(
    Clone, Debug, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, JsonSchema,
)]
pub enum ParametersKind {
    /// `Parameters`.
    #[default]
    Parameters,
}

/// The parameters of a policy template.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ParametersSpec {
    /// The parameters, by name: letters, digits and `_`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "parameters_by_name")]
    pub parameters: BTreeMap<String, Parameter>,
}

/// What a value means, what it is, and what it is when nobody gives one: a parameter, or an
/// item or field inside one.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Parameter {
    /// What it means; a parameter needs it (the policy's README and editors show it), an item
    /// or field need not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Value when no environment gives one; without it, every environment must.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// Values, to show.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<Value>,
    /// Why it should not be used any more, and what to use instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<String>,
    /// What it is.
    pub r#type: ParameterType,
    /// The values that are allowed.
    #[serde(rename = "enum", default, skip_serializing_if = "Option::is_none")]
    pub allowed: Option<Vec<Value>>,
    /// Regular expression that a text must match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// Least number of characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_length: Option<u64>,
    /// Greatest number of characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u64>,
    /// Least value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<Number>,
    /// Greatest value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum: Option<Number>,
    /// Number that a value must be a multiple of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multiple_of: Option<Number>,
    /// What an array's items are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<Box<Parameter>>,
    /// Least number of items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_items: Option<u64>,
    /// Greatest number of items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_items: Option<u64>,
    /// Whether items must differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unique_items: Option<bool>,
    /// What an object's fields are.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, Parameter>,
    /// Fields that an object must have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub required: Vec<String>,
    /// What an object's other fields are; without it there may be none, save in an object that
    /// names no fields.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub additional_properties: Option<Box<Parameter>>,
}

/// What a value is.
#[derive(
    Clone, Debug, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum ParameterType {
    /// Text.
    #[default]
    String,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// True or false.
    Boolean,
    /// A list.
    Array,
    /// Fields by name.
    Object,
}

fn parameters_by_name(generator: &mut SchemaGenerator) -> Schema {
    let parameter = generator.subschema_for::<Parameter>();
    json_schema!({
        "type": "object",
        "propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_]*$"},
        "additionalProperties": {"allOf": [parameter], "required": ["description"]},
    })
}

impl ParametersSpec {
    /// JSON Schema (2020-12) of the values that an environment gives: an object with a field a parameter, in
    /// which those without a default are required and others are refused.
    #[must_use]
    pub fn values_schema(&self) -> Value {
        let fields = self
            .parameters
            .iter()
            .map(|(name, parameter)| (name.clone(), parameter.to_json_schema()));
        let without_default = self
            .parameters
            .iter()
            .filter(|(_, parameter)| parameter.default.is_none());
        let required: Vec<&String> = without_default.map(|(name, _)| name).collect();
        json!({
            "type": "object",
            "properties": fields.collect::<Map<_, _>>(),
            "required": required,
            "additionalProperties": false,
        })
    }
}

impl Parameter {
    /// JSON Schema (2020-12) of the parameter's values.
    #[must_use]
    pub fn to_json_schema(&self) -> Value {
        let Ok(Value::Object(mut schema)) = serde_json::to_value(self) else {
            return Value::Bool(true);
        };
        if self.deprecated.is_some() {
            schema.insert("deprecated".to_owned(), Value::Bool(true));
        }
        if let Some(items) = &self.items {
            schema.insert("items".to_owned(), items.to_json_schema());
        }
        if !self.properties.is_empty() {
            let fields = self
                .properties
                .iter()
                .map(|(name, field)| (name.clone(), field.to_json_schema()));
            schema.insert("properties".to_owned(), Value::Object(fields.collect()));
            schema.insert("additionalProperties".to_owned(), Value::Bool(false));
        }
        if let Some(others) = &self.additional_properties {
            schema.insert("additionalProperties".to_owned(), others.to_json_schema());
        }
        Value::Object(schema)
    }
}
