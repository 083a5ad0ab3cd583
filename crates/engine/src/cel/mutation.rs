//! `mutations`: expressions that change an object.

use std::sync::Arc;

use portcullis_api::mutating_policy::{CelMutation, PatchExpression};
use portcullis_cel::{
    environment::{JSON_PATCH, OBJECT},
    mutation,
    types::Type,
};
use portcullis_schema::Catalogue;
use serde_json::Value;

use super::{
    compiler::{Compiler, PlacedProgram},
    scope::{Scope, Undecided},
    validation::without_value,
};
use crate::patch::{
    JsonPatch, JsonPatchOptions, PatchError,
    apply_configuration::{self, Atomic},
};

/// One change.
#[derive(Debug)]
pub enum Mutation {
    /// Part of an object, which is merged into it by the structure of its kind.
    ApplyConfiguration(Written, Atomic),
    /// Operations of a JSON patch.
    JsonPatch(Written),
}

/// An expression, ready, and as it is written.
#[derive(Debug)]
pub struct Written {
    program: PlacedProgram,
    expression: String,
}

/// Makes mutations ready; what is wrong with them is kept by the compiler.
pub fn compile(compiler: &mut Compiler, written: &[CelMutation], atomic: Atomic) -> Vec<Mutation> {
    let written = written.iter().enumerate();
    written
        .filter_map(|(index, written)| Mutation::compile(compiler, index, written, atomic))
        .collect()
}

impl Mutation {
    fn compile(
        compiler: &mut Compiler,
        index: usize,
        written: &CelMutation,
        atomic: Atomic,
    ) -> Option<Mutation> {
        let path = format!("spec.mutations[{index}]");
        let expression =
            |of: &Option<PatchExpression>| of.as_ref().and_then(|of| of.expression.clone());
        match (
            written.patch_type.as_str(),
            expression(&written.apply_configuration),
            expression(&written.json_patch),
        ) {
            ("ApplyConfiguration", Some(configuration), None) => {
                let path = format!("{path}.applyConfiguration.expression");
                let wanted = [Type::message(OBJECT)];
                let program = compiler.expression(&path, &configuration, &wanted)?;
                let expression = configuration;
                let written = Written {
                    program,
                    expression,
                };
                Some(Mutation::ApplyConfiguration(written, atomic))
            }
            ("JSONPatch", None, Some(patch)) => {
                let path = format!("{path}.jsonPatch.expression");
                let wanted = [Type::list(Type::message(JSON_PATCH))];
                let program = compiler.expression(&path, &patch, &wanted)?;
                Some(Mutation::JsonPatch(Written {
                    program,
                    expression: patch,
                }))
            }
            (other, ..) => {
                compiler.fault(path, mismatch(other, written));
                None
            }
        }
    }

    /// The object with the change applied; nothing if a `test` of a patch says no.
    ///
    /// # Errors
    /// Why the expression has no value, or why the value cannot be applied.
    pub fn apply<'a>(
        &'a self,
        scope: &Scope<'_, 'a>,
        before: &Value,
        catalogue: &Catalogue,
    ) -> Result<Option<Value>, Undecided> {
        self.change(scope, before, catalogue)
            .map_err(|(_, error)| self.undecided(scope, error))
    }

    /// What cannot be applied is for this mutation, where no variable is to blame.
    fn undecided(&self, scope: &Scope<'_, '_>, message: String) -> Undecided {
        let (Mutation::ApplyConfiguration(of, _) | Mutation::JsonPatch(of)) = self;
        let expression = scope.blamed().or(Some(Arc::clone(&of.program.path)));
        Undecided {
            message,
            expression,
        }
    }

    /// As [`Mutation::apply`], with errors told in the words of the API server.
    ///
    /// # Errors
    /// Why the expression has no value, or why the value cannot be applied.
    pub fn apply_natively<'a>(
        &'a self,
        scope: &Scope<'_, 'a>,
        before: &Value,
        catalogue: &Catalogue,
    ) -> Result<Option<Value>, Undecided> {
        let changed = self.change(scope, before, catalogue);
        let worded = |step, error: String| match (step, self) {
            (Step::Evaluate, Mutation::ApplyConfiguration(of, _) | Mutation::JsonPatch(of)) => {
                without_value(&of.expression, &error)
            }
            (Step::Apply, Mutation::ApplyConfiguration(..)) => {
                format!("error applying patch: invalid ApplyConfiguration: {error}")
            }
            (Step::Apply, Mutation::JsonPatch(_)) => format!("JSON Patch: {error}"),
        };
        changed.map_err(|(step, error)| self.undecided(scope, worded(step, error)))
    }

    fn change<'a>(
        &'a self,
        scope: &Scope<'_, 'a>,
        before: &Value,
        catalogue: &Catalogue,
    ) -> Result<Option<Value>, (Step, String)> {
        let (Mutation::ApplyConfiguration(of, _) | Mutation::JsonPatch(of)) = self;
        let value = scope.evaluate(&of.program);
        let value = value.map_err(|error| (Step::Evaluate, error.message))?;
        let changed = match self {
            Mutation::ApplyConfiguration(_, atomic) => mutation::apply_configuration(&value)
                .and_then(|configuration| {
                    apply_configuration::apply(before.clone(), &configuration, *atomic, catalogue)
                        .map(Some)
                        .map_err(|error| error.to_string())
                }),
            Mutation::JsonPatch(_) => {
                mutation::json_patch(&value).and_then(|steps| patched(before, steps))
            }
        };
        changed.map_err(|error| (Step::Apply, error))
    }
}

/// Why the `patchType` of a mutation is not that of what stands beside it.
fn mismatch(patch_type: &str, written: &CelMutation) -> String {
    let field = match patch_type {
        "ApplyConfiguration" => "applyConfiguration",
        "JSONPatch" => "jsonPatch",
        other => {
            return format!("`{other}` is no patchType; expected ApplyConfiguration or JSONPatch");
        }
    };
    match (&written.apply_configuration, &written.json_patch) {
        (Some(_), Some(_)) => {
            "expected applyConfiguration or jsonPatch, and only one of them".to_owned()
        }
        _ => format!(
            "the patchType is {patch_type}: expected an expression in `{field}`, and nothing else"
        ),
    }
}

/// Where a change goes wrong.
enum Step {
    Evaluate,
    Apply,
}

fn patched(before: &Value, steps: Vec<Value>) -> Result<Option<Value>, String> {
    let patch = JsonPatch::from_value(&Value::Array(steps)).map_err(|error| error.to_string())?;
    match patch.apply(before.clone(), JsonPatchOptions::API_SERVER) {
        Ok(after) => Ok(Some(after)),
        Err(PatchError::Differs { .. }) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}
