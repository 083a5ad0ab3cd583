//! CustomResourceDefinitions, made from the schemas of the kinds.
//!
//! The API server takes structural schemas only: a type at every node, nothing shared, no
//! alternatives. What a schema says beyond that is left to whoever reads the object.

mod kyverno;

use serde_json::{Map, Value, json};

pub use self::kyverno::{KYVERNO, KyvernoResource};
use crate::schemas::schema_documents;

/// A kind that the API server is to serve.
#[derive(Clone, Copy, Debug)]
pub struct CustomResource {
    /// API group.
    pub group: &'static str,
    /// The version that is served and stored.
    pub version: &'static str,
    /// Kind.
    pub kind: &'static str,
    /// Resource, such as `policysources`.
    pub plural: &'static str,
    /// Whether objects live in a namespace.
    pub namespaced: bool,
    /// Columns of `kubectl get`: title and path.
    pub columns: &'static [(&'static str, &'static str)],
}

/// The kinds of this tool.
pub const OWN: &[CustomResource] = &[CustomResource {
    group: "portcullis.io",
    version: "v1alpha1",
    kind: "PolicySource",
    plural: "policysources",
    namespaced: true,
    columns: &[
        ("Ready", ".status.conditions[?(@.type==\"Ready\")].status"),
        ("Revision", ".status.revision"),
        (
            "Message",
            ".status.conditions[?(@.type==\"Ready\")].message",
        ),
    ],
}];

impl CustomResource {
    /// The name of the definition.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}.{}", self.plural, self.group)
    }

    /// The definition; none where no schema is for the kind.
    #[must_use]
    pub fn definition(&self) -> Option<Value> {
        let version = format!("{}/{}", self.group, self.version);
        let documents = schema_documents();
        let document = documents
            .iter()
            .find(|one| one.covers(&version, self.kind))?;
        let columns = self
            .columns
            .iter()
            .map(|(title, path)| json!({"name": title, "type": type_at(path), "jsonPath": path}));
        Some(json!({
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": self.name()},
            "spec": {
                "group": self.group,
                "names": {
                    "kind": self.kind,
                    "listKind": format!("{}List", self.kind),
                    "plural": self.plural,
                    "singular": self.kind.to_lowercase(),
                },
                "scope": if self.namespaced { "Namespaced" } else { "Cluster" },
                "versions": [{
                    "name": self.version,
                    "served": true,
                    "storage": true,
                    "additionalPrinterColumns": columns.collect::<Vec<_>>(),
                    "subresources": {"status": {}},
                    "schema": {"openAPIV3Schema": root(document.schema.as_value())},
                }],
            },
        }))
    }
}

/// How the server prints what is at a path.
fn type_at(path: &str) -> &'static str {
    match path {
        ".metadata.creationTimestamp" => "date",
        ".spec.admission" | ".spec.background" => "boolean",
        _ if path.starts_with(".summary.") => "integer",
        _ => "string",
    }
}

/// The schema of an object: the server knows head and metadata itself.
fn root(schema: &Value) -> Value {
    let mut root = structural(schema, schema, &mut Vec::new());
    if let Some(properties) = root.get_mut("properties").and_then(Value::as_object_mut) {
        for name in ["apiVersion", "kind"] {
            properties.insert(name.to_owned(), json!({"type": "string"}));
        }
        properties.insert("metadata".to_owned(), json!({"type": "object"}));
    }
    if let Some(required) = root.get_mut("required").and_then(Value::as_array_mut) {
        required.retain(|name| name == "spec");
    }
    root
}

/// What is kept of a node as it is.
const KEPT: &[&str] = &[
    "description",
    "enum",
    "maxItems",
    "maxLength",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-list-type",
    "x-kubernetes-map-type",
    "x-kubernetes-preserve-unknown-fields",
];

fn open() -> Value {
    json!({"x-kubernetes-preserve-unknown-fields": true})
}

/// A node as the API server takes it. `above` holds the definitions that it stands in: what would
/// hold itself stays open.
fn structural<'s>(schema: &'s Value, document: &'s Value, above: &mut Vec<&'s str>) -> Value {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        let target = document.pointer(name.trim_start_matches('#'));
        let Some(target) = target.filter(|_| !above.contains(&name)) else {
            return described(open(), schema);
        };
        above.push(name);
        let found = structural(target, document, above);
        above.pop();
        return described(found, schema);
    }
    let types = schema.get("type");
    let node = match types.and_then(Value::as_str) {
        Some("object") => object(schema, document, above),
        Some("array") => {
            let items = schema
                .get("items")
                .map(|items| structural(items, document, above));
            json!({"type": "array", "items": items.unwrap_or_else(open)})
        }
        Some(scalar) => json!({"type": scalar}),
        None if is_amount(types) => json!({"x-kubernetes-int-or-string": true}),
        None => return described(open(), schema),
    };
    with_kept(node, schema)
}

fn object<'s>(schema: &'s Value, document: &'s Value, above: &mut Vec<&'s str>) -> Value {
    let properties = schema.get("properties").and_then(Value::as_object);
    if let Some(properties) = properties.filter(|properties| !properties.is_empty()) {
        let mut found = Map::new();
        for (name, below) in properties {
            found.insert(name.clone(), structural(below, document, above));
        }
        let mut node = json!({"type": "object", "properties": found});
        if let (Some(node), Some(required)) = (node.as_object_mut(), schema.get("required")) {
            node.insert("required".to_owned(), required.clone());
        }
        return node;
    }
    match schema.get("additionalProperties") {
        Some(below @ Value::Object(_)) => {
            let below = structural(below, document, above);
            json!({"type": "object", "additionalProperties": below})
        }
        Some(Value::Bool(false)) => json!({"type": "object"}),
        _ => json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true}),
    }
}

/// A number or a text.
fn is_amount(types: Option<&Value>) -> bool {
    let names = types
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    names.len() == 2
        && ["integer", "string"]
            .iter()
            .all(|name| names.iter().any(|one| one == name))
}

fn with_kept(mut node: Value, schema: &Value) -> Value {
    if let Some(map) = node.as_object_mut() {
        for name in KEPT {
            if let Some(value) = schema.get(*name) {
                map.insert((*name).to_owned(), value.clone());
            }
        }
        if schema
            .get("format")
            .is_some_and(|format| format == "date-time")
        {
            map.insert("format".to_owned(), json!("date-time"));
        }
    }
    node
}

fn described(mut node: Value, schema: &Value) -> Value {
    if let (Some(map), Some(text)) = (node.as_object_mut(), schema.get("description")) {
        map.insert("description".to_owned(), text.clone());
    }
    node
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_become_structural() {
        let document = json!({
            "$defs": {
                "Loop": {"type": "object", "properties": {"again": {"$ref": "#/$defs/Loop"}, "n": {"type": "integer", "minimum": 0, "format": "uint8"}}},
            },
        });
        let open = json!({"x-kubernetes-preserve-unknown-fields": true});
        for (schema, wanted) in [
            (json!(true), open.clone()),
            (
                json!({"anyOf": [{"type": "string"}, {"type": "object"}], "description": "d"}),
                json!({"x-kubernetes-preserve-unknown-fields": true, "description": "d"}),
            ),
            (
                json!({"type": ["integer", "string"]}),
                json!({"x-kubernetes-int-or-string": true}),
            ),
            (
                json!({"type": "object", "additionalProperties": {"type": "string"}}),
                json!({"type": "object", "additionalProperties": {"type": "string"}}),
            ),
            (
                json!({"type": "array"}),
                json!({"type": "array", "items": open.clone()}),
            ),
            (
                json!({"$ref": "#/$defs/Loop"}),
                json!({"type": "object", "properties": {"again": open, "n": {"type": "integer", "minimum": 0}}}),
            ),
            (
                json!({"type": "object", "properties": {"a": {"type": "string", "pattern": "x", "maxLength": 3}}, "required": ["a"], "additionalProperties": false}),
                json!({"type": "object", "properties": {"a": {"type": "string", "maxLength": 3}}, "required": ["a"]}),
            ),
        ] {
            // References are looked up in the whole document.
            let found = match schema.get("$ref") {
                Some(_) => structural(&schema, &document, &mut Vec::new()),
                None => structural(&schema, &schema, &mut Vec::new()),
            };
            assert_eq!(found, wanted, "{schema}");
        }
    }

    #[test]
    fn every_kind_has_a_definition() {
        for kind in OWN {
            let definition = kind.definition().expect("a schema");
            let spec =
                definition.pointer("/spec/versions/0/schema/openAPIV3Schema/properties/spec");
            assert!(spec.is_some(), "{}", kind.kind);
        }
    }
}
