//! Holds a document against a JSON schema, and says what is wrong in words, at a place.
//!
//! The schemas are those that `api` generates from its types; parameters of a policy template
//! have schemas of their own.

use std::sync::OnceLock;

use jsonschema::{
    Validator,
    error::{TypeKind, ValidationError, ValidationErrorKind},
};
use portcullis_api::schemas::{SchemaDocument, schema_documents};
use portcullis_schema::nearest;
use portcullis_values::json_pointer;
use serde_json::Value;

use crate::diagnostic::{Diagnostic, Place};

/// One fault: where in the document, what is wrong, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaFault {
    /// Where, as `/spec/rules/0`.
    pub pointer: String,
    /// Whether the key itself is wrong rather than its value.
    pub at_key: bool,
    /// What was expected and what was found.
    pub message: String,
    /// What to do, where that can be told.
    pub help: Option<String>,
}

/// A JSON schema, ready to check with.
pub struct DocumentSchema {
    schema: Value,
    validator: Validator,
}

impl DocumentSchema {
    /// A schema ready to check with; none where it is not a valid one.
    #[must_use]
    pub fn compile(schema: &Value) -> Option<Self> {
        let validator = jsonschema::validator_for(schema).ok()?;
        Some(DocumentSchema {
            schema: schema.clone(),
            validator,
        })
    }

    /// The generated schema with this file name, such as `environment.json`.
    #[must_use]
    pub fn generated(name: &str) -> Option<&'static DocumentSchema> {
        generated()
            .iter()
            .find(|one| one.document.file_name == name)?
            .compiled()
    }

    /// The generated schema for an `apiVersion` and `kind`.
    #[must_use]
    pub fn for_resource(api_version: &str, kind: &str) -> Option<&'static DocumentSchema> {
        generated()
            .iter()
            .find(|one| one.document.covers(api_version, kind))?
            .compiled()
    }

    /// Every fault of a document.
    #[must_use]
    pub fn faults(&self, document: &Value) -> Vec<SchemaFault> {
        let errors = self.validator.iter_errors(document);
        errors
            .flat_map(|error| describe(&self.schema, &error))
            .collect()
    }
}

/// A generated schema, compiled when it is first asked for.
struct Generated {
    document: SchemaDocument,
    compiled: OnceLock<Option<DocumentSchema>>,
}

impl Generated {
    fn compiled(&self) -> Option<&DocumentSchema> {
        let compile = || DocumentSchema::compile(self.document.schema.as_value());
        self.compiled.get_or_init(compile).as_ref()
    }
}

fn generated() -> &'static [Generated] {
    static GENERATED: OnceLock<Vec<Generated>> = OnceLock::new();
    GENERATED.get_or_init(|| {
        let documents = schema_documents().into_iter();
        documents
            .map(|document| Generated {
                document,
                compiled: OnceLock::new(),
            })
            .collect()
    })
}

fn describe(schema: &Value, error: &ValidationError<'_>) -> Vec<SchemaFault> {
    let pointer = error.instance_path().as_str().to_owned();
    let found = found(error.instance());
    let fault = |message: String| {
        vec![SchemaFault {
            pointer: pointer.clone(),
            at_key: false,
            message,
            help: None,
        }]
    };
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => unexpected
            .iter()
            .map(|name| unknown_field(schema, error, &pointer, name))
            .collect(),
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            fault(format!("the required field `{name}` is missing"))
        }
        ValidationErrorKind::Type { kind } => {
            let expected = expected_type(kind);
            let mut faults = fault(format!("expected {expected}, found {found}"));
            if let Some(first) = faults.first_mut() {
                first.help = type_help(&expected, error.instance());
            }
            faults
        }
        ValidationErrorKind::Enum { options } => {
            let allowed: Vec<String> = options
                .as_array()
                .into_iter()
                .flatten()
                .map(Value::to_string)
                .collect();
            let words: Vec<&str> = options
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            let near = error
                .instance()
                .as_str()
                .and_then(|wrong| nearest(wrong, words));
            let mut faults = fault(format!(
                "expected one of {}, found {found}",
                allowed.join(", ")
            ));
            if let (Some(first), Some(near)) = (faults.first_mut(), near) {
                first.help = Some(format!("did you mean `{near}`?"));
            }
            faults
        }
        ValidationErrorKind::Constant { expected_value } => {
            fault(format!("expected {expected_value}, found {found}"))
        }
        ValidationErrorKind::Pattern { pattern } => fault(format!(
            "expected text that matches `{pattern}`, found {found}"
        )),
        ValidationErrorKind::Minimum { limit } => {
            fault(format!("expected at least {limit}, found {found}"))
        }
        ValidationErrorKind::Maximum { limit } => {
            fault(format!("expected at most {limit}, found {found}"))
        }
        ValidationErrorKind::MinItems { limit } => {
            fault(format!("expected at least {limit} items"))
        }
        ValidationErrorKind::MaxItems { limit } => fault(format!("expected at most {limit} items")),
        ValidationErrorKind::MinLength { limit } => fault(format!(
            "expected at least {limit} characters, found {found}"
        )),
        ValidationErrorKind::MaxLength { limit } => fault(format!(
            "expected at most {limit} characters, found {found}"
        )),
        ValidationErrorKind::UniqueItems => fault("an item occurs twice".to_owned()),
        ValidationErrorKind::PropertyNames { error } => fault(format!(
            "{found} is not a name that can stand here: {error}"
        )),
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            nearest_branch(schema, context).unwrap_or_else(|| {
                fault(format!(
                    "{found} has none of the forms that are allowed here"
                ))
            })
        }
        other => fault(format!(
            "the `{}` of the schema does not hold: {error}",
            other.keyword()
        )),
    }
}

/// The faults of the branch that comes nearest: the one with the fewest, deepest first.
fn nearest_branch(
    schema: &Value,
    context: &[Vec<ValidationError<'static>>],
) -> Option<Vec<SchemaFault>> {
    let depth = |branch: &[ValidationError<'static>]| {
        branch
            .iter()
            .map(|error| error.instance_path().as_str().matches('/').count())
            .max()
    };
    let branch = context
        .iter()
        .filter(|branch| !branch.is_empty())
        .max_by_key(|branch| (depth(branch), std::cmp::Reverse(branch.len())))?;
    Some(
        branch
            .iter()
            .flat_map(|error| describe(schema, error))
            .collect(),
    )
}

fn unknown_field(
    schema: &Value,
    error: &ValidationError<'_>,
    pointer: &str,
    name: &str,
) -> SchemaFault {
    let near = nearest(name, known_fields(schema, error));
    SchemaFault {
        pointer: format!("{pointer}/{}", json_pointer::escape(name)),
        at_key: true,
        message: format!("unknown field `{name}`"),
        help: near.map(|near| format!("did you mean `{near}`?")),
    }
}

/// The fields that the schema knows beside an unknown one.
fn known_fields<'s>(schema: &'s Value, error: &ValidationError<'_>) -> Vec<&'s str> {
    let path = error.schema_path().as_str();
    let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
    let fields = schema.pointer(&format!("{parent}/properties"));
    let fields = fields.and_then(Value::as_object).into_iter().flatten();
    fields.map(|(name, _)| name.as_str()).collect()
}

fn expected_type(kind: &TypeKind) -> String {
    let name = |name: &str| match name {
        "array" => "an array",
        "object" => "an object",
        "string" => "text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "null" => "nothing",
        _ => "another value",
    };
    match kind {
        TypeKind::Single(one) => name(&one.to_string()).to_owned(),
        TypeKind::Multiple(types) => {
            let names: Vec<&str> = types
                .iter()
                .map(|one| name(one.as_str()))
                .filter(|one| *one != "nothing")
                .collect();
            names.join(" or ")
        }
    }
}

fn type_help(expected: &str, value: &Value) -> Option<String> {
    match value {
        Value::String(text) if expected.contains("array") => Some(format!("write  [{text}]")),
        Value::Number(number) if expected.contains("array") => Some(format!("write  [{number}]")),
        Value::Bool(_) | Value::Number(_) if expected == "text" => {
            Some("put it in quotes".to_owned())
        }
        _ => None,
    }
}

fn found(value: &Value) -> String {
    const SHOWN: usize = 60;
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) if text.chars().count() > SHOWN => {
            format!("`{}…`", text.chars().take(SHOWN).collect::<String>())
        }
        Value::String(text) => format!("`{text}`"),
        Value::Array(_) => "an array".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

impl SchemaFault {
    /// The pointer, or a word for the whole document.
    #[must_use]
    pub fn pointer_or_root(&self) -> &str {
        if self.pointer.is_empty() {
            "the document"
        } else {
            &self.pointer
        }
    }

    /// The fault at its place.
    #[must_use]
    pub fn diagnostic(&self, place: Place) -> Diagnostic {
        let message = format!("{}: {}", self.pointer_or_root(), self.message);
        let diagnostic = Diagnostic::error(message).at(place, self.message.clone());
        match &self.help {
            Some(help) => diagnostic.help(help.clone()),
            None => diagnostic,
        }
    }
}
