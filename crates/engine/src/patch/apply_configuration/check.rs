//! Whether a value has the form of its place.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::{
    item::identity,
    place::{Form, Merging, Place},
};

/// What is wrong with a configuration.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// What does not fit the structure, each with its path.
    pub faults: Vec<String>,
    /// The paths of what would be replaced as a whole.
    pub atomic: Vec<String>,
}

/// What is wrong with an apply configuration.
pub(super) fn configuration(root: Place<'_>, configuration: &Json) -> Found {
    let mut check = Check::default();
    check.walk(root, configuration);
    check.found
}

/// What does not fit about an object. Its lists may hold an item twice, and its fields null.
pub(super) fn object(root: Place<'_>, object: &Json) -> Vec<String> {
    let mut check = Check {
        is_object: true,
        ..Check::default()
    };
    check.walk(root, object);
    check.found.faults
}

#[derive(Default)]
struct Check {
    path: String,
    /// Whether it is the object itself, not a configuration.
    is_object: bool,
    found: Found,
}

impl Check {
    fn walk(&mut self, place: Place<'_>, value: &Json) {
        match value {
            // Kubernetes takes the null of an expression for a value of no form at all. An object
            // may hold nulls.
            Json::Null if self.is_object => {}
            // An empty list of an expression arrives as null.
            Json::Null if matches!(place.form(), Form::List) => {}
            Json::Object(fields) if matches!(place.form(), Form::Fields | Form::Any) => {
                self.atomic(place);
                for (name, value) in fields {
                    self.below(&format!(".{name}"), |check| match place.field(name) {
                        Some(field) => check.walk(field, value),
                        None => check.fault("there is no such field"),
                    });
                }
            }
            Json::Array(items) if matches!(place.form(), Form::List | Form::Any) => {
                self.atomic(place);
                self.items(place, items);
            }
            scalar => self.scalar(place, scalar),
        }
    }

    fn items(&mut self, place: Place<'_>, items: &[Json]) {
        let merging = place.merging();
        let told_apart = matches!(merging, Merging::Keyed(..) | Merging::Set(_));
        let mut seen = BTreeSet::new();
        for (position, item) in items.iter().enumerate() {
            self.below(&format!("[{position}]"), |check| {
                if told_apart {
                    match identity(merging, item) {
                        Err(problem) => return check.fault(&problem),
                        Ok(name) => {
                            let is_new = seen.insert(name);
                            if !is_new && !check.is_object {
                                return check.fault("an item before it has the same keys");
                            }
                        }
                    }
                }
                check.walk(place.item(), item);
            });
        }
    }

    fn scalar(&mut self, place: Place<'_>, value: &Json) {
        let expected = match (place.form(), value) {
            (Form::Any, Json::Null) => "a value",
            (Form::Any, _)
            | (Form::Scalar, Json::String(_) | Json::Number(_) | Json::Bool(_))
            | (Form::Text, Json::String(_))
            | (Form::Number, Json::Number(_))
            | (Form::Boolean, Json::Bool(_)) => return,
            (Form::Scalar, _) => "text or a number",
            (Form::Text, _) => "text",
            (Form::Number, _) => "a number",
            (Form::Boolean, _) => "true or false",
            (Form::Fields, _) => "an object",
            (Form::List, _) => "a list",
        };
        let found = match value {
            Json::Array(_) => "a list".to_owned(),
            Json::Object(_) => "an object".to_owned(),
            scalar => scalar.to_string(),
        };
        self.fault(&format!("expected {expected}, found {found}"));
    }

    fn below(&mut self, step: &str, walk: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        self.path.push_str(step);
        walk(self);
        self.path.truncate(length);
    }

    fn fault(&mut self, problem: &str) {
        self.found.faults.push(format!("{}: {problem}", self.path));
    }

    /// Notes a list or map that would be replaced as a whole.
    fn atomic(&mut self, place: Place<'_>) {
        if !self.path.is_empty() && matches!(place.merging(), Merging::Replace) {
            self.found.atomic.push(self.path.clone());
        }
    }
}
