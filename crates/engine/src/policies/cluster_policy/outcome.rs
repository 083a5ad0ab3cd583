//! How a check ended, and where it is made.

use std::sync::Arc;

use portcullis_values::Val;

use crate::response::{FailedPattern, RuleStatus};

/// How a check ended.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    /// The status.
    pub(super) status: RuleStatus,
    /// What it says.
    pub(super) message: Arc<str>,
    /// Where in the object; empty where there is no such place.
    pub(super) path: String,
    /// How many loops are around the element that the path starts at; none where it starts at the
    /// object.
    pub(super) scope: usize,
    /// The patterns of `anyPattern` and `foreach` that failed.
    pub(super) patterns: Vec<FailedPattern>,
    /// The path of the expression in CEL that decided or has no value.
    pub(super) expression: Option<Arc<str>>,
}

impl Outcome {
    /// An outcome without a place.
    #[must_use]
    pub(super) fn new(status: RuleStatus, message: impl Into<Arc<str>>) -> Outcome {
        Outcome {
            status,
            message: message.into(),
            path: String::new(),
            scope: 0,
            patterns: Vec::new(),
            expression: None,
        }
    }

    /// An error: what was tried and why it failed.
    #[must_use]
    pub(super) fn error(what: &str, reason: &dyn std::fmt::Display) -> Outcome {
        Outcome::new(RuleStatus::Error, format!("{what}: {reason}"))
    }

    /// Preconditions that do not hold, with what they say of it.
    #[must_use]
    pub(super) fn not_met(said: &str) -> Outcome {
        let message = match said {
            "" => "preconditions not met".to_owned(),
            said => format!("preconditions not met; {said}"),
        };
        Outcome::new(RuleStatus::Skip, message)
    }
}

impl Outcome {
    /// The outcome as seen from outside of a loop: the loop's number, its list where it is one, the
    /// element that decided, and how many loops are around it.
    #[must_use]
    pub(super) fn within_loop(
        mut self,
        number: usize,
        list: Option<&str>,
        element: usize,
        nesting: usize,
    ) -> Outcome {
        if self.patterns.is_empty() && !self.path.is_empty() {
            let path = self.path.clone();
            let pattern = "/pattern".to_owned();
            self.patterns.push(FailedPattern { pattern, path });
        }
        for failed in &mut self.patterns {
            failed.pattern.insert_str(0, &format!("/foreach/{number}"));
        }
        if self.scope > nesting {
            match list.and_then(|list| origin(list, nesting)) {
                Some((scope, steps)) => {
                    self.path = format!("/{steps}/{element}{}", self.path);
                    self.scope = scope;
                }
                None => {
                    self.path.clear();
                    self.scope = 0;
                }
            }
        }
        self
    }
}

/// Where the list of a loop is: how many loops are around what it is a field of, none for the object
/// itself, and the steps from there. None where the expression does more than name a field.
fn origin(list: &str, nesting: usize) -> Option<(usize, String)> {
    let list = list.trim();
    let fields = list.strip_suffix("[]").unwrap_or(list);
    let (scope, fields) = match fields.strip_prefix("request.object.") {
        Some(fields) => (0, fields),
        None => (
            nesting,
            fields.strip_prefix("element.").filter(|_| nesting > 0)?,
        ),
    };
    let is_name = |field: &str| {
        !field.is_empty()
            && field
                .chars()
                .all(|character| character.is_ascii_alphanumeric() || character == '_')
    };
    fields
        .split('.')
        .all(is_name)
        .then(|| (scope, fields.replace('.', "/")))
}

/// Where a body is evaluated: the element of the innermost loop that patterns look at, and how
/// many loops are around.
#[derive(Clone, Debug, Default)]
pub(super) struct Frame<'a> {
    /// The element.
    pub(super) element: Option<Val<'a>>,
    /// How many loops are around.
    pub(super) nesting: usize,
    /// How many loops are around the element.
    pub(super) scope: usize,
}

#[cfg(test)]
mod tests {
    use super::origin;

    #[test]
    fn a_list_that_is_a_field_is_found() {
        let pods = "request.object.spec.containers";
        for (list, nesting, wanted) in [
            (pods, 0, Some((0, "spec/containers"))),
            (
                " request.object.spec.volumes[] ",
                1,
                Some((0, "spec/volumes")),
            ),
            ("element.ports", 1, Some((1, "ports"))),
            ("element.ports", 0, None),
            (
                "request.object.spec.[containers, initContainers][]",
                0,
                None,
            ),
            ("request.object.spec.containers[].ports[]", 0, None),
            ("request.object.spec.containers[?name=='a']", 0, None),
            ("request.object.metadata.\"a-b\"", 0, None),
            ("request.object.", 0, None),
            ("services", 0, None),
        ] {
            let found = origin(list, nesting);
            let found = found
                .as_ref()
                .map(|(scope, steps)| (*scope, steps.as_str()));
            assert_eq!(found, wanted, "{list} in {nesting}");
        }
    }
}
