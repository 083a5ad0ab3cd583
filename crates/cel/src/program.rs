//! A compiled expression, ready to be evaluated many times.

use std::sync::Arc;

pub use crate::evaluation::{Options, Outcome, Variables};

use crate::{
    checked::CheckedAst,
    environment::Environment,
    error::CompileError,
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
        let (root, variables) = lower::program(self, checked)?;
        Ok(Program { root, variables })
    }
}
