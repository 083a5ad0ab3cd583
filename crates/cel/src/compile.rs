//! Text to a checked expression: parsed, checked, and its constants looked at.

use crate::{
    checked::CheckedAst,
    checker,
    environment::Environment,
    error::{CompileError, Issue, Stage},
    rendering::render,
    syntax::{self, ast::Ast},
    validators,
};

impl Environment {
    /// The tree of an expression.
    ///
    /// # Errors
    /// What is wrong with its syntax.
    pub fn parse(&self, source: &str) -> Result<Ast, CompileError> {
        syntax::parse(source, self.macros()).map_err(|issues| refused(issues, source))
    }

    /// An expression with the types of its parts.
    ///
    /// # Errors
    /// What is wrong with its syntax, names or types.
    pub fn compile(&self, source: &str) -> Result<CheckedAst, CompileError> {
        self.check(self.parse(source)?, source)
    }

    /// An expression whose types are not looked at: what does not fit fails where it is evaluated.
    ///
    /// # Errors
    /// What is wrong with its syntax.
    pub fn compile_unchecked(&self, source: &str) -> Result<CheckedAst, CompileError> {
        Ok(checker::resolve(self, self.parse(source)?, source))
    }

    /// A tree with the types of its parts.
    ///
    /// # Errors
    /// What is wrong with its names or types.
    pub fn check(&self, ast: Ast, source: &str) -> Result<CheckedAst, CompileError> {
        let checked =
            checker::check(self, ast, source).map_err(|issues| refused(issues, source))?;
        match validators::validate(self.validators(), &checked) {
            issues if issues.is_empty() => Ok(checked),
            issues => Err(refused(issues, source)),
        }
    }
}

fn refused(issues: Vec<Issue>, source: &str) -> CompileError {
    CompileError {
        stage: Stage::Compile,
        rendered: render(&issues, source),
        issues,
    }
}
