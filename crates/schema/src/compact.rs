//! The compact form in which a version's catalogue is kept: JSON, one kind or named type a line.
//!
//! A place is a word (`s` text, `s:date-time`, `s:byte`, `i32`, `i64`, `n` number, `b` boolean,
//! `x` integer or text, `q` quantity, `*` anything), a reference `@name`, or an object:
//! `f` fields with `r` required ones, `v` the values of a map, `l` the items of a list, `n` another
//! place, each with optional merge facts (`t` list type, `k` keys, `a` atomic map, `p` patch key,
//! `s` patch strategy) and `d` the default.

use std::{fmt::Write as _, sync::Arc};

use serde_json::{Map, Value, json};
use thiserror::Error;

use crate::{
    catalogue::{Catalogue, Kind},
    structure::{Integer, ListType, Merge, Object, Schema, SchemaId, Shape, Text},
};

/// Why a compact catalogue cannot be read.
#[derive(Debug, Error)]
pub enum CompactError {
    /// The text is not JSON.
    #[error("the catalogue is not JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// A part is missing or has another form.
    #[error("the catalogue has no `{0}`, or one of another form")]
    Form(&'static str),
}

/// Writes a catalogue in its compact form.
#[must_use]
pub fn encode(catalogue: &Catalogue) -> String {
    let mut text = format!("{{\"version\":{},\n\"kinds\":[\n", json!(catalogue.version));
    let named: std::collections::BTreeMap<SchemaId, &str> = catalogue
        .names
        .iter()
        .map(|(name, id)| (*id, name.as_str()))
        .collect();
    let encoder = Encoder { catalogue, named };
    let kinds: Vec<String> = catalogue
        .kinds()
        .map(|kind| {
            json!([
                kind.group,
                kind.version,
                kind.kind,
                kind.resource,
                u8::from(kind.namespaced),
                kind.subresources.join(","),
                encoder.place(kind.schema)
            ])
            .to_string()
        })
        .collect();
    text.push_str(&kinds.join(",\n"));
    text.push_str("],\n\"types\":{\n");
    let types: Vec<String> = catalogue
        .names
        .iter()
        .map(|(name, id)| format!("{}:{}", json!(name), encoder.content(*id)))
        .collect();
    let _ = writeln!(text, "{}}}}}", types.join(",\n"));
    text
}

struct Encoder<'c> {
    catalogue: &'c Catalogue,
    named: std::collections::BTreeMap<SchemaId, &'c str>,
}

impl Encoder<'_> {
    fn place(&self, id: SchemaId) -> Value {
        match self.named.get(&id) {
            Some(name) => json!(format!("@{name}")),
            None => self.content(id),
        }
    }

    fn content(&self, id: SchemaId) -> Value {
        let Some(schema) = self.catalogue.schema(id) else {
            return json!("*");
        };
        let mut facts = Map::new();
        match &schema.shape {
            Shape::Object(object) => self.fields(object, &mut facts),
            Shape::Map(values) => drop(facts.insert("v".into(), self.place(*values))),
            Shape::List(items) => drop(facts.insert("l".into(), self.place(*items))),
            Shape::Same(other) => drop(facts.insert("n".into(), self.place(*other))),
            scalar => drop(facts.insert("n".into(), json!(word(scalar)))),
        }
        if let Some(merge) = &schema.merge {
            write_merge(merge, &mut facts);
        }
        if let Some(default) = &schema.default {
            facts.insert("d".into(), default.clone());
        }
        match (facts.len(), facts.remove("n")) {
            (1, Some(word)) => word,
            (_, Some(word)) => {
                facts.insert("n".into(), word);
                Value::Object(facts)
            }
            (_, None) => Value::Object(facts),
        }
    }

    fn fields(&self, object: &Object, facts: &mut Map<String, Value>) {
        let fields = object
            .fields
            .iter()
            .map(|(name, id)| (name.to_string(), self.place(*id)));
        facts.insert("f".into(), Value::Object(fields.collect()));
        if !object.required.is_empty() {
            facts.insert("r".into(), json!(object.required.join(",")));
        }
    }
}

fn word(shape: &Shape) -> &'static str {
    match shape {
        Shape::Text(Text::Plain) => "s",
        Shape::Text(Text::DateTime) => "s:date-time",
        Shape::Text(Text::Bytes) => "s:byte",
        Shape::Integer(Integer::Int32) => "i32",
        Shape::Integer(Integer::Int64) => "i64",
        Shape::Number => "n",
        Shape::Boolean => "b",
        Shape::IntOrString => "x",
        Shape::Quantity => "q",
        Shape::Any | Shape::Object(_) | Shape::Map(_) | Shape::List(_) | Shape::Same(_) => "*",
    }
}

fn write_merge(merge: &Merge, facts: &mut Map<String, Value>) {
    let list_type = merge.list_type.map(|kind| match kind {
        ListType::Atomic => "atomic",
        ListType::Set => "set",
        ListType::Map => "map",
    });
    let mut put = |key: &str, text: Option<&str>| {
        if let Some(text) = text {
            facts.insert(key.to_owned(), json!(text));
        }
    };
    put("t", list_type);
    put("p", merge.patch_key.as_deref());
    put("s", merge.patch_strategy.as_deref());
    put("a", merge.atomic_map.then_some("1"));
    if !merge.keys.is_empty() {
        put("k", Some(&merge.keys.join(",")));
    }
}

/// Reads a catalogue from its compact form.
pub(crate) fn decode(text: &str) -> Result<Catalogue, CompactError> {
    let document: Value = serde_json::from_str(text)?;
    let version = document.get("version").and_then(Value::as_str);
    let mut catalogue = Catalogue::new(version.ok_or(CompactError::Form("version"))?);
    let types = document.get("types").and_then(Value::as_object);
    let types = types.ok_or(CompactError::Form("types"))?;
    for name in types.keys() {
        let id = catalogue.add_schema(Schema::default());
        Arc::make_mut(&mut catalogue.names).insert(name.clone(), id);
    }
    for (name, content) in types {
        let schema = read_content(&mut catalogue, content);
        if let Some(id) = catalogue.names.get(name).copied() {
            catalogue.set_schema(id, schema);
        }
    }
    let kinds = document.get("kinds").and_then(Value::as_array);
    for kind in kinds.ok_or(CompactError::Form("kinds"))? {
        let kind = read_kind(&mut catalogue, kind).ok_or(CompactError::Form("kinds"))?;
        catalogue.add_kind(kind);
    }
    Ok(catalogue)
}

fn read_kind(catalogue: &mut Catalogue, row: &Value) -> Option<Kind> {
    let [
        group,
        version,
        kind,
        resource,
        namespaced,
        subresources,
        schema,
    ] = row.as_array()?.as_slice()
    else {
        return None;
    };
    let owned = |value: &Value| value.as_str().map(str::to_owned);
    Some(Kind {
        group: owned(group)?,
        version: owned(version)?,
        kind: owned(kind)?,
        resource: owned(resource)?,
        namespaced: namespaced.as_u64()? == 1,
        subresources: split(subresources.as_str()?).map(str::to_owned).collect(),
        schema: read_place(catalogue, schema),
    })
}

fn read_place(catalogue: &mut Catalogue, node: &Value) -> SchemaId {
    let named = node.as_str().and_then(|word| word.strip_prefix('@'));
    if let Some(id) = named.and_then(|name| catalogue.names.get(name)) {
        return *id;
    }
    let schema = read_content(catalogue, node);
    catalogue.add_schema(schema)
}

fn read_content(catalogue: &mut Catalogue, node: &Value) -> Schema {
    if let Some(word) = node.as_str() {
        return Schema {
            shape: shape_of(word),
            ..Schema::default()
        };
    }
    let shape = if let Some(fields) = node.get("f").and_then(Value::as_object) {
        let fields = fields
            .iter()
            .map(|(name, place)| (name.as_str().into(), read_place(catalogue, place)))
            .collect();
        let required = node.get("r").and_then(Value::as_str).unwrap_or_default();
        Shape::Object(Object {
            fields,
            required: split(required).map(Into::into).collect(),
            open: false,
        })
    } else if let Some(values) = node.get("v") {
        Shape::Map(read_place(catalogue, values))
    } else if let Some(items) = node.get("l") {
        Shape::List(read_place(catalogue, items))
    } else {
        let word = node.get("n").and_then(Value::as_str).unwrap_or("*");
        let named = word
            .strip_prefix('@')
            .and_then(|name| catalogue.names.get(name));
        named.map_or_else(|| shape_of(word), |id| Shape::Same(*id))
    };
    Schema {
        shape,
        merge: read_merge(node),
        default: node.get("d").cloned(),
        ..Schema::default()
    }
}

fn shape_of(word: &str) -> Shape {
    match word {
        "s" => Shape::Text(Text::Plain),
        "s:date-time" => Shape::Text(Text::DateTime),
        "s:byte" => Shape::Text(Text::Bytes),
        "i32" => Shape::Integer(Integer::Int32),
        "i64" => Shape::Integer(Integer::Int64),
        "n" => Shape::Number,
        "b" => Shape::Boolean,
        "x" => Shape::IntOrString,
        "q" => Shape::Quantity,
        _ => Shape::Any,
    }
}

fn read_merge(node: &Value) -> Option<Box<Merge>> {
    let fact = |key: &str| node.get(key).and_then(Value::as_str);
    let merge = Merge {
        list_type: match fact("t") {
            Some("atomic") => Some(ListType::Atomic),
            Some("set") => Some(ListType::Set),
            Some("map") => Some(ListType::Map),
            _ => None,
        },
        keys: split(fact("k").unwrap_or_default())
            .map(Into::into)
            .collect(),
        atomic_map: fact("a").is_some(),
        patch_key: fact("p").map(Into::into),
        patch_strategy: fact("s").map(Into::into),
    };
    (merge != Merge::default()).then(|| Box::new(merge))
}

fn split(joined: &str) -> impl Iterator<Item = &str> {
    joined.split(',').filter(|part| !part.is_empty())
}
