//! Holds a manifest against the structure of its kind.
//!
//! Null counts as absent, as it does for the API server, save where the field is required or an
//! item of a list. Unknown fields are faults, as under the API server's strict field validation.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use portcullis_values::{gotime, nearest::nearest, quantity::Quantity, regexp::GoRegexp};

use crate::{
    catalogue::Catalogue,
    fault::{Fault, Step, segments},
    structure::{Constraints, Integer, ListType, Merge, Object, SchemaId, Shape, Text},
};

/// How deep an object may nest.
pub(crate) const MAX_DEPTH: usize = 500;

/// What holding a manifest against the catalogue gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The object is as its kind wants it.
    Valid,
    /// The object is not.
    Invalid(Vec<Fault>),
    /// The catalogue does not have this `apiVersion` and `kind`.
    UnknownKind {
        /// What the manifest says.
        api_version: String,
        /// What the manifest says.
        kind: String,
    },
}

impl Catalogue {
    /// Holds a manifest against the structure of its kind.
    #[must_use]
    pub fn validate(&self, manifest: &Value) -> Verdict {
        let text = |key: &str| manifest.get(key).and_then(Value::as_str);
        let (Some(api_version), Some(kind)) = (text("apiVersion"), text("kind")) else {
            let missing = if text("kind").is_none() {
                "kind"
            } else {
                "apiVersion"
            };
            return Verdict::Invalid(vec![Fault {
                path: Vec::new(),
                at_key: false,
                message: format!("a manifest needs `{missing}`, as text"),
                suggestion: None,
            }]);
        };
        let Some(entry) = self.find(api_version, kind) else {
            return Verdict::UnknownKind {
                api_version: api_version.to_owned(),
                kind: kind.to_owned(),
            };
        };
        let mut walk = Walk {
            catalogue: self,
            path: Vec::new(),
            faults: Vec::new(),
        };
        walk.check(entry.schema, manifest);
        if walk.faults.is_empty() {
            Verdict::Valid
        } else {
            Verdict::Invalid(walk.faults)
        }
    }
}

struct Walk<'w> {
    catalogue: &'w Catalogue,
    path: Vec<Step<'w>>,
    faults: Vec<Fault>,
}

impl<'w> Walk<'w> {
    fn fault(&mut self, at_key: bool, message: String, suggestion: Option<&str>) {
        self.faults.push(Fault {
            path: segments(&self.path),
            at_key,
            message,
            suggestion: suggestion.map(str::to_owned),
        });
    }

    fn expected(&mut self, expected: &str, value: &Value) {
        self.fault(
            false,
            format!("expected {expected}, found {}", describe(value)),
            None,
        );
    }

    fn check(&mut self, id: SchemaId, value: &'w Value) {
        let Some(schema) = self.catalogue.schema(id) else {
            return;
        };
        if self.path.len() > MAX_DEPTH {
            return self.fault(
                false,
                format!("the object nests deeper than {MAX_DEPTH} levels"),
                None,
            );
        }
        if value.is_null() && schema.nullable {
            return;
        }
        match &schema.shape {
            Shape::Any => {}
            Shape::Same(other) => self.check(*other, value),
            Shape::Object(object) => match value {
                Value::Object(entries) => self.object(object, entries),
                other => self.expected("an object", other),
            },
            Shape::Map(values) => match value {
                Value::Object(entries) => self.map(*values, entries),
                other => self.expected("a map", other),
            },
            Shape::List(items) => match value {
                Value::Array(entries) => self.list(*items, schema.merge.as_deref(), entries),
                other => self.expected("a list", other),
            },
            scalar => {
                if let Some(expected) = scalar_fault(scalar, value) {
                    let found = describe(value);
                    let todo = quotes(scalar, value);
                    self.fault(
                        false,
                        format!("expected {expected}, found {found}{todo}"),
                        None,
                    );
                }
            }
        }
        if let Some(constraints) = &schema.constraints {
            self.constraints(constraints, value);
        }
    }

    fn object(&mut self, object: &'w Object, entries: &'w Map<String, Value>) {
        for (key, value) in entries {
            self.path.push(Step::Key(key));
            match object.field(key) {
                Some(_) if value.is_null() => {}
                Some(id) => self.check(id, value),
                None if object.open => {}
                None => {
                    let names = object.fields.iter().map(|(name, _)| name.as_ref());
                    let near = nearest(key, names.filter(|name| !entries.contains_key(*name)));
                    let message = match near {
                        Some(_) => format!("unknown field `{key}`"),
                        None => format!("unknown field `{key}`; known are {}", known(object)),
                    };
                    self.fault(true, message, near);
                }
            }
            self.path.pop();
        }
        for name in &object.required {
            let present = entries.get(name.as_ref());
            let nullable = || {
                let schema = object.field(name).and_then(|id| self.catalogue.schema(id));
                schema.is_some_and(|schema| schema.nullable)
            };
            if present.is_none_or(|value| value.is_null() && !nullable()) {
                self.fault(
                    false,
                    format!("the required field `{name}` is missing"),
                    None,
                );
            }
        }
    }

    fn map(&mut self, values: SchemaId, entries: &'w Map<String, Value>) {
        for (key, value) in entries {
            self.path.push(Step::Key(key));
            if !value.is_null() {
                self.check(values, value);
            }
            self.path.pop();
        }
    }

    fn list(&mut self, items: SchemaId, merge: Option<&Merge>, entries: &'w [Value]) {
        for (index, value) in entries.iter().enumerate() {
            self.path.push(Step::Index(index));
            self.check(items, value);
            self.path.pop();
        }
        if let Some(merge) = merge {
            self.duplicates(items, merge, entries);
        }
    }

    /// A set holds each item once, and a list with keys each combination of their values once.
    fn duplicates(&mut self, items: SchemaId, merge: &Merge, entries: &'w [Value]) {
        let mut seen = BTreeSet::new();
        for (index, entry) in entries.iter().enumerate() {
            let identity = match merge.list_type {
                Some(ListType::Set) => entry.to_string(),
                Some(ListType::Map) => self.identity(items, merge, entry),
                _ => return,
            };
            if seen.contains(&identity) {
                self.path.push(Step::Index(index));
                let what = if merge.keys.is_empty() {
                    format!("the item {identity} occurs twice")
                } else {
                    format!(
                        "an item with the same {} stands before",
                        merge.keys.join(", ")
                    )
                };
                self.fault(false, what, None);
                self.path.pop();
            } else {
                seen.insert(identity);
            }
        }
    }

    fn identity(&self, items: SchemaId, merge: &Merge, entry: &Value) -> String {
        let object = self.object_of(items);
        merge.keys.iter().fold(String::new(), |mut identity, key| {
            let default = || {
                let field = object.and_then(|object| object.field(key))?;
                self.catalogue.schema(field)?.default.clone()
            };
            let value = entry.get(key.as_ref()).cloned().or_else(default);
            identity.push_str(&value.unwrap_or_default().to_string());
            identity.push('\u{1}');
            identity
        })
    }

    fn object_of(&self, id: SchemaId) -> Option<&'w Object> {
        match &self.catalogue.schema(id)?.shape {
            Shape::Object(object) => Some(object),
            Shape::Same(other) => self.catalogue.object(*other),
            _ => None,
        }
    }

    fn constraints(&mut self, constraints: &Constraints, value: &Value) {
        if !constraints.allowed.is_empty() && !constraints.allowed.contains(value) {
            let allowed: Vec<String> = constraints.allowed.iter().map(Value::to_string).collect();
            let words = constraints.allowed.iter().filter_map(Value::as_str);
            let near = value.as_str().and_then(|wrong| nearest(wrong, words));
            self.fault(
                false,
                format!(
                    "expected one of {}, found {}",
                    allowed.join(", "),
                    describe(value)
                ),
                near,
            );
        }
        if let Some(limit) =
            length_fault(constraints, value).or_else(|| range_fault(constraints, value))
        {
            self.expected(&limit, value);
        }
        if let (Some(pattern), Value::String(text)) = (&constraints.pattern, value) {
            let matches = GoRegexp::compile(pattern).is_ok_and(|regexp| regexp.is_match(text));
            if !matches {
                self.expected(&format!("text that matches `{pattern}`"), value);
            }
        }
    }
}

/// What a scalar should be, where it is not.
pub(crate) fn scalar_fault(shape: &Shape, value: &Value) -> Option<&'static str> {
    let (fits, expected) = match shape {
        Shape::Text(Text::Plain) => (value.is_string(), "text"),
        Shape::Text(Text::DateTime) => (
            value.as_str().is_some_and(is_time),
            "a time such as `2026-01-31T12:00:00Z`",
        ),
        Shape::Text(Text::Bytes) => (value.as_str().is_some_and(is_base64), "text in base64"),
        Shape::Integer(Integer::Int32) => (
            whole(value).is_some_and(|number| i32::try_from(number).is_ok()),
            "a whole number of 32 bits",
        ),
        Shape::Integer(Integer::Int64) => (whole(value).is_some(), "a whole number"),
        Shape::Number => (value.is_number(), "a number"),
        Shape::Boolean => (value.is_boolean(), "true or false"),
        Shape::IntOrString => (
            value.is_string() || whole(value).is_some(),
            "a whole number or text",
        ),
        Shape::Quantity => (is_quantity(value), "a quantity such as `100m` or `1Gi`"),
        _ => return None,
    };
    (!fits).then_some(expected)
}

/// What to do where YAML reads another type than the writer means, as in `y`, which is true.
fn quotes(shape: &Shape, value: &Value) -> &'static str {
    let meant: Option<Value> = match value {
        Value::String(text) => serde_json::from_str(text).ok(),
        _ => None,
    };
    match (shape, value) {
        (Shape::Text(Text::Plain), Value::Bool(_) | Value::Number(_)) => "; put it in quotes",
        _ if meant.is_some_and(|meant| scalar_fault(shape, &meant).is_none()) => {
            "; remove the quotes"
        }
        _ => "",
    }
}

fn whole(value: &Value) -> Option<i64> {
    let float = || {
        let number = value.as_f64()?;
        // A float is whole where the API server decodes it to an integer without loss.
        (number.fract() == 0.0 && number.abs() < 9.0e18).then_some(number as i64)
    };
    value.as_i64().or_else(float)
}

fn is_time(text: &str) -> bool {
    gotime::parse(gotime::RFC3339, text).is_ok()
}

fn is_base64(text: &str) -> bool {
    let padding = text.bytes().rev().take_while(|byte| *byte == b'=').count();
    let body = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let significant = || text.bytes().filter(|byte| !matches!(byte, b'\n' | b'\r'));
    significant().count() % 4 == 0 && padding <= 2 && significant().rev().skip(padding).all(body)
}

fn is_quantity(value: &Value) -> bool {
    match value {
        Value::Number(_) => true,
        Value::String(text) => Quantity::parse(text).is_ok(),
        _ => false,
    }
}

fn length_fault(constraints: &Constraints, value: &Value) -> Option<String> {
    let (length, unit) = match value {
        Value::String(text) => (text.chars().count(), "characters"),
        Value::Array(items) => (items.len(), "items"),
        Value::Object(entries) => (entries.len(), "entries"),
        _ => return None,
    };
    let length = u64::try_from(length).unwrap_or(u64::MAX);
    let short = constraints.min_length.filter(|min| length < *min);
    let long = constraints.max_length.filter(|max| length > *max);
    short
        .map(|min| format!("at least {min} {unit}"))
        .or_else(|| long.map(|max| format!("at most {max} {unit}")))
}

fn range_fault(constraints: &Constraints, value: &Value) -> Option<String> {
    let number = value.as_f64()?;
    let low = constraints
        .minimum
        .filter(|min| number < *min || (constraints.exclusive_minimum && number <= *min));
    let high = constraints
        .maximum
        .filter(|max| number > *max || (constraints.exclusive_maximum && number >= *max));
    low.map(|min| format!("a number from {min} up"))
        .or_else(|| high.map(|max| format!("a number up to {max}")))
}

fn known(object: &Object) -> String {
    const SHOWN: usize = 8;
    let names: Vec<&str> = object
        .fields
        .iter()
        .map(|(name, _)| name.as_ref())
        .take(SHOWN)
        .collect();
    let more = object.fields.len().saturating_sub(SHOWN);
    match (names.is_empty(), more) {
        (true, _) => "none".to_owned(),
        (_, 0) => names.join(", "),
        _ => format!("{} and {more} more", names.join(", ")),
    }
}

fn describe(value: &Value) -> String {
    const SHOWN: usize = 40;
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => format!("the boolean {flag}"),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) if text.chars().count() > SHOWN => {
            format!(
                "the text `{}…`",
                text.chars().take(SHOWN).collect::<String>()
            )
        }
        Value::String(text) => format!("the text `{text}`"),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}
