//! Makes generated schemas plain: no `null` beside an optional type, named values as an `enum`, no line breaks
//! of the source in texts.
//!
//! The API server takes `null` for none of these fields, and an `enum` gives better messages and completion
//! than a list of alternatives.

use schemars::Schema;
use schemars::transform::{Transform, transform_subschemas};
use serde_json::{Value, json};

/// The transform; it holds no state.
#[derive(Clone, Debug)]
pub(crate) struct Plain;

impl Transform for Plain {
    fn transform(&mut self, schema: &mut Schema) {
        drop_null_type(schema);
        drop_null_alternative(schema);
        join_named_values(schema);
        join_lines(schema);
        drop_rust_format(schema);
        transform_subschemas(self, schema);
    }
}

fn drop_null_type(schema: &mut Schema) {
    let Some(Value::Array(types)) = schema.get_mut("type") else {
        return;
    };
    types.retain(|name| name != "null");
    if let [single] = types.as_slice() {
        let single = single.clone();
        schema.insert("type".to_owned(), single);
    }
}

/// `anyOf: [X, null]` becomes X; what is already said beside it stays.
fn drop_null_alternative(schema: &mut Schema) {
    let Some(Value::Array(alternatives)) = schema.get("anyOf") else {
        return;
    };
    let [Value::Object(only), null] = alternatives.as_slice() else {
        return;
    };
    if *null != json!({"type": "null"}) {
        return;
    }
    let only = only.clone();
    schema.remove("anyOf");
    for (key, value) in only {
        schema.ensure_object().entry(key).or_insert(value);
    }
}

/// `oneOf` of constants becomes `enum`, and what each means a part of the description.
fn join_named_values(schema: &mut Schema) {
    let Some(Value::Array(alternatives)) = schema.get("oneOf") else {
        return;
    };
    let Some(names) = alternatives
        .iter()
        .map(|one| one.get("const").cloned())
        .collect::<Option<Vec<_>>>()
    else {
        return;
    };
    let mut description = schema
        .get("description")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    for one in alternatives {
        let (name, meaning) = (one.get("const"), one.get("description"));
        if let (Some(Value::String(name)), Some(Value::String(meaning))) = (name, meaning) {
            description.push_str(&format!("\n\n`{name}`: {meaning}"));
        }
    }
    schema.remove("oneOf");
    schema.insert("type".to_owned(), json!("string"));
    schema.insert("enum".to_owned(), Value::Array(names));
    schema.insert(
        "description".to_owned(),
        Value::String(description.trim_start().to_owned()),
    );
}

/// A description's lines are as long as the source wants them; only paragraphs mean something.
fn join_lines(schema: &mut Schema) {
    if let Some(Value::String(description)) = schema.get_mut("description") {
        let paragraphs = description
            .split("\n\n")
            .map(|paragraph| paragraph.replace('\n', " "));
        *description = paragraphs.collect::<Vec<_>>().join("\n\n");
    }
}

/// `uint64` and the like are no formats of JSON Schema or Kubernetes.
fn drop_rust_format(schema: &mut Schema) {
    let format = schema.get("format").and_then(Value::as_str);
    if format.is_some_and(|format| format.starts_with("uint")) {
        schema.remove("format");
    }
}
