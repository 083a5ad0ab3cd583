//! What a function takes and gives.

use std::fmt;

use portcullis_values::Val;

use super::call::Call;
use crate::{
    error::{Evaluated, Fault},
    value::number,
};

/// A type of an argument or a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// Any value.
    Any,
    /// A list.
    Array,
    /// A list of numbers.
    ArrayNumber,
    /// A list of texts.
    ArrayString,
    /// True or false.
    Bool,
    /// `&expression`.
    Expression,
    /// A number.
    Number,
    /// A map.
    Object,
    /// Text.
    String,
}

/// A function: its name, its signature, and what it is for.
#[derive(Clone, Copy)]
pub struct Function {
    /// The name in expressions.
    pub name: &'static str,
    /// The types that each argument may have.
    pub arguments: &'static [&'static [Type]],
    /// Whether the last argument may be repeated; its repetitions may have any type.
    pub variadic: bool,
    /// The types that the result may have.
    pub returns: &'static [Type],
    /// What the function is for, in a line.
    pub note: &'static str,
    /// Whether JMESPath itself has the function; the others are Kyverno's.
    pub standard: bool,
    pub(crate) run: for<'c, 'a> fn(&Call<'c, 'a>) -> Evaluated<'a>,
}

impl Function {
    /// The name, the types of the arguments and of the result: `split(string, string) array[string]`.
    #[must_use]
    pub fn signature(&self) -> String {
        let names = |types: &[Type]| {
            let names: Vec<String> = types.iter().map(Type::to_string).collect();
            names.join("|")
        };
        let arguments: Vec<String> = self.arguments.iter().map(|types| names(types)).collect();
        format!(
            "{}({}{}) {}",
            self.name,
            arguments.join(", "),
            if self.variadic { ", ..." } else { "" },
            names(self.returns)
        )
    }

    /// Checks the number and the types of the arguments.
    pub(super) fn check<'a>(&self, call: &Call<'_, 'a>) -> Result<(), Fault<'a>> {
        let (wanted, found) = (self.arguments.len(), call.arguments.len());
        if wanted == 0 {
            return Ok(());
        }
        if self.variadic {
            if found < wanted {
                return Err(call.error(format!(
                    "expected at least {wanted} argument(s), found {found}"
                )));
            }
            return Ok(());
        }
        if wanted != found {
            return Err(call.error(format!("expected {wanted} argument(s), found {found}")));
        }
        for (index, (types, value)) in self.arguments.iter().zip(call.arguments).enumerate() {
            if !types.iter().any(|wanted| wanted.is_of(value, call)) {
                let names: Vec<String> = types.iter().map(Type::to_string).collect();
                return Err(call.argument_error(index, &names.join(" or ")));
            }
        }
        Ok(())
    }

    /// Whether the first argument is a regular expression.
    pub(crate) fn compiles_first_argument(&self) -> bool {
        self.name.starts_with("regex_")
    }
}

impl Type {
    /// Whether a value has the type; the evaluation knows which values are expressions.
    fn is_of<'a>(self, value: &Val<'a>, call: &Call<'_, 'a>) -> bool {
        match (self, value) {
            (Type::Any, _)
            | (Type::Array, Val::List(_))
            | (Type::Bool, Val::Bool(_))
            | (Type::Object, Val::Map(_))
            | (Type::String, Val::Str(_) | Val::Bytes(_)) => true,
            (Type::ArrayNumber, Val::List(list)) => {
                !call.evaluation.is_item_list(list)
                    && list.iter().all(|item| number(&item).is_some())
            }
            (Type::ArrayString, Val::List(list)) => {
                !call.evaluation.is_item_list(list)
                    && list
                        .iter()
                        .all(|item| matches!(item, Val::Str(_) | Val::Bytes(_)))
            }
            (Type::Expression, value) => call.evaluation.is_expression(value),
            (Type::Number, value) => number(value).is_some(),
            _ => false,
        }
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name)
    }
}

impl fmt::Display for Type {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Type::Any => "any",
            Type::Array => "array",
            Type::ArrayNumber => "array[number]",
            Type::ArrayString => "array[string]",
            Type::Bool => "bool",
            Type::Expression => "expref",
            Type::Number => "number",
            Type::Object => "object",
            Type::String => "string",
        })
    }
}
