//! Conditions: `preconditions` of a rule and `deny.conditions`, and the typed form in other places.
//!
//! Written as `{any: […], all: […]}`, or in the older form as a list that must hold as a whole.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::constraints::any_value;
use crate::read::{ReadError, read};

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
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Conditions(pub Value);

impl Conditions {
    /// Reads either form; the older list becomes `all`.
    pub fn parse(&self) -> Result<AnyAllConditions, ReadError> {
        if self.0.is_array() {
            let all = read(&self.0)?;
            return Ok(AnyAllConditions {
                any: None,
                all: Some(all),
            });
        }
        read(&self.0)
    }
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
