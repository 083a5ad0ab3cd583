//! Reads one JSON value as a type that Kubernetes gives its field; null counts as absent.

use serde_json::{Map, Value};

/// Why an object cannot be read as a pod.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PodError {
    /// The kind holds no pod.
    #[error(
        "kind `{0}` holds no pod: expected Pod, DaemonSet, Deployment, Job, StatefulSet, ReplicaSet, ReplicationController or CronJob"
    )]
    Kind(String),
    /// A field has a type that Kubernetes would refuse.
    #[error("`{field}` is {found}, expected {expected}")]
    Type {
        /// The field's path.
        field: String,
        /// What it is.
        found: &'static str,
        /// What it should be.
        expected: &'static str,
    },
}

impl PodError {
    fn expected(expected: &'static str, found: &Value) -> PodError {
        let found = match found {
            Value::Null => "null",
            Value::Bool(_) => "a flag",
            Value::Number(_) => "a number",
            Value::String(_) => "a text",
            Value::Array(_) => "a list",
            Value::Object(_) => "a map",
        };
        PodError::Type {
            field: String::new(),
            found,
            expected,
        }
    }

    pub(super) fn below(self, parent: &str) -> PodError {
        match self {
            PodError::Type {
                field,
                found,
                expected,
            } => {
                let dot = if field.is_empty() || field.starts_with('[') {
                    ""
                } else {
                    "."
                };
                PodError::Type {
                    field: format!("{parent}{dot}{field}"),
                    found,
                    expected,
                }
            }
            kind @ PodError::Kind(_) => kind,
        }
    }
}

/// What reading gives.
pub(crate) type Read<T> = Result<T, PodError>;

/// Names the field in an error of `read`.
pub(crate) fn field<'a, T>(
    name: &str,
    value: &'a Value,
    read: impl FnOnce(&'a Value) -> Read<T>,
) -> Read<T> {
    read(value).map_err(|error| error.below(name))
}

/// Names the item in an error of `read`.
pub(crate) fn item<'a, T>(
    index: usize,
    value: &'a Value,
    read: impl FnOnce(&'a Value) -> Read<T>,
) -> Read<T> {
    read(value).map_err(|error| error.below(&format!("[{index}]")))
}

/// The value at a path of maps.
pub(crate) fn at<'a>(value: &'a Value, path: &[&str]) -> Read<Option<&'a Value>> {
    let Some((name, rest)) = path.split_first() else {
        return Ok(Some(value));
    };
    match map(value)?.and_then(|fields| fields.get(*name)) {
        Some(value) => field(name, value, |value| at(value, rest)),
        None => Ok(None),
    }
}

pub(crate) fn map(value: &Value) -> Read<Option<&Map<String, Value>>> {
    match value {
        Value::Object(map) => Ok(Some(map)),
        Value::Null => Ok(None),
        other => Err(PodError::expected("a map", other)),
    }
}

pub(crate) fn list(value: &Value) -> Read<&[Value]> {
    match value {
        Value::Array(items) => Ok(items),
        Value::Null => Ok(&[]),
        other => Err(PodError::expected("a list", other)),
    }
}

pub(crate) fn text(value: &Value) -> Read<Option<&str>> {
    match value {
        Value::String(text) => Ok(Some(text)),
        Value::Null => Ok(None),
        other => Err(PodError::expected("a text", other)),
    }
}

pub(crate) fn texts(value: &Value) -> Read<&[Value]> {
    let items = list(value)?;
    for (index, value) in items.iter().enumerate() {
        item(index, value, text)?;
    }
    Ok(items)
}

pub(crate) fn flag(value: &Value) -> Read<Option<bool>> {
    match value {
        Value::Bool(flag) => Ok(Some(*flag)),
        Value::Null => Ok(None),
        other => Err(PodError::expected("true or false", other)),
    }
}

pub(crate) fn integer(value: &Value) -> Read<Option<i64>> {
    match value {
        Value::Null => Ok(None),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => Ok(Some(integer)),
            (None, Some(double)) => whole(double, value).map(Some),
            (None, None) => Err(PodError::expected("a whole number", value)),
        },
        other => Err(PodError::expected("a whole number", other)),
    }
}

/// JSON that went through float64 writes whole numbers as `80.0`.
fn whole(double: f64, value: &Value) -> Read<i64> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the range is checked first"
    )]
    if double.fract() == 0.0 && double.abs() < 9.0e15 {
        return Ok(double as i64);
    }
    Err(PodError::expected("a whole number", value))
}
