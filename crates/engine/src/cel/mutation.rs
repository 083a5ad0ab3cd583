//! `mutations`: expressions that change an object.

use portcullis_api::mutating_policy::{CelMutation, PatchExpression};
use portcullis_cel::{
    environment::{JSON_PATCH, OBJECT},
    mutation,
    program::Program,
    types::Type,
};
use portcullis_schema::Catalogue;
use serde_json::Value;

use super::{compiler::Compiler, scope::Scope};
use crate::patch::{JsonPatch, JsonPatchOptions, PatchError, apply_configuration};

/// One change.
#[derive(Debug)]
pub enum Mutation {
    /// Part of an object, which is merged into it by the structure of its kind.
    ApplyConfiguration(Program),
    /// Operations of a JSON patch.
    JsonPatch(Program),
}

/// Makes mutations ready; what is wrong with them is kept by the compiler.
pub fn compile(compiler: &mut Compiler, written: &[CelMutation]) -> Vec<Mutation> {
    let written = written.iter().enumerate();
    written
        .filter_map(|(index, written)| Mutation::compile(compiler, index, written))
        .collect()
}

impl Mutation {
    fn compile(compiler: &mut Compiler, index: usize, written: &CelMutation) -> Option<Mutation> {
        let path = format!("spec.mutations[{index}]");
        let expression =
            |of: &Option<PatchExpression>| of.as_ref().and_then(|of| of.expression.clone());
        match (
            expression(&written.apply_configuration),
            expression(&written.json_patch),
        ) {
            (Some(configuration), None) => {
                let path = format!("{path}.applyConfiguration.expression");
                let wanted = [Type::message(OBJECT)];
                let program = compiler.expression(&path, &configuration, &wanted)?;
                Some(Mutation::ApplyConfiguration(program))
            }
            (None, Some(patch)) => {
                let path = format!("{path}.jsonPatch.expression");
                let wanted = [Type::list(Type::message(JSON_PATCH))];
                let program = compiler.expression(&path, &patch, &wanted)?;
                Some(Mutation::JsonPatch(program))
            }
            _ => {
                let problem = "expected applyConfiguration or jsonPatch, and only one of them";
                compiler.fault(path, problem.to_owned());
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
    ) -> Result<Option<Value>, String> {
        match self {
            Mutation::ApplyConfiguration(program) => {
                let value = scope.evaluate(program).map_err(|error| error.message)?;
                let configuration = mutation::apply_configuration(&value)?;
                apply_configuration::apply(before.clone(), &configuration, catalogue)
                    .map(Some)
                    .map_err(|error| error.to_string())
            }
            Mutation::JsonPatch(program) => {
                let value = scope.evaluate(program).map_err(|error| error.message)?;
                patched(before, mutation::json_patch(&value)?)
            }
        }
    }
}

fn patched(before: &Value, steps: Vec<Value>) -> Result<Option<Value>, String> {
    let patch = JsonPatch::from_value(&Value::Array(steps)).map_err(|error| error.to_string())?;
    match patch.apply(before.clone(), JsonPatchOptions::STRICT) {
        Ok(after) => Ok(Some(after)),
        Err(PatchError::Operation {
            operation: "test", ..
        }) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}
