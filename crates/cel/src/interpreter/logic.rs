//! Operators that may do without an operand, and optionals.

use super::{State, is_cost_limit};
use crate::{
    error::{EvalError, Evaluated},
    lower::Node,
    value::Value,
};

impl<'a> State<'a, '_> {
    pub(super) fn and(&mut self, operands: &'a [Node; 2]) -> Evaluated<'a> {
        let [left, right] = operands;
        match self.node(left) {
            Ok(Value::Bool(false)) => Ok(Value::Bool(false)),
            Ok(Value::Bool(true)) => match self.node(right)? {
                Value::Bool(flag) => Ok(Value::Bool(flag)),
                _ => Err(EvalError::no_such_overload().into()),
            },
            left => self.despite(left, right, false),
        }
    }

    pub(super) fn or(&mut self, operands: &'a [Node; 2]) -> Evaluated<'a> {
        let [left, right] = operands;
        match self.node(left) {
            Ok(Value::Bool(true)) => Ok(Value::Bool(true)),
            Ok(Value::Bool(false)) => match self.node(right)? {
                Value::Bool(flag) => Ok(Value::Bool(flag)),
                _ => Err(EvalError::no_such_overload().into()),
            },
            left => self.despite(left, right, true),
        }
    }

    /// The left operand has no value: the right one may decide all the same.
    fn despite(&mut self, left: Evaluated<'a>, right: &'a Node, decides: bool) -> Evaluated<'a> {
        if is_cost_limit(&left) {
            return left;
        }
        match (left, self.node(right)) {
            (_, Ok(Value::Bool(flag))) if flag == decides => Ok(Value::Bool(flag)),
            (_, limit) if is_cost_limit(&limit) => limit,
            (Err(error), _) | (Ok(_), Err(error)) => Err(error),
            (Ok(_), Ok(_)) => Err(EvalError::no_such_overload().into()),
        }
    }

    pub(super) fn not(&mut self, operand: &'a Node) -> Evaluated<'a> {
        let operand = self.node(operand);
        self.charge_after(1, &operand)?;
        match operand? {
            Value::Bool(flag) => Ok(Value::Bool(!flag)),
            _ => Err(EvalError::no_such_overload().into()),
        }
    }

    pub(super) fn not_strictly_false(&mut self, operand: &'a Node) -> Evaluated<'a> {
        let operand = self.node(operand);
        if is_cost_limit(&operand) {
            return operand;
        }
        self.charge(1)?;
        Ok(Value::Bool(!matches!(operand, Ok(Value::Bool(false)))))
    }

    pub(super) fn conditional(&mut self, parts: &'a [Node; 3]) -> Evaluated<'a> {
        let [condition, then, otherwise] = parts;
        match self.node(condition)? {
            Value::Bool(true) => self.node(then),
            Value::Bool(false) => self.node(otherwise),
            _ => Err(EvalError::no_such_overload().into()),
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

    /// Kyverno's `a.orValue(b)`: `b` where `a` is an empty optional or has no value.
    pub(super) fn or_else(&mut self, operands: &'a [Node; 2]) -> Evaluated<'a> {
        let [value, other] = operands;
        let value = self.node(value);
        if is_cost_limit(&value) {
            return value;
        }
        let other = self.node(other);
        self.charge_after(1, &other)?;
        match value {
            _ if is_cost_limit(&other) => other,
            Ok(Value::Optional(Some(held))) => Ok((*held).clone()),
            Ok(Value::Optional(None)) | Err(_) => other,
            Ok(value) => Ok(value),
        }
    }
}
