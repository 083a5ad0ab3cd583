//! Fields, indices, and whether they are there.

use std::sync::Arc;

use super::State;
use crate::{
    error::{EvalError, EvalErrorKind, Evaluated},
    library::standard::{element, no_such_key},
    lower::Node,
    value::{Key, Value},
};

/// What a value has at a field or an index; nothing if it has no such thing.
type Found<'a> = Result<Option<Value<'a>>, Box<EvalError>>;

impl<'a> State<'a, '_> {
    /// The value that a step goes from, and what it costs to begin there.
    fn operand(&mut self, operand: &'a Node, is_attribute: bool) -> Evaluated<'a> {
        let value = self.node(operand);
        if !is_attribute {
            match &value {
                Err(error) if error.kind == EvalErrorKind::CostLimit => {}
                _ => self.charge(1)?,
            }
        }
        value
    }

    pub(super) fn select(
        &mut self,
        operand: &'a Node,
        field: &'a str,
        is_attribute: bool,
    ) -> Evaluated<'a> {
        let value = self.operand(operand, is_attribute)?;
        if let Value::Optional(held) = &value {
            return self.inside(held.as_deref(), |value| field_of(value, field));
        }
        self.charge(1)?;
        field_of(&value, field)?.ok_or_else(|| EvalError::no_such_key(field).into())
    }

    pub(super) fn optional_select(
        &mut self,
        operand: &'a Node,
        field: &'a str,
        is_attribute: bool,
    ) -> Evaluated<'a> {
        match self.operand(operand, is_attribute)? {
            Value::Optional(held) => self.inside(held.as_deref(), |value| field_of(value, field)),
            value => self.inside(Some(&value), |value| field_of(value, field)),
        }
    }

    /// A step from what an optional holds: it gives an optional again, and costs only if it gets
    /// somewhere.
    fn inside(
        &mut self,
        held: Option<&Value<'a>>,
        step: impl FnOnce(&Value<'a>) -> Found<'a>,
    ) -> Evaluated<'a> {
        let Some(held) = held else {
            return Ok(Value::Optional(None));
        };
        let found = step(held)?;
        if found.is_some() {
            self.charge(1)?;
        }
        Ok(Value::Optional(found.map(Arc::new)))
    }

    pub(super) fn has(
        &mut self,
        operand: &'a Node,
        field: &'a str,
        is_attribute: bool,
    ) -> Evaluated<'a> {
        let value = self.operand(operand, is_attribute)?;
        let value = match &value {
            Value::Optional(None) => return Ok(Value::Bool(false)),
            Value::Optional(Some(held)) => held,
            value => value,
        };
        Ok(Value::Bool(field_of(value, field)?.is_some()))
    }

    pub(super) fn index(
        &mut self,
        operand: &'a Node,
        index: &'a Node,
        optional: bool,
        is_attribute: bool,
    ) -> Evaluated<'a> {
        let value = self.operand(operand, is_attribute)?;
        let index = self.unbegun(index)?;
        match &value {
            Value::Optional(held) => self.inside(held.as_deref(), |value| at(value, &index)),
            value if optional => self.inside(Some(value), |value| at(value, &index)),
            Value::List(list) => {
                self.charge(1)?;
                element(list, &index)
            }
            value => {
                self.charge(1)?;
                at(value, &index)?.ok_or_else(|| no_such_key(&index))
            }
        }
    }
}

fn field_of<'a>(value: &Value<'a>, field: &str) -> Found<'a> {
    match value {
        Value::Map(map) => Ok(map.field(field)),
        Value::Struct(of) => Ok(of.fields.get(field).cloned()),
        Value::List(_) => {
            let problem = "unsupported index type 'string' in list";
            Err(EvalError::new(problem).into())
        }
        Value::Opaque(of) => Ok(of.field(field)),
        _ => Ok(None),
    }
}

fn at<'a>(value: &Value<'a>, index: &Value<'a>) -> Found<'a> {
    match value {
        Value::Map(map) => Ok(Key::of(index).and_then(|key| map.get(&key))),
        Value::List(list) => match Key::of(index) {
            Some(Key::Int(at)) => Ok(usize::try_from(at).ok().and_then(|at| list.get(at))),
            Some(Key::UInt(at)) => Ok(usize::try_from(at).ok().and_then(|at| list.get(at))),
            _ => element(list, index).map(Some),
        },
        Value::Struct(_) | Value::Opaque(_) => match index {
            Value::String(field) => field_of(value, field),
            _ => Ok(None),
        },
        _ => Ok(None),
    }
}
