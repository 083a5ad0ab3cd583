//! Conditions: `preconditions` of a rule and `deny.conditions`, and the typed form in other places.
//!
//! Written as `{any: […], all: […]}`, or in the older form as a list that must hold as a whole.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::constraints::any_value;
use crate::read::{PathSegment, ReadError, read, unknown_field};
use crate::suggestion::closest;

/// Conditions of which one of `any` and every one of `all` must hold. An `any` that is present
/// but empty never holds; an absent one does.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AnyAllConditions {
    /// Conditions of which one must hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub any: Option<Vec<Condition>>,
    /// Conditions that must all hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all: Option<Vec<Condition>>,
}

/// A key compared with a value.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Condition {
    /// What is compared; any value, usually an expression in `{{ }}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "any_value")]
    pub key: Option<Value>,
    /// How it is compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["Equals", "NotEquals", "In", "AnyIn", "AllIn", "NotIn", "AnyNotIn", "AllNotIn", "GreaterThanOrEquals", "GreaterThan", "LessThanOrEquals", "LessThan", "DurationGreaterThanOrEquals", "DurationGreaterThan", "DurationLessThanOrEquals", "DurationLessThan"]))]
    pub operator: Option<String>,
    /// What it is compared with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "any_value")]
    pub value: Option<Value>,
    /// What to say when the condition decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// Conditions as they are written: `{any, all}`, or the older list. [`Conditions::parse`] tells which.
///
/// The API server keeps whatever stands here, and Kyverno reads it as Go reads JSON: fields that it does not know
/// count for nothing, and the case of letters does not matter.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Conditions(pub Value);

const BLOCK: &[&str] = &["any", "all"];
const CONDITION: &[&str] = &["key", "operator", "value", "message"];

impl Conditions {
    /// Reads either form; the older list becomes `all`.
    pub fn parse(&self) -> Result<AnyAllConditions, ReadError> {
        let known = self.known(&mut Vec::new());
        if known.is_array() {
            return Ok(AnyAllConditions {
                any: None,
                all: Some(read(&known)?),
            });
        }
        read(&known)
    }

    /// Fields that conditions do not have, or whose letters have another case.
    #[must_use]
    pub fn odd_fields(&self) -> Vec<ReadError> {
        let mut odd = Vec::new();
        self.known(&mut odd);
        odd
    }

    /// The field that most likely stands for another one in the condition at a JSON pointer's last steps.
    #[must_use]
    pub fn misspelt(&self, field: &str, pointer: &str) -> Option<String> {
        let steps: Vec<&str> = pointer.rsplit('/').collect();
        let is_inside = |path: &[PathSegment]| {
            let steps = path.iter().rev().zip(&steps);
            let mut same = steps.map(|(segment, step)| match segment {
                PathSegment::Key(key) => key == step,
                PathSegment::Index(index) => index.to_string() == *step,
            });
            same.all(|same| same)
        };
        self.odd_fields().into_iter().find_map(|odd| {
            let (last, above) = odd.path.split_last()?;
            match last {
                PathSegment::Key(key) if closest(key, [field]).is_some() && is_inside(above) => {
                    Some(key.clone())
                }
                _ => None,
            }
        })
    }

    /// Only what conditions have.
    fn known(&self, odd: &mut Vec<ReadError>) -> Value {
        let mut path = Vec::new();
        if self.0.is_array() {
            return known_list(&self.0, &mut path, odd);
        }
        known_fields(&self.0, BLOCK, &mut path, odd, known_list)
    }
}

fn known_list(value: &Value, path: &mut Vec<PathSegment>, odd: &mut Vec<ReadError>) -> Value {
    let Value::Array(conditions) = value else {
        return value.clone();
    };
    let known = conditions.iter().enumerate().map(|(index, condition)| {
        path.push(PathSegment::Index(index));
        let known = known_fields(condition, CONDITION, path, odd, |value, _, _| value.clone());
        path.pop();
        known
    });
    known.collect()
}

fn known_fields(
    value: &Value,
    names: &[&str],
    path: &mut Vec<PathSegment>,
    odd: &mut Vec<ReadError>,
    inside: impl Fn(&Value, &mut Vec<PathSegment>, &mut Vec<ReadError>) -> Value,
) -> Value {
    let Value::Object(fields) = value else {
        return value.clone();
    };
    let mut known = Map::new();
    for (key, value) in fields {
        path.push(PathSegment::Key(key.clone()));
        let named = names.iter().find(|name| name.eq_ignore_ascii_case(key));
        let message = match named {
            Some(name) if name == key => None,
            Some(name) => Some(format!("`{key}` is read as `{name}`")),
            None => Some(unknown_field(key, names)),
        };
        odd.extend(message.map(|message| ReadError {
            path: path.clone(),
            message,
        }));
        if let Some(name) = named.filter(|name| **name == key || !fields.contains_key(**name)) {
            known.insert((*name).to_owned(), inside(value, path, odd));
        }
        path.pop();
    }
    Value::Object(known)
}

impl JsonSchema for Conditions {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Conditions".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        any_value(generator)
    }
}

/// Schema of `{any, all}` without the operators `In` and `NotIn`, as the `v2` kinds have it.
pub(crate) fn conditions_without_in(generator: &mut SchemaGenerator) -> Schema {
    let mut condition = Condition::json_schema(generator);
    if let Some(operators) = condition
        .pointer_mut("/properties/operator/enum")
        .and_then(Value::as_array_mut)
    {
        operators.retain(|operator| operator != "In" && operator != "NotIn");
    }
    let list = json_schema!({"type": "array", "items": condition});
    json_schema!({
        "type": "object",
        "additionalProperties": false,
        "properties": {"any": list, "all": list},
    })
}
