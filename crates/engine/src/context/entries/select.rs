//! `jmesPath` of an entry.

use std::sync::Arc;

use portcullis_values::Val;
use serde_json::Value;

use super::error::EntryError;
use crate::context::json_context::JsonContext;
use crate::context::query::{Names, Query, QueryError};
use crate::context::variables::Template;
use crate::context::world::evaluate_on;

/// A `jmesPath`: compiled at once when it has no variables.
#[derive(Debug)]
pub(super) enum Select {
    Constant(Query),
    Computed(Template, Arc<Names>),
}

impl Select {
    pub(super) fn compile(path: Option<&str>, names: &Arc<Names>) -> Option<Select> {
        let path = path.filter(|path| !path.is_empty())?;
        let template = Template::compile_text(path, names);
        Some(match template.constant().and_then(Value::as_str) {
            Some(path) => Select::Constant(Query::compile(path, names)),
            None => Select::Computed(template, Arc::clone(names)),
        })
    }

    /// The path applied to a value.
    pub(super) fn apply<'a>(
        &'a self,
        value: Val<'a>,
        context: &JsonContext<'a>,
    ) -> Result<Val<'a>, EntryError> {
        let query = self.get(context)?;
        query
            .program()
            .and_then(|program| evaluate_on(program, value, context.source()))
            .map_err(|reason| failed(query, reason))
    }

    /// The path applied to the whole context.
    pub(super) fn query<'a>(&'a self, context: &JsonContext<'a>) -> Result<Val<'a>, EntryError> {
        let query = self.get(context)?;
        context.query(query).map_err(|reason| failed(query, reason))
    }

    fn get<'a>(&'a self, context: &JsonContext<'a>) -> Result<&'a Query, EntryError> {
        match self {
            Select::Constant(query) => Ok(query),
            Select::Computed(template, names) => {
                let path = template.evaluate_text(context)?;
                Ok(context.store().keep_query(Query::compile(&path, names)))
            }
        }
    }
}

fn failed(query: &Query, reason: QueryError) -> EntryError {
    EntryError::Select {
        path: query.text().to_owned(),
        reason,
    }
}
