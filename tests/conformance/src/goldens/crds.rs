//! Table `crds`: the fields of Kyverno's CustomResourceDefinitions, against the schemas made from our types.
//!
//! A case is one served or stored version of one definition. It has no `in` and `out`: `group`, `version` and
//! `kind` say which, and `fields` lists each field's path (`[]` for items, `{}` for free keys) with its type and
//! constraints. Our schema of that version is flattened to the same form; a field that is missing, is too much,
//! or has other constraints is a difference. Texts are not compared.

use std::collections::BTreeMap;

use portcullis_api::schemas::{SchemaDocument, schema_documents};
use serde_json::{Map, Value, json};

/// Fields in which we differ on purpose: end of the path, constraint, reason.
const WIDER: &[(&str, &str, &str)] = &[(
    ".podSecurity.version",
    "enum",
    "every version of the standards that exists is accepted",
)];

/// Constraints by their names in our schemas and in the table.
const CONSTRAINTS: &[(&str, &str)] = &[
    ("default", "default"),
    ("enum", "enum"),
    ("format", "format"),
    ("maxLength", "maxLength"),
    ("minItems", "minItems"),
    ("minLength", "minLength"),
    ("minimum", "minimum"),
    ("pattern", "pattern"),
    ("x-kubernetes-list-map-keys", "list-map-keys"),
    ("x-kubernetes-list-type", "list-type"),
    ("x-kubernetes-map-type", "map-type"),
    (
        "x-kubernetes-preserve-unknown-fields",
        "preserve-unknown-fields",
    ),
];

/// Compares the fields of one version.
pub fn check(case: &Value) -> Result<(), String> {
    let text = |key: &str| case.get(key).and_then(Value::as_str).unwrap_or_default();
    let (api_version, kind) = (
        format!("{}/{}", text("group"), text("version")),
        text("kind"),
    );
    let documents = schema_documents();
    let document = documents
        .iter()
        .find(|document| document.covers(&api_version, kind));
    let document =
        document.ok_or_else(|| format!("{api_version} {kind} is not one of our resources"))?;
    let ours = flatten(document);
    let wanted = wanted_fields(case);
    let mut differences = Vec::new();
    for (path, field) in &wanted {
        match ours.get(path) {
            None => differences.push(format!("- {path}: {field}")),
            Some(found) if !same(path, field, found) => {
                differences.push(format!("! {path}: wanted {field}, got {found}"));
            }
            Some(_) => {}
        }
    }
    let surplus = ours.iter().filter(|(path, _)| !wanted.contains_key(*path));
    differences.extend(surplus.map(|(path, field)| format!("+ {path}: {field}")));
    if differences.is_empty() {
        Ok(())
    } else {
        Err(differences.join("\n"))
    }
}

fn wanted_fields(case: &Value) -> BTreeMap<String, Value> {
    let fields = case
        .get("fields")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let field = |field: &Value| {
        let mut constraints = field.as_object()?.clone();
        let path = constraints.remove("path")?.as_str()?.to_owned();
        Some((path, Value::Object(constraints)))
    };
    fields.filter_map(field).collect()
}

/// Same type and constraints; the order of an enum's values does not count.
fn same(path: &str, wanted: &Value, found: &Value) -> bool {
    let (Some(wanted), Some(found)) = (wanted.as_object(), found.as_object()) else {
        return false;
    };
    let keys = wanted.keys().chain(found.keys());
    let mut constraints = keys.filter(|key| !is_wider(path, key));
    constraints.all(|key| match (wanted.get(key), found.get(key)) {
        (Some(Value::Array(wanted)), Some(Value::Array(found))) => {
            wanted.len() == found.len() && wanted.iter().all(|value| found.contains(value))
        }
        (wanted, found) => wanted == found,
    })
}

fn is_wider(path: &str, constraint: &str) -> bool {
    WIDER
        .iter()
        .any(|(end, what, _)| path.ends_with(end) && constraint == *what)
}

fn flatten(document: &SchemaDocument) -> BTreeMap<String, Value> {
    let mut flat = Flat {
        root: document.schema.as_value(),
        fields: BTreeMap::new(),
    };
    let schema = flat.resolve(flat.root);
    let required = required_fields(&schema);
    for (name, field) in properties(&schema) {
        if !["apiVersion", "kind", "metadata"].contains(&name.as_str()) {
            flat.visit(name.clone(), &field, required.contains(&name));
        }
    }
    flat.fields
}

struct Flat<'a> {
    root: &'a Value,
    fields: BTreeMap<String, Value>,
}

impl Flat<'_> {
    fn visit(&mut self, path: String, schema: &Value, required: bool) {
        let schema = self.resolve(schema);
        let mut field = constraints(&schema);
        if required {
            field.insert("required".to_owned(), json!(true));
        }
        self.fields.insert(path.clone(), Value::Object(field));
        let required = required_fields(&schema);
        for (name, property) in properties(&schema) {
            self.visit(
                format!("{path}.{name}"),
                &property,
                required.contains(&name),
            );
        }
        if let Some(items) = schema.get("items") {
            self.visit(format!("{path}[]"), items, false);
        }
        if let Some(values) = schema
            .get("additionalProperties")
            .filter(|values| values.is_object())
        {
            self.visit(format!("{path}.{{}}"), values, false);
        }
    }

    /// The schema with its reference filled in; what is said beside the reference wins.
    fn resolve(&self, schema: &Value) -> Value {
        let reference = schema
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|text| text.strip_prefix('#'));
        let Some(target) = reference.and_then(|pointer| self.root.pointer(pointer)) else {
            return schema.clone();
        };
        let mut merged = target.as_object().cloned().unwrap_or_default();
        merged.extend(schema.as_object().cloned().unwrap_or_default());
        Value::Object(merged)
    }
}

fn constraints(schema: &Value) -> Map<String, Value> {
    let mut found = Map::new();
    found.insert(
        "type".to_owned(),
        schema.get("type").cloned().unwrap_or_else(|| json!("any")),
    );
    for (ours, theirs) in CONSTRAINTS {
        if let Some(value) = schema.get(*ours) {
            found.insert((*theirs).to_owned(), value.clone());
        }
    }
    if let Some(Value::Array(rules)) = schema.get("x-kubernetes-validations") {
        found.insert(
            "cel_rules".to_owned(),
            rules
                .iter()
                .filter_map(|rule| rule.get("rule"))
                .cloned()
                .collect(),
        );
    }
    found
}

fn properties(schema: &Value) -> Vec<(String, Value)> {
    let properties = schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten();
    properties
        .map(|(name, property)| (name.clone(), property.clone()))
        .collect()
}

fn required_fields(schema: &Value) -> Vec<String> {
    let names = schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    names.filter_map(Value::as_str).map(str::to_owned).collect()
}
