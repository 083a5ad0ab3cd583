//! What the functions of expressions ask of the world, and expressions on one value.

use portcullis_jmespath::{EvalError, Expression, Host};
use portcullis_values::Val;
use serde_json::Value;

use super::query::QueryError;
use super::source::{ContextSource, Lookup};

pub(super) struct World<'s>(pub(super) &'s dyn ContextSource);

impl Host for World<'_> {
    fn now(&self) -> i128 {
        self.0.now()
    }

    fn random(&self) -> u64 {
        self.0.random()
    }

    fn lookup_host(&self, name: &str) -> Result<Vec<std::net::IpAddr>, String> {
        match self.0.resolve_host(name) {
            Lookup::Found(Value::Array(items)) => Ok(items
                .iter()
                .filter_map(|item| item.as_str()?.parse().ok())
                .collect()),
            Lookup::Found(_) | Lookup::NotFound => Err(format!("no such host `{name}`")),
            Lookup::Unavailable => Err(format!("`{name}` cannot be looked up offline")),
            Lookup::Failed(reason) => Err(reason),
        }
    }
}

/// An expression on one value.
///
/// # Errors
/// The expression fails.
pub(crate) fn evaluate_on<'a>(
    expression: &'a Expression,
    value: Val<'a>,
    source: &dyn ContextSource,
) -> Result<Val<'a>, QueryError> {
    expression
        .evaluate(&value, &World(source))
        .map_err(query_error)
}

pub(super) fn query_error(error: EvalError) -> QueryError {
    match error {
        EvalError::NotFound { key, .. } => QueryError::NotFound { key },
        other => QueryError::Runtime {
            reason: other.to_string(),
        },
    }
}
