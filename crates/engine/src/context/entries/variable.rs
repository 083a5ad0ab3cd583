//! `variable: {value, jmesPath, default}`: a value of the policy, or of what is known already.

use portcullis_values::Val;

use super::error::EntryError;
use super::select::Select;
use crate::context::json_context::JsonContext;
use crate::context::variables::Template;

#[derive(Debug)]
pub(super) struct Variable {
    pub(super) value: Option<Template>,
    pub(super) select: Option<Select>,
    pub(super) default: Option<Template>,
}

impl Variable {
    /// The value; a default takes the place of an error and of nothing.
    pub(super) fn load<'a>(
        &'a self,
        name: &str,
        context: &JsonContext<'a>,
    ) -> Result<Val<'a>, EntryError> {
        let default = match &self.default {
            Some(default) => default.evaluate(context)?,
            None => Val::Null,
        };
        let outcome = match (&self.value, &self.select) {
            (Some(value), None) => return not_nil(value.evaluate(context)?, name),
            (Some(value), Some(select)) => select.apply(value.evaluate(context)?, context),
            (None, Some(select)) => match select.query(context) {
                Ok(Val::Null) => Ok(default.clone()),
                other => other,
            },
            (None, None) => Ok(default.clone()),
        };
        match outcome {
            Ok(value) => not_nil(value, name),
            Err(_) if !default.is_null() => Ok(default),
            Err(error) => Err(error),
        }
    }
}

fn not_nil<'a>(value: Val<'a>, name: &str) -> Result<Val<'a>, EntryError> {
    if value.is_null() {
        let name = name.to_owned();
        return Err(EntryError::Nil { name });
    }
    Ok(value)
}
