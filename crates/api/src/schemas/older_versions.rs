//! How the schemas of some versions differ from those of their types.
//!
//! - `kyverno.io/v2beta1` ClusterPolicy and Policy know only the `any`/`all` forms in `match`, `exclude`,
//!   `preconditions` and `deny`, and none of the older fields of `verifyImages`. Their `status` has rules as
//!   `v1` has them.
//! - `kyverno.io/v2` GlobalContextEntry has no `status.ready`.

use schemars::Schema;
use serde_json::{Map, Value, json};

const DEFINITIONS: &str = "$defs";
const REFERENCE_PREFIX: &str = "#/$defs/";
const SUFFIX: &str = "V2Beta1";

/// The definitions that `v2beta1` changes, each with the fields that it drops.
const CHANGED_IN_V2BETA1: &[(&str, &[&str])] = &[
    ("Rule", &[]),
    (
        "MatchResources",
        &["resources", "roles", "clusterRoles", "subjects"],
    ),
    ("Validation", &["allowExistingViolations"]),
    (
        "ImageVerification",
        &[
            "image",
            "key",
            "roots",
            "subject",
            "issuer",
            "additionalExtensions",
            "annotations",
            "cosignOCI11",
        ],
    ),
];

/// Turns the schema of a ClusterPolicy into that of `v2beta1`. `conditions` is the schema of typed conditions.
pub(crate) fn policy_v2beta1(schema: &mut Schema, conditions: &Schema) {
    let Some(Value::Object(definitions)) = schema.get_mut(DEFINITIONS) else {
        return;
    };
    for (name, dropped) in CHANGED_IN_V2BETA1 {
        let Some(mut copy) = definitions.get(*name).cloned() else {
            continue;
        };
        for field in *dropped {
            drop_field(&mut copy, field);
        }
        point_to_copies(&mut copy);
        definitions.insert(format!("{name}{SUFFIX}"), copy);
    }
    retype(
        definitions,
        &format!("/Rule{SUFFIX}/properties/preconditions"),
        conditions.as_value(),
    );
    let deny = json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {"conditions": conditions},
    });
    retype(
        definitions,
        &format!("/Validation{SUFFIX}/properties/deny"),
        &deny,
    );
    if let Some(spec) = definitions.get_mut("PolicySpec") {
        point_to_copies(spec);
    }
}

/// Turns the schema of a GlobalContextEntry into that of `v2`.
pub(crate) fn global_context_v2(schema: &mut Schema) {
    if let Some(status) = schema.pointer_mut("/$defs/GlobalContextEntryStatus") {
        drop_field(status, "ready");
    }
}

fn drop_field(definition: &mut Value, field: &str) {
    if let Some(Value::Object(properties)) = definition.get_mut("properties") {
        properties.remove(field);
    }
}

/// Replaces a field's type, and keeps its description.
fn retype(definitions: &mut Map<String, Value>, pointer: &str, schema: &Value) {
    let (Some((_, name)), Some(copied)) = (pointer.split_once('/'), schema.as_object()) else {
        return;
    };
    let Some((definition, rest)) = name.split_once('/') else {
        return;
    };
    let Some(field) = definitions
        .get_mut(definition)
        .and_then(|found| found.pointer_mut(&format!("/{rest}")))
    else {
        return;
    };
    let mut fresh = copied.clone();
    if let Some(description) = field.get("description") {
        fresh.insert("description".to_owned(), description.clone());
    }
    *field = Value::Object(fresh);
}

/// Makes references to changed definitions point to their copies.
fn point_to_copies(schema: &mut Value) {
    match schema {
        Value::String(text) => {
            let name = text.strip_prefix(REFERENCE_PREFIX);
            if name.is_some_and(|name| {
                CHANGED_IN_V2BETA1
                    .iter()
                    .any(|(changed, _)| *changed == name)
            }) {
                text.push_str(SUFFIX);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(point_to_copies),
        Value::Object(fields) => fields.values_mut().for_each(point_to_copies),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
