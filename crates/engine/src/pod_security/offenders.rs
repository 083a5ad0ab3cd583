//! Who breaks a control, for the words of a result: `container "a"`, `pod and containers "a", "b"`.
//!
//! Nothing is allocated until somebody does.

use super::{field_error::FieldError, pod::Container};

/// Containers, volumes or others that break a control, by name, with the fields at fault.
#[derive(Debug, Default)]
pub(super) struct Offenders<'a> {
    names: Vec<&'a str>,
    /// The fields at fault.
    pub(super) errors: Vec<FieldError>,
}

impl<'a> Offenders<'a> {
    pub(super) fn add(&mut self, name: &'a str, error: FieldError) {
        self.names.push(name);
        self.errors.push(error);
    }

    /// Adds a container with several fields, unless there are none.
    pub(super) fn add_all(
        &mut self,
        container: &Container<'a>,
        errors: impl Iterator<Item = FieldError>,
    ) {
        let before = self.errors.len();
        self.errors.extend(errors);
        if self.errors.len() > before {
            self.names.push(container.name);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// `one` or `many`, as there are.
    pub(super) fn plural(&self, one: &'static str, many: &'static str) -> &'static str {
        plural(self.names.len(), one, many)
    }

    /// `container "a"` or `containers "a", "b"`.
    pub(super) fn containers(&self) -> String {
        format!(
            "{} {}",
            self.plural("container", "containers"),
            self.quoted()
        )
    }

    /// `"a", "b"`.
    pub(super) fn quoted(&self) -> String {
        quoted(self.names.iter().copied())
    }

    /// `a, b`.
    pub(super) fn listed(&self) -> String {
        self.names.join(", ")
    }
}

/// The pod and its containers, where both can set the same field.
#[derive(Debug, Default)]
pub(super) struct Setters {
    words: Vec<String>,
    /// The fields at fault.
    pub(super) errors: Vec<FieldError>,
}

impl Setters {
    /// The pod, if it is at fault, and the containers that are.
    pub(super) fn new(pod: Vec<FieldError>, containers: Offenders<'_>) -> Setters {
        let mut setters = Setters {
            words: Vec::new(),
            errors: pod,
        };
        if !setters.errors.is_empty() {
            setters.words.push("pod".to_owned());
        }
        if !containers.is_empty() {
            setters.words.push(containers.containers());
            setters.errors.extend(containers.errors);
        }
        setters
    }

    pub(super) fn add(&mut self, word: &str, errors: Vec<FieldError>) {
        if !errors.is_empty() {
            self.words.push(word.to_owned());
            self.errors.extend(errors);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// `pod and container "a"`.
    pub(super) fn joined(&self) -> String {
        self.words.join(" and ")
    }
}

/// `one` for one, `many` for more.
pub(super) fn plural(count: usize, one: &'static str, many: &'static str) -> &'static str {
    if count == 1 { one } else { many }
}

/// `"a", "b"`.
pub(super) fn quoted<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
    let mut text = String::new();
    for item in items {
        text.push_str(if text.is_empty() { "\"" } else { ", \"" });
        text.push_str(item);
        text.push('"');
    }
    text
}
