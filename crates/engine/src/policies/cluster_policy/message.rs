//! What rules say, as Kyverno words it.

use std::sync::Arc;

use portcullis_values::Val;

use crate::context::JsonContext;
use crate::context::query::Names;
use crate::context::variables::{self, Template};

/// The messages of a rule.
#[derive(Debug)]
pub(super) struct Messages {
    rule: Arc<str>,
    written: Option<Written>,
    /// `validation rule '…' passed.`
    pub(super) passed: Box<str>,
    /// What a rule says whose check is done: its message, or nothing.
    pub(super) own: Box<str>,
}

#[derive(Debug)]
struct Written {
    text: String,
    template: Template,
}

impl Messages {
    /// The messages of a rule; an empty message counts as none.
    #[must_use]
    pub(super) fn compile(rule: &Arc<str>, message: Option<&str>, names: &Arc<Names>) -> Messages {
        let written = message.filter(|text| !text.is_empty()).map(|text| Written {
            text: text.to_owned(),
            template: Template::compile_text(text, names),
        });
        Messages {
            rule: Arc::clone(rule),
            written,
            passed: format!("validation rule '{rule}' passed.").into(),
            own: message.unwrap_or_default().into(),
        }
    }

    /// `anyPattern[i]` passed.
    #[must_use]
    pub(super) fn any_pattern_passed(&self, index: usize) -> Arc<str> {
        format!(
            "validation rule '{}' anyPattern[{index}] passed.",
            self.rule
        )
        .into()
    }

    /// A pattern failed at a path.
    pub(super) fn pattern_failed<'a>(
        &'a self,
        context: &JsonContext<'a>,
        path: &str,
        reason: &str,
    ) -> Arc<str> {
        let rule = &self.rule;
        match self.sentence(context) {
            Some(Ok(text)) => format!("validation error: {text} rule {rule} failed at path {path}"),
            Some(Err(())) => self.not_substituted(reason),
            None => format!("validation error: rule {rule} failed at path {path}"),
        }
        .into()
    }

    /// A pattern could not be compared.
    pub(super) fn pattern_error<'a>(&'a self, context: &JsonContext<'a>, reason: &str) -> Arc<str> {
        let rule = &self.rule;
        match self.sentence(context) {
            Some(Ok(text)) => {
                format!("validation error: {text} rule {rule} execution error: {reason}")
            }
            Some(Err(())) => self.not_substituted(reason),
            None => format!("validation error: rule {rule} execution error: {reason}"),
        }
        .into()
    }

    /// Every pattern of `anyPattern` failed.
    pub(super) fn any_pattern_failed<'a>(
        &'a self,
        context: &JsonContext<'a>,
        reasons: &str,
    ) -> Arc<str> {
        match self.sentence(context) {
            Some(Ok(text)) => format!("validation error: {text} {reasons}"),
            Some(Err(())) => self.not_substituted(reasons),
            None => format!("validation error: {reasons}"),
        }
        .into()
    }

    /// `deny` holds; `said` is what the conditions say.
    pub(super) fn denied<'a>(&'a self, context: &JsonContext<'a>, said: &str) -> Arc<str> {
        let value = match (&self.written, said) {
            (None, "") => return format!("validation error: rule {} failed", self.rule).into(),
            (Some(written), "") => written.template.evaluate(context),
            (Some(written), said) => {
                variables::substitute_text(&format!("{}; {said}", written.text), context)
            }
            (None, said) => variables::substitute_text(said, context),
        };
        match value {
            Ok(Val::Str(text)) => text.as_str().into(),
            Ok(_) => NOT_TEXT.into(),
            Err(_) => said.into(),
        }
    }

    /// The message with its variables in place and a stop at its end.
    fn sentence<'a>(&'a self, context: &JsonContext<'a>) -> Option<Result<String, ()>> {
        let written = self.written.as_ref()?;
        Some(match written.template.evaluate_text(context) {
            Ok(text) if text.ends_with('.') => Ok(text.as_str().to_owned()),
            Ok(text) => Ok(format!("{}.", text.as_str())),
            Err(_) => Err(()),
        })
    }

    fn not_substituted(&self, reason: &str) -> String {
        format!(
            "validation error: variables substitution error in rule {} execution error: {reason}",
            self.rule
        )
    }
}

const NOT_TEXT: &str =
    "the produced message didn't resolve to a string, check your policy definition.";
