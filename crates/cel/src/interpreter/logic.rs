//! What is true or false, operators that may do without an operand, and optionals.

use super::{State, is_cost_limit};
use crate::{
    effort,
    error::{EvalError, Evaluated},
    lower::{Comparison, Node},
    value::Value,
};

/// What a condition gives.
pub(super) type Truth = Result<bool, Box<EvalError>>;

impl<'a> State<'a, '_> {
    /// The value of a node that must be true or false.
    pub(super) fn truth(&mut self, node: &'a Node) -> Truth {
        match node {
            Node::And(operands) => self.and(operands),
            Node::Or(operands) => self.or(operands),
            Node::Not(operand) => self.not(operand),
            Node::NotStrictlyFalse(operand) => self.not_strictly_false(operand),
            Node::Compare(comparison, operands) => self.compare(*comparison, operands),
            Node::InSet { value, set } => {
                let value = self.node(value)?;
                Ok(set.contains(&value))
            }
            other => match self.node(other)? {
                Value::Bool(flag) => Ok(flag),
                _ => Err(EvalError::no_such_overload().into()),
            },
        }
    }

    pub(super) fn and(&mut self, operands: &'a [Node; 2]) -> Truth {
        let [left, right] = operands;
        match self.truth(left) {
            Ok(false) => Ok(false),
            Ok(true) => self.truth(right),
            Err(error) => self.despite(error, right, false),
        }
    }

    pub(super) fn or(&mut self, operands: &'a [Node; 2]) -> Truth {
        let [left, right] = operands;
        match self.truth(left) {
            Ok(true) => Ok(true),
            Ok(false) => self.truth(right),
            Err(error) => self.despite(error, right, true),
        }
    }

    /// The left operand has no value: the right one may decide all the same.
    fn despite(&mut self, left: Box<EvalError>, right: &'a Node, decides: bool) -> Truth {
        let left = Err(left);
        if is_cost_limit(&left) {
            return left;
        }
        match self.truth(right) {
            Ok(flag) if flag == decides => Ok(flag),
            limit if is_cost_limit(&limit) => limit,
            _ => left,
        }
    }

    pub(super) fn not(&mut self, operand: &'a Node) -> Truth {
        let operand = self.truth(operand);
        self.charge_after(1, &operand)?;
        operand.map(|flag| !flag)
    }

    pub(super) fn not_strictly_false(&mut self, operand: &'a Node) -> Truth {
        let operand = self.truth(operand);
        if is_cost_limit(&operand) {
            return operand;
        }
        self.charge(1)?;
        Ok(!matches!(operand, Ok(false)))
    }

    pub(super) fn compare(&mut self, comparison: Comparison, operands: &'a [Node; 2]) -> Truth {
        let equal = match operands {
            [left, Node::Const(right)] => {
                let left = self.node(left)?;
                self.charge(cost_of_comparison(&left, right))?;
                equal(comparison, &left, right)?
            }
            [left, right] => {
                let left = self.node(left)?;
                let right = self.node(right);
                let shown = right.as_ref().unwrap_or(&Value::Null);
                self.charge_after(cost_of_comparison(&left, shown), &right)?;
                equal(comparison, &left, &right?)?
            }
        };
        effort::check()?;
        Ok(equal == (comparison == Comparison::Equals))
    }

    pub(super) fn conditional(&mut self, parts: &'a [Node; 3]) -> Evaluated<'a> {
        let [condition, then, otherwise] = parts;
        match self.truth(condition)? {
            true => self.node(then),
            false => self.node(otherwise),
        }
    }

    /// `a.or(b)`: `b` is evaluated only where it is needed.
    pub(super) fn optional_or(&mut self, operands: &'a [Node; 2]) -> Evaluated<'a> {
        let [optional, other] = operands;
        match self.node(optional)? {
            Value::Optional(None) => self.node(other),
            optional @ Value::Optional(Some(_)) => Ok(optional),
            _ => Err(EvalError::no_such_overload().into()),
        }
    }

    pub(super) fn optional_or_value(&mut self, operands: &'a [Node; 2]) -> Evaluated<'a> {
        let [optional, other] = operands;
        match self.node(optional)? {
            Value::Optional(None) => self.node(other),
            Value::Optional(Some(value)) => Ok((*value).clone()),
            _ => Err(EvalError::no_such_overload().into()),
        }
    }
}

/// Whether two values are equal. Some values refuse to be asked whether they equal one of another type;
/// that they differ can always be said.
fn equal(comparison: Comparison, left: &Value<'_>, right: &Value<'_>) -> Truth {
    if let Value::Opaque(own) = left
        && own.equals_only_its_type()
        && comparison == Comparison::Equals
        && !matches!(right, Value::Null)
        && right.runtime_type() != own.type_of().runtime_name()
    {
        return Err(EvalError::no_such_overload().into());
    }
    Ok(left == right)
}

/// Comparing costs a tenth of the shorter side, rounded up, where both have a size.
fn cost_of_comparison(left: &Value<'_>, right: &Value<'_>) -> u64 {
    match (left, right) {
        (
            Value::Bool(_) | Value::Int(_) | Value::Null,
            Value::Bool(_) | Value::Int(_) | Value::Null,
        ) => 1,
        (left, right) => crate::library::standard::of_shorter_side(left, right),
    }
}
