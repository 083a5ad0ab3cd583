//! `auditAnnotations`: what a policy adds to the audit event of a request.

use portcullis_api::cel_expression::AuditAnnotation;
use portcullis_cel::{types::Type, value::Value};

use super::{
    compiler::{Compiler, PlacedProgram},
    scope::Scope,
    validation::without_value,
};
use crate::response::RuleStatus;

/// Annotations whose values expressions give.
#[derive(Debug, Default)]
pub struct AuditAnnotations(Vec<(AuditAnnotation, PlacedProgram)>);

impl AuditAnnotations {
    /// Makes annotations ready; what is wrong with them is kept by the compiler.
    pub fn compile(compiler: &mut Compiler, written: &[AuditAnnotation]) -> AuditAnnotations {
        let annotations = written.iter().enumerate();
        let annotations = annotations.filter_map(|(index, annotation)| {
            let path = format!("spec.auditAnnotations[{index}].valueExpression");
            let text = &annotation.value_expression;
            let program = compiler.expression(&path, text, &[Type::String, Type::Null])?;
            Some((annotation.clone(), program))
        });
        AuditAnnotations(annotations.collect())
    }

    /// Keys and values; one without a value, or with null, is left out.
    pub fn values<'a>(&'a self, scope: &Scope<'_, 'a>) -> impl Iterator<Item = (String, String)> {
        let annotations = self.0.iter();
        annotations.filter_map(|(written, program)| match scope.evaluate(program) {
            Ok(Value::String(text)) => Some((written.key.clone(), text.as_str().to_owned())),
            _ => None,
        })
    }

    /// Keys and values; one with null is left out.
    fn evaluated<'a>(&'a self, scope: &Scope<'_, 'a>) -> Result<Vec<(String, String)>, String> {
        let annotations = self.0.iter();
        let values = annotations.map(|(written, program)| match scope.evaluate(program) {
            Ok(Value::String(text)) => Ok(Some((written.key.clone(), text.as_str().to_owned()))),
            Ok(_) => Ok(None),
            Err(error) => Err(format!(
                "failed to evaluate auditAnnotation '{}': {}",
                written.key, error.message
            )),
        });
        values.filter_map(Result::transpose).collect()
    }

    /// What is added to a decision: keys and values, save those that are null. Where errors deny nothing,
    /// one would let pass what fails, and so nothing is added.
    ///
    /// # Errors
    /// The first without a value, in Kyverno's words.
    pub fn of_decision<'a>(
        &'a self,
        status: RuleStatus,
        scope: &Scope<'_, 'a>,
        errors_deny: bool,
    ) -> Result<Vec<(String, String)>, String> {
        match self.evaluated(scope) {
            Err(_) if status == RuleStatus::Fail && !errors_deny => Ok(Vec::new()),
            values => values,
        }
    }

    /// What is said of those without a value.
    pub fn errors<'a>(&'a self, scope: &Scope<'_, 'a>) -> impl Iterator<Item = String> {
        let annotations = self.0.iter();
        annotations.filter_map(|(written, program)| {
            let error = scope.evaluate(program).err()?;
            Some(without_value(&written.value_expression, &error.message))
        })
    }
}
