//! Expressions of a policy to programs; what is wrong with each, at its path.

use std::sync::Arc;

use portcullis_api::cel_expression::CelVariable;
use portcullis_cel::{
    environment::{Environment, MutationTypes},
    error::CompileError,
    library::kubernetes,
    program::Program,
    types::Type,
};

/// A named expression that others read as `variables.<name>`.
#[derive(Debug)]
pub struct Variable {
    /// The name, as `variables.<name>`.
    pub name: Arc<str>,
    /// The expression.
    pub program: Program,
}

/// Compiles the expressions of one policy.
#[derive(Debug)]
pub struct Compiler {
    environment: Environment,
    faults: Vec<(String, String)>,
}

impl Compiler {
    /// A compiler for expressions that may use what an environment has.
    #[must_use]
    pub fn new(environment: &Environment) -> Compiler {
        Compiler {
            environment: environment.clone(),
            faults: Vec::new(),
        }
    }

    /// Lets later expressions read a further name.
    pub fn declare(&mut self, name: &str, of: Type) {
        self.environment = self.environment.extend().variable(name, of).build();
    }

    /// Lets later expressions write patches: `Object{}`, `JSONPatch{}` and `jsonpatch.escapeKey`.
    pub fn allow_patches(&mut self) {
        let builder = self.environment.extend().library(&kubernetes::JSON_PATCH);
        self.environment = builder.types(Arc::new(MutationTypes)).build();
    }

    /// An expression that gives one of the wanted types, exactly. What is wrong with it is kept.
    pub fn expression(&mut self, path: &str, text: &str, wanted: &[Type]) -> Option<Program> {
        match self.try_expression(text, wanted) {
            Ok((program, _)) => Some(program),
            Err(message) => {
                self.faults.push((path.to_owned(), message));
                None
            }
        }
    }

    /// A text that is shown to a user. The API server refuses one that asks what the user may do.
    pub fn message_for_user(&mut self, path: &str, text: &str) -> Option<Program> {
        let own = self.environment.clone();
        self.environment = own
            .extend()
            .without_variable("authorizer")
            .without_variable("authorizer.requestResource")
            .build();
        let program = self.expression(path, text, &[Type::String]);
        self.environment = own;
        program
    }

    /// Variables, each of which may read those before it. Later expressions may read them all.
    pub fn variables(&mut self, path: &str, written: &[CelVariable]) -> Vec<Variable> {
        let mut variables = Vec::new();
        for (index, variable) in written.iter().enumerate() {
            let name = format!("variables.{}", variable.name);
            match self.try_expression(&variable.expression, &[]) {
                Ok((program, of)) => {
                    let variable = self.environment.extend().variable(&name, dynamic(of));
                    self.environment = variable.build();
                    variables.push(Variable {
                        name: name.into(),
                        program,
                    });
                }
                Err(message) => {
                    self.faults
                        .push((format!("{path}[{index}].expression"), message));
                    // What reads it is not wrong as well.
                    let environment = self.environment.extend().variable(&name, Type::Dyn);
                    self.environment = environment.build();
                }
            }
        }
        variables
    }

    /// Keeps something else that is wrong with the policy.
    pub fn fault(&mut self, path: String, message: String) {
        self.faults.push((path, message));
    }

    /// Keeps further things that are wrong, as path and message.
    pub fn faults(&mut self, faults: impl IntoIterator<Item = (String, String)>) {
        self.faults.extend(faults);
    }

    /// Everything that is wrong, as path and message.
    #[must_use]
    pub fn into_faults(self) -> Vec<(String, String)> {
        self.faults
    }

    fn try_expression(&self, text: &str, wanted: &[Type]) -> Result<(Program, Type), String> {
        let checked = self.environment.compile(text);
        let checked = checked.map_err(|error| said(&error))?;
        let of = checked.result_type().clone();
        if !wanted.is_empty() && !wanted.contains(&of) {
            let names: Vec<String> = wanted.iter().map(|wanted| format!("`{wanted}`")).collect();
            return Err(format!(
                "the expression gives `{of}`, and must give {}",
                names.join(" or ")
            ));
        }
        let program = self.environment.program(&checked);
        let program = program.map_err(|error| said(&error))?;
        Ok((program, of))
    }
}

/// What the compiler of CEL says, with a line ` = …` of what would help below each mistake.
fn said(error: &CompileError) -> String {
    let mistakes = error.rendered.split("\nERROR: ").zip(&error.issues);
    let mistakes = mistakes.enumerate().map(|(index, (text, issue))| {
        let before = if index == 0 { "" } else { "\nERROR: " };
        let help = issue.help.iter().map(|help| format!("\n = {help}"));
        format!("{before}{text}{}", help.collect::<String>())
    });
    mistakes.collect()
}

/// The type with `dyn` for `any`: what an object of the cluster holds is known only when it is read.
pub(super) fn dynamic(of: Type) -> Type {
    let inner = |of: &Arc<Type>| Arc::new(dynamic((**of).clone()));
    match of {
        Type::Any => Type::Dyn,
        Type::List(element) => Type::List(inner(&element)),
        Type::Map(key, value) => Type::Map(key, inner(&value)),
        Type::Opaque(name, parameters) => {
            let parameters = parameters.iter().cloned().map(dynamic);
            Type::Opaque(name, parameters.collect())
        }
        other => other,
    }
}
