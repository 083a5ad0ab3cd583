//! Conditions: `{key, operator, value}` of preconditions and deny rules.
//!
//! | operators | family |
//! |---|---|
//! | `Equals`, `Equal`, `NotEquals`, `NotEqual` | `equality` |
//! | `AnyIn`, `AllIn`, `AnyNotIn`, `AllNotIn`, `In`, `NotIn` | `membership` |
//! | `GreaterThan`, `GreaterThanOrEquals`, `LessThan`, `LessThanOrEquals` | `numeric` |
//! | `DurationGreaterThan` and so on | `duration` |
//!
//! The operator's case does not matter when it is looked up, but a numeric or duration operator
//! in another case than its own never holds.

mod duration;
mod equality;
mod fold;
mod json_list;
mod membership;
mod numeric;
mod operand;
mod operator;

use portcullis_values::Val;

pub use fold::{ConditionBlock, Conditions, evaluate_blocks, evaluate_conditions};
pub use operator::Operator;

use operator::Family;

/// Why a condition cannot be decided.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConditionError {
    /// There is no such operator.
    #[error(
        "unknown operator `{0}`: write one of `Equals`, `NotEquals`, `AnyIn`, `AllIn`, \
         `AnyNotIn`, `AllNotIn`, `GreaterThan`, `GreaterThanOrEquals`, `LessThan`, \
         `LessThanOrEquals`"
    )]
    UnknownOperator(String),
    /// `In` and `NotIn` take lists of text only.
    #[error(
        "`{operator}` takes a list of text, but item {index} of the key is `{found}`: use `{instead}`"
    )]
    NotText {
        /// The operator as written in the API.
        operator: &'static str,
        /// Where the item stands.
        index: usize,
        /// The item.
        found: String,
        /// The operator that takes such a list.
        instead: &'static str,
    },
}

/// Whether a condition holds, its key and value being resolved.
///
/// Numbers are told apart as Kyverno does: an integer of the policy is not the same as a float64,
/// and everything that an expression gives is a float64.
///
/// # Errors
/// When `In` or `NotIn` meets a list that is not all text.
pub fn holds(operator: &Operator, key: &Val<'_>, value: &Val<'_>) -> Result<bool, ConditionError> {
    let (plain_key, plain_value) = (operand::plain(key), operand::plain(value));
    let key = plain_key.as_ref().unwrap_or(key);
    let value = plain_value.as_ref().unwrap_or(value);
    Ok(match operator.family() {
        Family::Equality { negated } => equality::holds(negated, key, value),
        Family::Membership(kind) => membership::holds(kind, key, value),
        Family::Subset { negated } => return membership::holds_subset(negated, key, value),
        Family::Numeric(Some(order)) => numeric::holds(order, key, value),
        Family::Duration(Some(order)) => duration::holds(order, key, value),
        Family::Numeric(None) | Family::Duration(None) => false,
    })
}

#[cfg(test)]
mod tests;
