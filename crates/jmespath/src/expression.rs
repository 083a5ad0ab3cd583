//! `Expression`: compiled once, evaluated many times.

use portcullis_values::Val;

use crate::{
    error::EvalError,
    functions::unknown,
    host::Host,
    interpreter::Interpreter,
    lower::lower,
    program::Program,
    scope::Scope,
    syntax::{dump::dump, error::SyntaxError, parser::parse},
};

/// A compiled expression.
#[derive(Debug)]
pub struct Expression {
    source: Box<str>,
    program: Program,
}

impl Expression {
    /// Compiles `source`.
    pub fn compile(source: &str) -> Result<Expression, SyntaxError> {
        Ok(Expression {
            source: source.into(),
            program: lower(parse(source)?),
        })
    }

    /// The text that was compiled.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Evaluates the expression on `scope`.
    ///
    /// The result borrows from the expression (its literals) and from the values of the scope. A
    /// number in it may be an integer or a float, both of which stand for a float64.
    pub fn evaluate<'a>(
        &'a self,
        scope: &dyn Scope<'a>,
        host: &dyn Host,
    ) -> Result<Val<'a>, EvalError> {
        Interpreter::new(&self.program, scope, host)
            .run()
            .map_err(EvalError::from)
    }

    /// The fields that are looked up on the root value, in the order of their appearance.
    #[must_use]
    pub fn root_fields(&self) -> &[String] {
        &self.program.root_fields
    }

    /// Whether the root value is used as a whole (`@`, `*`, `[?…]`), so that any of its fields may
    /// count.
    #[must_use]
    pub fn uses_whole_root(&self) -> bool {
        self.program.uses_whole_root
    }

    /// What is said of each call of a function that there is not; it is an error once it is made.
    #[must_use]
    pub fn unknown_functions(&self) -> Vec<String> {
        let names = self.program.unknown_functions.iter();
        names
            .map(|name| format!("`{name}`: {}", unknown(name)))
            .collect()
    }

    /// Whether the result depends on one field of the root value and nothing else: no other field
    /// is read, and no function is called, which might ask for the time.
    #[must_use]
    pub fn depends_only_on(&self, field: &str) -> bool {
        let is_field = matches!(self.root_fields(), [only] if only == field);
        is_field && !self.program.uses_whole_root && !self.program.calls
    }
}

/// The tree of an expression as text, as `jp parse` prints it.
#[must_use]
pub fn ast_dump(expression: &Expression) -> String {
    parse(expression.source()).map_or_else(|error| error.to_string(), |ast| dump(&ast))
}
