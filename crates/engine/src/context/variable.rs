//! One `{{ … }}`: which query it is, by operation and target.
//!
//! On DELETE `request.object` reads as `request.oldObject`. `{{ @ }}` is the value at the same place
//! of `target`, if there is one, or of `request.object`. `{{- … }}` is looked at once.

use std::fmt::Write;
use std::sync::Arc;

use portcullis_values::Val;
use serde_json::Value;

use super::json_context::JsonContext;
use super::query::{Names, Query, QueryError};
use super::references::ReferenceError;

/// Why a document cannot be made.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TemplateError {
    /// A reference cannot be put in place.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// A variable has no value.
    #[error("failed to resolve {variable} at path {path}: {reason}")]
    Unresolved {
        /// The variable.
        variable: String,
        /// Where it stands.
        path: String,
        /// Why.
        reason: QueryError,
    },
    /// The variable of a key is not text.
    #[error("expected string after substituting variables in key \"{key}\"")]
    KeyNotText {
        /// The key as written.
        key: String,
    },
    /// The values of variables hold variables without end.
    #[error(
        "variables in `{text}` do not come to an end; write `{{{{- … }}}}` to look at them once"
    )]
    Endless {
        /// The text as written.
        text: String,
    },
}

impl TemplateError {
    /// Whether a variable was missing, as against a query that failed.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, TemplateError::Unresolved { reason, .. } if reason.is_not_found())
    }
}

/// A variable of a policy, compiled for each case that its meaning depends on.
#[derive(Debug)]
pub(super) struct Variable {
    query: Query,
    on_delete: Option<Query>,
    on_target: Option<Query>,
    /// Whether its value is not looked through.
    pub(super) shallow: bool,
}

/// A variable as it is written.
#[derive(Debug)]
pub(super) struct Written<'t> {
    inner: &'t str,
    /// Whether its value is not looked through.
    pub(super) shallow: bool,
}

impl<'t> Written<'t> {
    /// Takes the braces off.
    pub(super) fn parse(braced: &'t str) -> Written<'t> {
        let inner = braced.strip_prefix("{{").unwrap_or(braced);
        let inner = inner.strip_suffix("}}").unwrap_or(inner).trim();
        match inner.strip_prefix('-') {
            Some(rest) => Written {
                inner: rest.trim(),
                shallow: true,
            },
            None => Written {
                inner,
                shallow: false,
            },
        }
    }

    fn is_same_place(&self) -> bool {
        self.inner == "@"
    }

    /// The query's text, for a variable at `path`.
    fn text(&self, path: &str, on_target: bool, on_delete: bool) -> String {
        let text = match self.is_same_place() {
            true if on_target => format!("target{}", same_place(path)),
            true => format!("request.object{}", same_place(path)),
            false => self.inner.to_owned(),
        };
        if on_delete {
            return text.replace("request.object", "request.oldObject");
        }
        text
    }

    /// The value of a variable that came up while the policy runs.
    pub(super) fn value<'a>(
        &self,
        path: &str,
        names: &Arc<Names>,
        context: &JsonContext<'a>,
    ) -> Result<Val<'a>, TemplateError> {
        let on_target = self.is_same_place() && context.has_target();
        let text = self.text(path, on_target, context.is_delete());
        let query = context.store().keep_query(Query::compile(&text, names));
        ask(query, path, context)
    }
}

impl Variable {
    /// Compiles a variable that stands at `path`.
    pub(super) fn compile(braced: &str, path: &str, names: &Arc<Names>) -> Variable {
        let written = Written::parse(braced);
        let compile = |text: &str| Query::compile(text, names);
        let plain = written.text(path, false, false);
        let on_delete = written.text(path, false, true);
        Variable {
            on_delete: (on_delete != plain).then(|| compile(&on_delete)),
            on_target: written
                .is_same_place()
                .then(|| compile(&written.text(path, true, false))),
            query: compile(&plain),
            shallow: written.shallow,
        }
    }

    /// The value.
    pub(super) fn value<'a>(
        &'a self,
        path: &str,
        context: &JsonContext<'a>,
    ) -> Result<Val<'a>, TemplateError> {
        let query = match (&self.on_target, &self.on_delete) {
            (Some(query), _) if context.has_target() => query,
            (_, Some(query)) if context.is_delete() => query,
            _ => &self.query,
        };
        ask(query, path, context)
    }
}

fn ask<'a>(
    query: &'a Query,
    path: &str,
    context: &JsonContext<'a>,
) -> Result<Val<'a>, TemplateError> {
    context
        .query(query)
        .map_err(|reason| TemplateError::Unresolved {
            variable: query.text().to_owned(),
            path: path.to_owned(),
            reason,
        })
}

/// The steps of a path, behind `foreach` and without the first two, as a JMESPath suffix.
fn same_place(path: &str) -> String {
    let steps: Vec<&str> = path.split('/').skip(1).collect();
    let behind = steps
        .iter()
        .position(|step| *step == "foreach")
        .map_or(0, |at| at + 1);
    let mut suffix = String::new();
    for step in steps.iter().skip(behind + 2) {
        if step.parse::<usize>().is_ok() {
            let _ = write!(suffix, "[{step}]");
        } else if step.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && step
                .chars()
                .all(|rest| rest.is_ascii_alphanumeric() || rest == '_')
        {
            let _ = write!(suffix, ".{step}");
        } else {
            let _ = write!(suffix, ".{}", Value::from(*step));
        }
    }
    suffix
}
