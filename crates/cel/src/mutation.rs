//! What expressions of mutations give, as JSON.

use serde_json::Value as Json;

use crate::{
    environment::{JSON_PATCH, OBJECT},
    value::{Struct, Value},
};

/// The apply configuration that an expression gave.
///
/// # Errors
/// It is no `Object`, or one of its parts has the type of another path, such as `Object.metadata`
/// in the field `spec`.
pub fn apply_configuration(value: &Value<'_>) -> Result<Json, String> {
    match value {
        Value::Struct(of) => {
            matches_path(of, OBJECT)?;
            value.to_json().map(without_empty_lists)
        }
        other => Err(format!(
            "an apply configuration is an Object, found {}",
            other.runtime_type()
        )),
    }
}

/// The API server reads an empty list of an expression as null.
fn without_empty_lists(json: Json) -> Json {
    match json {
        Json::Array(items) if items.is_empty() => Json::Null,
        Json::Array(items) => items.into_iter().map(without_empty_lists).collect(),
        Json::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| (name, without_empty_lists(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        scalar => scalar,
    }
}

/// The API server's words, which are about the `value` of a step.
const NO_JSON: &str = "JSONPath valueExpression evaluated to a type that could not marshal to JSON";

/// The steps of the JSON patch that an expression gave.
///
/// # Errors
/// It is no list of `JSONPatch`.
pub fn json_patch(value: &Value<'_>) -> Result<Vec<Json>, String> {
    let Value::List(steps) = value else {
        return Err(format!(
            "a JSON patch is a list of JSONPatch, found {}",
            value.runtime_type()
        ));
    };
    steps
        .iter()
        .map(|step| match &step {
            Value::Struct(of) if *of.type_name == *JSON_PATCH => step
                .to_protobuf_json()
                .map_err(|error| format!("{NO_JSON}: {error}")),
            other => Err(format!(
                "a step of a JSON patch is a JSONPatch, found {}",
                other.runtime_type()
            )),
        })
        .collect()
}

/// Whether every part has the type of its path.
fn matches_path(of: &Struct<'_>, path: &str) -> Result<(), String> {
    if *of.type_name != *path {
        let found = &of.type_name;
        return Err(format!(
            "type mismatch: unexpected type name \"{found}\", expected \"{path}\", which matches \
             field name path from root Object type"
        ));
    }
    for (name, value) in &of.fields {
        part_matches(value, &format!("{path}.{}", name.as_str()))?;
    }
    Ok(())
}

fn part_matches(value: &Value<'_>, path: &str) -> Result<(), String> {
    match value {
        Value::Struct(of) => matches_path(of, path),
        Value::List(items) => items.iter().try_for_each(|item| part_matches(&item, path)),
        _ => Ok(()),
    }
}
