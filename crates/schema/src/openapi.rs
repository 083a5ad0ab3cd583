//! Reads OpenAPI v3 documents of an API server, and the schemas of CustomResourceDefinitions.
//!
//! Of a document's `components.schemas` the names, types, constraints and merge rules are kept;
//! of its `paths` the kinds with their resources, scope and subresources, and what is sent to
//! subresources such as `scale`.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::{Map, Value};

use crate::{
    catalogue::{Catalogue, Kind},
    structure::{Constraints, Integer, ListType, Merge, Object, Schema, SchemaId, Shape, Text},
};

/// How deep a schema may nest.
const MAX_DEPTH: usize = 200;

impl Catalogue {
    /// Adds the kinds and schemas of one OpenAPI v3 document (one group and version).
    pub fn add_openapi(&mut self, document: &Value) {
        let definitions = document
            .pointer("/components/schemas")
            .and_then(Value::as_object);
        let Some(definitions) = definitions else {
            return;
        };
        let mut reader = Reader {
            catalogue: self,
            definitions,
        };
        let kinds = reader.kinds(document.get("paths").and_then(Value::as_object));
        for kind in kinds {
            self.add_kind(kind);
        }
    }
}

/// Converts schemas, resolving references among the definitions of one document.
pub(crate) struct Reader<'r> {
    pub(crate) catalogue: &'r mut Catalogue,
    pub(crate) definitions: &'r Map<String, Value>,
}

#[derive(Default)]
struct Served {
    kind: String,
    namespaced: bool,
    subresources: BTreeSet<String>,
}

impl Reader<'_> {
    fn kinds(&mut self, paths: Option<&Map<String, Value>>) -> Vec<Kind> {
        let mut served: BTreeMap<(String, String, String), Served> = BTreeMap::new();
        for (path, operations) in paths.into_iter().flatten() {
            record_path(&mut served, path, operations);
            // What a subresource takes may be of a kind that no resource is of, such as Scale.
            if path.contains("/{name}/")
                && let Some([group, version, kind]) = group_version_kind(operations)
            {
                self.definition_of(group, version, kind);
            }
        }
        served
            .into_iter()
            .filter_map(|((group, version, resource), entry)| {
                let schema = self.definition_of(&group, &version, &entry.kind)?;
                Some(Kind {
                    kind: entry.kind,
                    namespaced: entry.namespaced,
                    subresources: entry.subresources.into_iter().collect(),
                    group,
                    version,
                    resource,
                    schema,
                })
            })
            .collect()
    }

    fn definition_of(&mut self, group: &str, version: &str, kind: &str) -> Option<SchemaId> {
        let name = self.definitions.iter().find_map(|(name, definition)| {
            let kinds = definition
                .get("x-kubernetes-group-version-kind")?
                .as_array()?;
            let [only] = kinds.as_slice() else {
                return None;
            };
            let same = text(only, "group") == group
                && text(only, "version") == version
                && text(only, "kind") == kind;
            same.then(|| name.clone())
        })?;
        Some(self.named(&name))
    }

    /// The schema of a definition, converted once.
    fn named(&mut self, name: &str) -> SchemaId {
        if let Some(id) = self.catalogue.names.get(name) {
            return *id;
        }
        let id = self.catalogue.add_schema(Schema::default());
        Arc::make_mut(&mut self.catalogue.names).insert(name.to_owned(), id);
        if let Some(definition) = self.definitions.get(name) {
            let schema = self.convert(definition, 0);
            self.catalogue.set_schema(id, schema);
        }
        id
    }

    /// The id of the schema at a place: that of its definition, if it is a bare reference.
    pub(crate) fn place(&mut self, node: &Value, depth: usize) -> SchemaId {
        match reference(node) {
            Some(name) if !has_own_facts(node) => self.named(name),
            _ => {
                let schema = self.convert(node, depth);
                self.catalogue.add_schema(schema)
            }
        }
    }

    fn convert(&mut self, node: &Value, depth: usize) -> Schema {
        if depth > MAX_DEPTH {
            return Schema::default();
        }
        let shape = match reference(node) {
            Some(name) => Shape::Same(self.named(name)),
            None => self.shape(node, depth),
        };
        Schema {
            shape,
            nullable: flag(node, "nullable"),
            constraints: constraints(node),
            merge: merge(node),
            default: default_of(node),
        }
    }

    fn shape(&mut self, node: &Value, depth: usize) -> Shape {
        if flag(node, "x-kubernetes-int-or-string") || text(node, "format") == "int-or-string" {
            return Shape::IntOrString;
        }
        if is_quantity(node) {
            return Shape::Quantity;
        }
        match (text(node, "type"), text(node, "format")) {
            ("string", "date-time") => Shape::Text(Text::DateTime),
            ("string", "byte") => Shape::Text(Text::Bytes),
            ("string", _) => Shape::Text(Text::Plain),
            ("integer", "int32") => Shape::Integer(Integer::Int32),
            ("integer", _) => Shape::Integer(Integer::Int64),
            ("number", _) => Shape::Number,
            ("boolean", _) => Shape::Boolean,
            ("array", _) => match node.get("items") {
                Some(items) => Shape::List(self.place(items, depth + 1)),
                None => {
                    let any = self.catalogue.add_schema(Schema::default());
                    Shape::List(any)
                }
            },
            ("object", _) => self.object(node, depth),
            _ if node.get("properties").is_some() => self.object(node, depth),
            _ => Shape::Any,
        }
    }

    fn object(&mut self, node: &Value, depth: usize) -> Shape {
        if let Some(properties) = node.get("properties").and_then(Value::as_object) {
            let fields = properties
                .iter()
                .map(|(name, field)| (name.as_str().into(), self.place(field, depth + 1)))
                .collect();
            return Shape::Object(Object {
                fields,
                required: strings(node, "required"),
                open: flag(node, "x-kubernetes-preserve-unknown-fields"),
            });
        }
        match node.get("additionalProperties") {
            Some(values) if values.is_object() => Shape::Map(self.place(values, depth + 1)),
            _ => Shape::Any,
        }
    }
}

fn record_path(
    served: &mut BTreeMap<(String, String, String), Served>,
    path: &str,
    operations: &Value,
) {
    let mut parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    if parts.first() == Some(&"apis") && parts.len() > 3 {
        parts.remove(0);
    } else if parts.first() == Some(&"api") && parts.len() > 2 {
        parts.splice(0..1, [""]);
    } else {
        return;
    }
    let (group, version, rest) = match parts.as_slice() {
        [group, version, rest @ ..] => (*group, *version, rest),
        _ => return,
    };
    let (namespaced, rest) = match rest {
        ["watch", ..] => return,
        ["namespaces", "{namespace}", rest @ ..] if !rest.is_empty() => (true, rest),
        rest => (false, rest),
    };
    let key = |resource: &str| (group.to_owned(), version.to_owned(), resource.to_owned());
    match rest {
        [resource] => {
            let Some(kind) = kind_of(operations) else {
                return;
            };
            let entry = served.entry(key(resource)).or_default();
            entry.kind = kind;
            entry.namespaced |= namespaced;
        }
        [resource, "{name}", subresource] => {
            let entry = served.entry(key(resource)).or_default();
            entry.subresources.insert((*subresource).to_owned());
        }
        _ => {}
    }
}

fn kind_of(operations: &Value) -> Option<String> {
    let [_, _, kind] = group_version_kind(operations)?;
    Some(kind.to_owned())
}

/// What the operations of a path are about.
fn group_version_kind(operations: &Value) -> Option<[&str; 3]> {
    ["post", "get", "put"].iter().find_map(|verb| {
        let about = operations
            .get(verb)?
            .get("x-kubernetes-group-version-kind")?;
        let kind = about.get("kind")?.as_str()?;
        Some([text(about, "group"), text(about, "version"), kind])
    })
}

/// The name of the definition that a node refers to, directly or as its single `allOf` part.
fn reference(node: &Value) -> Option<&str> {
    let direct = node.get("$ref");
    let wrapped = || match node.get("allOf")?.as_array()?.as_slice() {
        [only] => only.get("$ref"),
        _ => None,
    };
    direct
        .or_else(wrapped)?
        .as_str()?
        .strip_prefix("#/components/schemas/")
}

fn has_own_facts(node: &Value) -> bool {
    flag(node, "nullable") || merge(node).is_some() || default_of(node).is_some()
}

fn is_quantity(node: &Value) -> bool {
    let types = node.get("oneOf").and_then(Value::as_array);
    types.is_some_and(|types| {
        let names: Vec<&str> = types.iter().map(|one| text(one, "type")).collect();
        names == ["string", "number"]
    })
}

fn default_of(node: &Value) -> Option<Value> {
    let default = node.get("default")?;
    let empty = match default {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Object(entries) => entries.is_empty(),
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::Bool(flag) => !flag,
        Value::Array(_) => false,
    };
    (!empty).then(|| default.clone())
}

fn constraints(node: &Value) -> Option<Box<Constraints>> {
    let number = |key: &str| node.get(key).and_then(Value::as_f64);
    let length = |keys: [&str; 3]| keys.iter().find_map(|key| node.get(key)?.as_u64());
    let found = Constraints {
        allowed: node
            .get("enum")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default(),
        minimum: number("minimum"),
        exclusive_minimum: flag(node, "exclusiveMinimum"),
        maximum: number("maximum"),
        exclusive_maximum: flag(node, "exclusiveMaximum"),
        min_length: length(["minLength", "minItems", "minProperties"]),
        max_length: length(["maxLength", "maxItems", "maxProperties"]),
        pattern: node.get("pattern").and_then(Value::as_str).map(Into::into),
    };
    (found != Constraints::default()).then(|| Box::new(found))
}

fn merge(node: &Value) -> Option<Box<Merge>> {
    let optional = |key: &str| node.get(key).and_then(Value::as_str).map(Into::into);
    let found = Merge {
        list_type: match text(node, "x-kubernetes-list-type") {
            "atomic" => Some(ListType::Atomic),
            "set" => Some(ListType::Set),
            "map" => Some(ListType::Map),
            _ => None,
        },
        keys: strings(node, "x-kubernetes-list-map-keys"),
        atomic_map: text(node, "x-kubernetes-map-type") == "atomic",
        patch_key: optional("x-kubernetes-patch-merge-key"),
        patch_strategy: optional("x-kubernetes-patch-strategy"),
    };
    (found != Merge::default()).then(|| Box::new(found))
}

fn strings(node: &Value, key: &str) -> Vec<Box<str>> {
    let items = node
        .get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    items.filter_map(Value::as_str).map(Into::into).collect()
}

fn text<'v>(node: &'v Value, key: &str) -> &'v str {
    node.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn flag(node: &Value, key: &str) -> bool {
    node.get(key).and_then(Value::as_bool).unwrap_or_default()
}
