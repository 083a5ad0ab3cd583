//! `validations`: expressions that must be true, and what is said where one is not.

use std::sync::Arc;

use portcullis_api::cel_expression::CelValidation;
use portcullis_cel::{types::Type, value::Value};

use super::{
    compiler::{Compiler, PlacedProgram},
    scope::{Scope, Undecided},
};
use crate::response::RuleStatus;

/// The property of a result that tells which of the policy's `validations` decided.
pub const VALIDATION_INDEX: &str = "cel.validationIndex";

/// An expression that must be true.
#[derive(Debug)]
pub struct Validation {
    program: PlacedProgram,
    expression: String,
    message: String,
    message_expression: Option<PlacedProgram>,
    wording: Wording,
}

/// Who words what has no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wording {
    /// The kinds of `policies.kyverno.io`.
    Kyverno,
    /// The API server, and `validate.cel`.
    Kubernetes,
}

/// The longest message that the API server takes of an expression, in bytes.
const MAX_MESSAGE: usize = 5 * 1024;

impl Wording {
    /// Whether the value of a message expression is a message.
    fn takes(self, text: &str) -> bool {
        let trimmed = text.trim();
        match self {
            Wording::Kyverno => !text.is_empty(),
            Wording::Kubernetes => {
                trimmed.len() <= MAX_MESSAGE && !trimmed.contains('\n') && !trimmed.is_empty()
            }
        }
    }

    fn trimmed(self, text: &str) -> &str {
        match self {
            Wording::Kyverno => text,
            Wording::Kubernetes => text.trim(),
        }
    }
}

/// How validations ended.
#[derive(Clone, Debug)]
pub struct Decision {
    /// Pass, fail, skip or error.
    pub status: RuleStatus,
    /// What is said.
    pub message: String,
    /// The validation that decided.
    pub index: Option<usize>,
    /// The path of the expression that decided or has no value.
    pub expression: Option<Arc<str>>,
}

impl From<Undecided> for Decision {
    fn from(undecided: Undecided) -> Decision {
        Decision {
            expression: undecided.expression,
            ..Decision::of(RuleStatus::Error, &undecided.message)
        }
    }
}

impl Decision {
    /// The same, where an error says that it is one, as in ValidatingPolicy.
    #[must_use]
    pub fn told_as_error(mut self) -> Decision {
        if self.status == RuleStatus::Error {
            self.message.insert_str(0, "error: ");
        }
        self
    }

    /// A decision that no validation made.
    #[must_use]
    pub fn of(status: RuleStatus, message: &str) -> Decision {
        Decision {
            status,
            message: message.to_owned(),
            index: None,
            expression: None,
        }
    }
}

/// Makes validations ready; what is wrong with them is kept by the compiler.
pub fn compile(
    compiler: &mut Compiler,
    path: &str,
    written: &[CelValidation],
    wording: Wording,
) -> Vec<Validation> {
    let validations = written.iter().enumerate();
    validations
        .filter_map(|(index, validation)| {
            let path = |field: &str| format!("{path}[{index}].{field}");
            let message = validation.message_expression.as_ref();
            let message = message.filter(|text| !text.is_empty());
            let message =
                message.map(|text| compiler.message_for_user(&path("messageExpression"), text));
            let text = &validation.expression;
            Some(Validation {
                program: compiler.expression(&path("expression"), text, &[Type::Bool])?,
                expression: text.clone(),
                message: validation.message.clone().unwrap_or_default(),
                message_expression: message.flatten(),
                wording,
            })
        })
        .collect()
}

/// Takes validations in order, up to the first that is not true.
#[must_use]
pub fn decide<'a>(validations: &'a [Validation], scope: &Scope<'_, 'a>) -> Decision {
    decide_if(validations, scope, true)
}

/// Takes validations in order, up to the first that is false, or that has no value where errors
/// decide.
#[must_use]
pub fn decide_if<'a>(
    validations: &'a [Validation],
    scope: &Scope<'_, 'a>,
    errors_decide: bool,
) -> Decision {
    for (index, validation) in validations.iter().enumerate() {
        let program = &validation.program;
        let (status, message, expression) = match scope.is_true(program) {
            Ok(true) => continue,
            Err(_) if !errors_decide => continue,
            Ok(false) => {
                let said = validation.said(index, scope);
                (RuleStatus::Fail, said, Some(Arc::clone(&program.path)))
            }
            Err(error) => (RuleStatus::Error, validation.failed(&error), scope.blamed()),
        };
        return Decision {
            status,
            message,
            index: Some(index),
            expression,
        };
    }
    Decision::of(RuleStatus::Pass, "success")
}

/// Every validation that is false, or that has no value where errors decide, in order.
#[must_use]
pub fn violations<'a>(
    validations: &'a [Validation],
    scope: &Scope<'_, 'a>,
    errors_decide: bool,
) -> Vec<Decision> {
    let each = validations.iter();
    each.map(|one| decide_if(std::slice::from_ref(one), scope, errors_decide))
        .filter(|decision| decision.status != RuleStatus::Pass)
        .collect()
}

/// What Kyverno says where nothing says more.
fn without_message(index: usize) -> String {
    format!("CEL expression validation failed at index {index}")
}

/// How the API server tells that an expression has no value.
#[must_use]
pub fn without_value(expression: &str, error: &str) -> String {
    format!("expression '{expression}' resulted in error: {error}")
}

impl Validation {
    /// Gives a validation without a message this one.
    pub(crate) fn or_message(&mut self, message: &str) {
        if self.message.is_empty() {
            message.clone_into(&mut self.message);
        }
    }

    /// What the expression for the message gives, else the message, else a constant text.
    fn said<'a>(&'a self, index: usize, scope: &Scope<'_, 'a>) -> String {
        let computed = self.message_expression.as_ref();
        match (
            computed.map(|program| scope.evaluate(program)),
            self.wording,
        ) {
            (Some(Ok(Value::String(text))), wording) if wording.takes(text.as_str()) => {
                return wording.trimmed(text.as_str()).to_owned();
            }
            (Some(Err(error)), Wording::Kyverno) => {
                return format!("failed to evaluate message expression: {error}");
            }
            (Some(Ok(_)), Wording::Kyverno) => return without_message(index),
            _ => {}
        }
        match (self.message.as_str(), self.wording) {
            ("", Wording::Kyverno) => without_message(index),
            ("", Wording::Kubernetes) => {
                format!("failed expression: {}", self.expression.trim())
            }
            (message, wording) => wording.trimmed(message).to_owned(),
        }
    }

    fn failed(&self, error: &str) -> String {
        match self.wording {
            Wording::Kyverno => error.to_owned(),
            Wording::Kubernetes => without_value(&self.expression, error),
        }
    }
}
