//! Conditions of preconditions and `deny`, compiled: keys and values are templates, operators are
//! looked up once.

use std::fmt::Display;
use std::sync::Arc;

use portcullis_api::cluster_policy as api;
use portcullis_values::{List, Map, Val};
use serde_json::Value;

use crate::conditions::{
    ConditionBlock, ConditionError, Conditions, Operator, evaluate_conditions, holds,
};
use crate::context::JsonContext;
use crate::context::query::Names;
use crate::context::variables::{Template, TemplateError};
use crate::evaluation::Evaluation;
use crate::record::{ConditionNote, Decision, Recorder};

/// The conditions of exceptions and cleanup policies, where an empty `any` is as none: in a rule it does
/// not hold.
pub(crate) fn without_empty_any(mut block: api::AnyAllConditions) -> api::AnyAllConditions {
    block.any = block.any.filter(|any| !any.is_empty());
    block
}

/// Compiled conditions.
#[derive(Debug)]
pub struct CompiledConditions(Result<Conditions<Condition>, String>);

#[derive(Debug)]
struct Condition {
    key: Template,
    operator: Result<Operator, ConditionError>,
    value: Template,
    message: String,
}

/// Why conditions cannot be decided.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ConditionsError {
    /// They are not written as conditions are.
    #[error("failed to parse conditions: {0}")]
    Shape(String),
    /// A variable of a key has no value.
    #[error("failed to substitute variables in condition key: {0}")]
    Key(TemplateError),
    /// A variable of a value has no value.
    #[error("failed to substitute variables in condition value: {0}")]
    Value(TemplateError),
    /// The operator is unknown, or cannot work with the key.
    #[error("failed to evaluate condition: {0}")]
    Operator(#[from] ConditionError),
}

impl CompiledConditions {
    /// Compiles conditions as a rule has them: a block, or the older list.
    #[must_use]
    pub fn compile(written: &api::Conditions, names: &Arc<Names>) -> CompiledConditions {
        let compile_list = |list: &[api::Condition]| -> Vec<Condition> {
            list.iter()
                .map(|one| Condition::compile(one, names))
                .collect()
        };
        CompiledConditions(match (&written.0, written.parse()) {
            (Value::Null, _) => Ok(Conditions::Block(ConditionBlock::default())),
            (_, Err(error)) => Err(format!("{}: {}", error.path_text(), error.message)),
            (Value::Array(_), Ok(parsed)) => Ok(Conditions::List(compile_list(
                parsed.all.as_deref().unwrap_or_default(),
            ))),
            (_, Ok(parsed)) => Ok(Conditions::Block(ConditionBlock {
                any: parsed.any.as_deref().map(compile_list),
                all: parsed.all.as_deref().map(compile_list),
            })),
        })
    }

    /// Compiles a block.
    #[must_use]
    pub fn compile_block(
        written: &api::AnyAllConditions,
        names: &Arc<Names>,
    ) -> CompiledConditions {
        let compile_list = |list: &Vec<api::Condition>| -> Vec<Condition> {
            list.iter()
                .map(|one| Condition::compile(one, names))
                .collect()
        };
        CompiledConditions(Ok(Conditions::Block(ConditionBlock {
            any: written.any.as_ref().map(compile_list),
            all: written.all.as_ref().map(compile_list),
        })))
    }

    /// Whether the conditions hold, and what the ones that decided say.
    ///
    /// # Errors
    /// A variable without a value, or a condition that cannot be decided.
    pub fn evaluate<'a>(
        &'a self,
        context: &JsonContext<'a>,
    ) -> Result<(bool, String), ConditionsError> {
        let conditions = self
            .0
            .as_ref()
            .map_err(|text| ConditionsError::Shape(text.clone()))?;
        evaluate_conditions(conditions, |condition| condition.evaluate(context))
    }
}

impl CompiledConditions {
    /// As [`CompiledConditions::evaluate`], and tells the recorder of each condition. `block` is the
    /// field that they stand in.
    ///
    /// # Errors
    /// As there.
    pub fn evaluate_noted<'a, R: Recorder>(
        &'a self,
        block: &dyn Display,
        evaluation: &mut Evaluation<'a, '_, R>,
    ) -> Result<(bool, String), ConditionsError> {
        if !R::LISTENS {
            return self.evaluate(evaluation.context());
        }
        let conditions = self
            .0
            .as_ref()
            .map_err(|text| ConditionsError::Shape(text.clone()))?;
        let rule = evaluation.rule_name();
        evaluate_conditions(conditions, |condition| {
            let place = format!("{block}{}", place(conditions, condition));
            let result = condition.evaluate(evaluation.context());
            let decision = match &result {
                Ok((holds, _)) => condition.decision(*holds, evaluation.context()),
                Err(error) => Decision::Error(error.to_string()),
            };
            let note = ConditionNote { place, decision };
            evaluation.recorder().condition(&rule, note);
            result
        })
    }
}

/// Where a condition stands, such as `.all[0]`.
fn place(conditions: &Conditions<Condition>, wanted: &Condition) -> String {
    let within = |name: &str, list: &[Condition]| {
        let index = list.iter().position(|one| std::ptr::eq(one, wanted))?;
        Some(format!("{name}[{index}]"))
    };
    let found = match conditions {
        Conditions::List(list) => within("", list),
        Conditions::Block(block) => {
            let any = block.any.as_deref().and_then(|list| within(".any", list));
            any.or_else(|| within(".all", block.all.as_deref()?))
        }
    };
    found.unwrap_or_default()
}

impl Condition {
    /// What was read, for whoever asks.
    fn decision<'a>(&'a self, holds: bool, context: &JsonContext<'a>) -> Decision {
        let read =
            |template| operand(template, context).map_or(Value::Null, |value| value.to_json());
        Decision::Holds {
            key: read(&self.key),
            operator: self
                .operator
                .as_ref()
                .map_or_else(|_| String::new(), |one| one.as_str().to_owned()),
            value: read(&self.value),
            holds,
        }
    }

    fn compile(written: &api::Condition, names: &Arc<Names>) -> Condition {
        let template = |value: &Option<Value>| {
            Template::compile(value.as_ref().unwrap_or(&Value::Null), names)
        };
        Condition {
            key: template(&written.key),
            operator: Operator::parse(written.operator.as_deref().unwrap_or_default()),
            value: template(&written.value),
            message: written.message.clone().unwrap_or_default(),
        }
    }

    fn evaluate<'a>(
        &'a self,
        context: &JsonContext<'a>,
    ) -> Result<(bool, String), ConditionsError> {
        let key = operand(&self.key, context).map_err(ConditionsError::Key)?;
        let value = operand(&self.value, context).map_err(ConditionsError::Value)?;
        let operator = self.operator.as_ref().map_err(Clone::clone)?;
        Ok((holds(operator, &key, &value)?, self.message.clone()))
    }
}

/// A key or value; what comes out of an expression has float64 numbers.
fn operand<'a>(
    template: &'a Template,
    context: &JsonContext<'a>,
) -> Result<Val<'a>, TemplateError> {
    match template.constant() {
        Some(constant) => Ok(Val::from(constant)),
        None => template.evaluate(context).map(floats),
    }
}

#[expect(clippy::cast_precision_loss, reason = "expressions know float64 only")]
fn floats(value: Val<'_>) -> Val<'_> {
    match value {
        Val::Int(number) => Val::Double(number as f64),
        Val::UInt(number) => Val::Double(number as f64),
        Val::List(items) if items.iter().any(|item| has_integer(&item)) => {
            Val::List(items.iter().map(floats).collect::<List<'_>>())
        }
        Val::Map(entries) if entries.iter().any(|(_, item)| has_integer(&item)) => Val::Map(
            entries
                .iter()
                .map(|(key, item)| (key, floats(item)))
                .collect::<Map<'_>>(),
        ),
        other => other,
    }
}

fn has_integer(value: &Val<'_>) -> bool {
    match value {
        Val::Int(_) | Val::UInt(_) => true,
        Val::List(items) => items.iter().any(|item| has_integer(&item)),
        Val::Map(entries) => entries.iter().any(|(_, item)| has_integer(&item)),
        _ => false,
    }
}
