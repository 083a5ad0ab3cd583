//! A field that breaks a control: its path, what is wrong, and the value that is not allowed.
//!
//! Written out as `spec.hostPID is forbidden, forbidden values found: true`,
//! `spec.volumes[0].nfs: Forbidden` or `spec.containers[0].securityContext: Required value`.

use std::fmt;

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldErrorType {
    /// The field holds what it must not hold.
    Forbidden,
    /// The field must be set.
    Required,
}

/// The value that is not allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadValue {
    /// A text; an empty one counts as no value.
    Text(String),
    /// A flag.
    Bool(bool),
    /// A number.
    Int(i64),
    /// Several texts, sorted.
    List(Vec<String>),
}

impl BadValue {
    const NONE: BadValue = BadValue::Text(String::new());

    /// Whether every value is accepted by `accepts`; true where there is no value.
    pub(super) fn all(&self, accepts: impl Fn(&str) -> bool) -> bool {
        match self {
            BadValue::Text(text) => text.is_empty() || accepts(text),
            BadValue::Bool(flag) => accepts(if *flag { "true" } else { "false" }),
            BadValue::Int(number) => accepts(&number.to_string()),
            BadValue::List(items) => items.iter().all(|item| accepts(item)),
        }
    }
}

impl From<&str> for BadValue {
    fn from(text: &str) -> BadValue {
        BadValue::Text(text.to_owned())
    }
}

impl From<bool> for BadValue {
    fn from(flag: bool) -> BadValue {
        BadValue::Bool(flag)
    }
}

impl From<i64> for BadValue {
    fn from(number: i64) -> BadValue {
        BadValue::Int(number)
    }
}

impl<'a> FromIterator<&'a str> for BadValue {
    fn from_iter<I: IntoIterator<Item = &'a str>>(items: I) -> BadValue {
        BadValue::List(items.into_iter().map(str::to_owned).collect())
    }
}

impl fmt::Display for BadValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadValue::Text(text) => f.write_str(text),
            BadValue::Bool(flag) => flag.fmt(f),
            BadValue::Int(number) => number.fmt(f),
            BadValue::List(items) => write!(f, "[{}]", items.join(" ")),
        }
    }
}

/// A field that breaks a control.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Path from the object's root, such as `spec.containers[0].ports[1].hostPort`.
    pub field: String,
    /// What is wrong.
    pub error_type: FieldErrorType,
    /// The value that is not allowed.
    pub bad_value: BadValue,
    /// Name of the container that the field is in; none for a field of the pod.
    pub container: Option<String>,
}

impl FieldError {
    /// A field of the pod that holds what it must not hold.
    pub(super) fn forbidden(
        field: impl Into<String>,
        bad_value: impl Into<BadValue>,
    ) -> FieldError {
        FieldError {
            field: field.into(),
            error_type: FieldErrorType::Forbidden,
            bad_value: bad_value.into(),
            container: None,
        }
    }

    /// A field of the pod that must not be there, whatever it holds.
    pub(super) fn present(field: impl Into<String>) -> FieldError {
        FieldError::forbidden(field, BadValue::NONE)
    }

    /// A field of the pod that must be set.
    pub(super) fn required(field: impl Into<String>) -> FieldError {
        FieldError {
            error_type: FieldErrorType::Required,
            ..FieldError::present(field)
        }
    }

    /// The same error in a container.
    pub(super) fn of_container(mut self, name: &str) -> FieldError {
        self.container = Some(name.to_owned());
        self
    }

    /// The path with `*` for every number, as exclusions name restricted fields.
    pub(super) fn restricted_field(&self) -> String {
        let mut path = String::with_capacity(self.field.len());
        let mut in_number = false;
        for c in self.field.chars() {
            if !c.is_ascii_digit() {
                path.push(c);
            } else if !in_number {
                path.push('*');
            }
            in_number = c.is_ascii_digit();
        }
        path
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (field, bad_value) = (&self.field, &self.bad_value);
        match self.error_type {
            FieldErrorType::Required => write!(f, "{field}: Required value"),
            FieldErrorType::Forbidden if *bad_value == BadValue::NONE => {
                write!(f, "{field}: Forbidden")
            }
            FieldErrorType::Forbidden => {
                write!(
                    f,
                    "{field} is forbidden, forbidden values found: {bad_value}"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_errors() {
        let list: BadValue = ["A", "B"].into_iter().collect();
        for (error, expected) in [
            (
                FieldError::forbidden("spec.a", true),
                "spec.a is forbidden, forbidden values found: true",
            ),
            (
                FieldError::forbidden("spec.a", 0),
                "spec.a is forbidden, forbidden values found: 0",
            ),
            (
                FieldError::forbidden("spec.a", "x"),
                "spec.a is forbidden, forbidden values found: x",
            ),
            (
                FieldError::forbidden("spec.a", list),
                "spec.a is forbidden, forbidden values found: [A B]",
            ),
            (FieldError::forbidden("spec.a", ""), "spec.a: Forbidden"),
            (FieldError::present("spec.a"), "spec.a: Forbidden"),
            (FieldError::required("spec.a"), "spec.a: Required value"),
        ] {
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn stars_every_number() {
        let error = FieldError::required("spec.containers[10].ports[2].hostPort");
        assert_eq!(
            error.restricted_field(),
            "spec.containers[*].ports[*].hostPort"
        );
    }
}
