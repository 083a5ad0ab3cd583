//! A compiled expression, ready to be evaluated many times.

use std::sync::Arc;

use crate::{
    checked::CheckedAst,
    environment::Environment,
    error::{CompileError, Evaluated},
    host::Host,
    interpreter::State,
    lower::{self, Node},
};

/// A compiled expression. It holds everything it needs, and can be shared between threads.
#[derive(Debug)]
pub struct Program {
    pub(crate) root: Node,
    /// The names of the variables it reads, by slot.
    pub(crate) variables: Vec<Arc<str>>,
}

/// Where the variables of an evaluation come from. Each is asked for at most once in an evaluation,
/// and only when it is read.
pub trait Variables<'a> {
    /// The value of a variable, or why it has none; nothing if there is no such variable.
    fn get(&self, name: &str) -> Option<Evaluated<'a>>;
}

/// No variables.
impl<'a> Variables<'a> for () {
    fn get(&self, _name: &str) -> Option<Evaluated<'a>> {
        None
    }
}

/// How an expression is evaluated.
#[derive(Clone, Copy, Debug)]
pub struct Options<'h> {
    /// The world.
    pub host: &'h dyn Host,
    /// What the evaluation may cost at most.
    pub cost_limit: Option<u64>,
}

/// What an evaluation gave, and what it cost as Kubernetes counts it.
#[derive(Clone, Debug)]
pub struct Outcome<'a> {
    /// The value, or why there is none.
    pub result: Evaluated<'a>,
    /// The cost, also of an evaluation that failed.
    pub cost: u64,
}

impl Program {
    /// The names of the variables that it reads.
    #[must_use]
    pub fn variables(&self) -> &[Arc<str>] {
        &self.variables
    }

    /// Evaluates the expression.
    pub fn evaluate<'a>(
        &'a self,
        variables: &dyn Variables<'a>,
        options: Options<'_>,
    ) -> Outcome<'a> {
        State::new(&self.variables, variables, options).run(&self.root)
    }
}

impl Environment {
    /// The program of an expression.
    ///
    /// # Errors
    /// A constant of the expression cannot be converted.
    pub fn program(&self, checked: &CheckedAst) -> Result<Program, CompileError> {
        lower::program(self, checked)
    }
}
