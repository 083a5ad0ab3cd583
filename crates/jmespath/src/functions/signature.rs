//! What a function takes and gives.

use std::fmt;

use crate::{functions::Call, interpreter::Evaluated};

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
    pub(crate) run: for<'c, 'e, 'a> fn(&Call<'c, 'e, 'a>) -> Evaluated<'a>,
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

    /// Whether the first argument is a regular expression.
    pub(crate) fn compiles_first_argument(&self) -> bool {
        self.name.starts_with("regex_")
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
