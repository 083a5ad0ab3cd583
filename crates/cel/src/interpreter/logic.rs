//! Operators that may do without an operand, and optionals.

use super::State;
use crate::{
    error::{EvalError, EvalErrorKind, Evaluated},
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
        if matches!(&left, Err(error) if error.kind == EvalErrorKind::CostLimit) {
            return left;
        }
        match (left, self.node(right)) {
            (_, Ok(Value::Bool(flag))) if flag == decides => Ok(Value::Bool(flag)),
            (_, Err(error)) if error.kind == EvalErrorKind::CostLimit => Err(error),
            (Err(error), _) | (Ok(_), Err(error)) => Err(error),
            (Ok(_), Ok(_)) => Err(EvalError::no_such_overload().into()),
        }
    }

    pub(super) fn not(&mut self, operand: &'a Node) -> Evaluated<'a> {
        let operand = self.node(operand);
        self.charge_after(&operand)?;
        match operand? {
            Value::Bool(flag) => Ok(Value::Bool(!flag)),
            _ => Err(EvalError::no_such_overload().into()),
        }
    }

    pub(super) fn not_strictly_false(&mut self, operand: &'a Node) -> Evaluated<'a> {
        let operand = self.node(operand);
        if matches!(&operand, Err(error) if error.kind == EvalErrorKind::CostLimit) {
            return operand;
        }
        self.charge(1)?;
        Ok(Value::Bool(!matches!(operand, Ok(Value::Bool(false)))))
    }

    /// A call costs 1, also where its operand has no value.
    fn charge_after(&mut self, operand: &Evaluated<'a>) -> Result<(), Box<EvalError>> {
        match operand {
            Err(error) if error.kind == EvalErrorKind::CostLimit => Ok(()),
            _ => self.charge(1),
        }
    }

    pub(super) fn conditional(&mut self, parts: &'a [Node; 3]) -> Evaluated<'a> {
        let [condition, then, otherwise] = parts;
        match self.node(condition)? {
            Value::Bool(true) => self.unbegun(then),
            Value::Bool(false) => self.unbegun(otherwise),
            _ => Err(EvalError::no_such_overload().into()),
        }
    }

    /// A branch of `?:` or an index: that it begins at a variable costs nothing, as cel-go makes it a
    /// part of the attribute around it.
    pub(super) fn unbegun(&mut self, node: &'a Node) -> Evaluated<'a> {
        let value = self.node(node);
        if node.begins_attribute() {
            self.cost = self.cost.saturating_sub(1);
        }
        value
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
        let other = self.node(other);
        for operand in [&value, &other] {
            if let Err(error) = operand
                && error.kind == EvalErrorKind::CostLimit
            {
                return Err(error.clone());
            }
        }
        self.charge(1)?;
        match value {
            Ok(Value::Optional(Some(held))) => Ok((*held).clone()),
            Ok(Value::Optional(None)) | Err(_) => other,
            Ok(value) => Ok(value),
        }
    }
}
