//! Expressions of a policy to programs; what is wrong with each, at its path.

use std::{collections::BTreeMap, sync::Arc};

use portcullis_api::cel_expression::CelVariable;
use portcullis_cel::{
    environment::{Environment, MutationTypes},
    error::CompileError,
    library::kubernetes,
    program::Program,
    types::Type,
};

/// A compiled expression, and where in the policy its text stands.
#[derive(Debug)]
pub struct PlacedProgram {
    /// What is evaluated.
    pub program: Program,
    /// The path, as `spec.validations[0].expression`.
    pub path: Arc<str>,
}

/// A named expression that others read as `variables.<name>`.
#[derive(Debug)]
pub struct Variable {
    /// The name, as `variables.<name>`.
    pub name: Arc<str>,
    /// The expression.
    pub program: PlacedProgram,
}

/// Compiles the expressions of one policy.
#[derive(Debug)]
pub struct Compiler {
    environment: Environment,
    /// How many levels of nodes each variable has, with those of the variables that it reads.
    levels: BTreeMap<Arc<str>, usize>,
    faults: Vec<(String, String)>,
}

/// How many levels of nodes an expression may have, with those of the variables that it reads: they
/// are evaluated inside of each other, and the stack is bounded.
const MAX_LEVELS: usize = 1_000;
/// The levels that a variable takes beside those of its expression.
const LEVELS_OF_VARIABLE: usize = 8;

/// How large the type of a variable may be: with `{variables.a: variables.a}` it doubles each time.
pub(super) const LARGEST_TYPE: usize = 10_000;

impl Compiler {
    /// A compiler for expressions that may use what an environment has.
    #[must_use]
    pub fn new(environment: &Environment) -> Compiler {
        Compiler {
            environment: environment.clone(),
            levels: BTreeMap::new(),
            faults: Vec::new(),
        }
    }

    /// Lets later expressions read a further name.
    pub fn declare(&mut self, name: &str, of: Type) {
        self.environment.declare(name, of);
    }

    /// Lets later expressions write patches: `Object{}`, `JSONPatch{}` and `jsonpatch.escapeKey`.
    pub fn allow_patches(&mut self) {
        let builder = self.environment.extend().library(&kubernetes::JSON_PATCH);
        self.environment = builder.types(Arc::new(MutationTypes)).build();
    }

    /// An expression that gives one of the wanted types, exactly. What is wrong with it is kept.
    pub fn expression(&mut self, path: &str, text: &str, wanted: &[Type]) -> Option<PlacedProgram> {
        match self.try_expression(text, wanted) {
            Ok((program, ..)) => Some(PlacedProgram {
                program,
                path: path.into(),
            }),
            Err(message) => {
                self.faults.push((path.to_owned(), message));
                None
            }
        }
    }

    /// A text that is shown to a user. The API server refuses one that asks what the user may do.
    pub fn message_for_user(&mut self, path: &str, text: &str) -> Option<PlacedProgram> {
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
            let name: Arc<str> = format!("variables.{}", variable.name).into();
            let path = format!("{path}[{index}].expression");
            match self.try_variable(&variable.expression) {
                Ok((program, of, levels)) => {
                    self.declare(&name, dynamic(of));
                    self.levels.insert(Arc::clone(&name), levels);
                    let path = path.into();
                    let program = PlacedProgram { program, path };
                    variables.push(Variable { name, program });
                }
                Err(message) => {
                    self.faults.push((path, message));
                    // What reads it is not wrong as well.
                    self.declare(&name, Type::Dyn);
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

    /// The program of a variable, its type, and its levels.
    fn try_variable(&self, text: &str) -> Result<(Program, Type, usize), String> {
        let (program, of, levels) = self.try_expression(text, &[])?;
        match of.is_larger_than(LARGEST_TYPE) {
            true => Err(format!(
                "the type of the variable holds more than {LARGEST_TYPE} types; write `dyn(…)` around its parts"
            )),
            false => Ok((program, of, levels + LEVELS_OF_VARIABLE)),
        }
    }

    fn try_expression(
        &self,
        text: &str,
        wanted: &[Type],
    ) -> Result<(Program, Type, usize), String> {
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
        let below = program.variables().iter();
        let below = below.filter_map(|name| self.levels.get(name)).max();
        let levels = checked.ast.root.depth() + below.copied().unwrap_or_default();
        match levels > MAX_LEVELS {
            true => Err(format!(
                "the expression has {levels} levels with those of the variables that it reads, and may have {MAX_LEVELS}"
            )),
            false => Ok((program, of, levels)),
        }
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
