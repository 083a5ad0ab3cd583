//! Variables, fields and indices, and whether they are there.

use std::sync::Arc;

use super::{Local, State, is_cost_limit};
use crate::{
    error::{EvalError, Evaluated},
    library::standard::{element, no_such_key},
    lower::{Attribute, Charge, Root, Step, StepKey},
    value::{Key, Value},
};

/// What a value has at a field or an index; nothing if it has no such thing.
type Found<'a> = Result<Option<Value<'a>>, Box<EvalError>>;

impl<'a> State<'a, '_> {
    pub(super) fn attribute(&mut self, attribute: &'a Attribute) -> Evaluated<'a> {
        let value = self.resolve(attribute);
        match attribute.charge {
            Charge::One => self.charge_after(1, &value)?,
            Charge::Nothing => {}
            Charge::OneLess => self.cost = self.cost.saturating_sub(1),
        }
        value
    }

    fn resolve(&mut self, attribute: &'a Attribute) -> Evaluated<'a> {
        let mut value = match &attribute.root {
            Root::Variable(slot) => self.variable(*slot)?,
            Root::Local(at) => self.local(*at)?,
            Root::Value(node) => self.node(node)?,
        };
        let mut is_optional = false;
        if let Value::Optional(held) = value {
            match held {
                Some(held) => value = Arc::unwrap_or_clone(held),
                None => return Ok(absent(attribute)),
            }
            is_optional = true;
        }
        for step in &attribute.steps {
            is_optional |= step.is_optional;
            if is_optional {
                match self.found(step, &value)? {
                    Some(found) => value = found,
                    None => return Ok(absent(attribute)),
                }
            } else {
                value = self.step(step, &value)?;
            }
        }
        if !is_optional {
            return Ok(value);
        }
        Ok(match attribute.is_test() {
            true => Value::Bool(true),
            false => Value::Optional(Some(Arc::new(value))),
        })
    }

    /// A step that must get somewhere. It costs 1 also where it does not.
    fn step(&mut self, step: &'a Step, value: &Value<'a>) -> Evaluated<'a> {
        let result = match &step.key {
            StepKey::Field(field) if step.is_test => {
                field_of(value, field).map(|found| Value::Bool(found.is_some()))
            }
            StepKey::Field(field) => field_of(value, field)
                .and_then(|found| found.ok_or_else(|| EvalError::no_such_key(field).into())),
            StepKey::Const(index) => index_of(value, index),
            StepKey::Computed(index) => match self.node(index) {
                Ok(index) => index_of(value, &index),
                limit if is_cost_limit(&limit) => return limit,
                failed => failed,
            },
        };
        self.charge(1)?;
        result
    }

    /// A step from what an optional holds: it costs only if it gets somewhere.
    fn found(&mut self, step: &'a Step, value: &Value<'a>) -> Found<'a> {
        let found = match &step.key {
            StepKey::Field(field) => field_of(value, field)?,
            StepKey::Const(index) => at(value, index)?,
            StepKey::Computed(index) => {
                let index = self.node(index)?;
                at(value, &index)?
            }
        };
        if found.is_some() {
            self.charge(1)?;
        }
        Ok(found)
    }

    pub(super) fn variable(&mut self, slot: usize) -> Evaluated<'a> {
        if let Some(Some(known)) = self.slots.get(slot) {
            return known.clone();
        }
        let name = self.names.get(slot).map_or("", |name| &**name);
        let value = self
            .variables
            .get(name)
            .unwrap_or_else(|| Err(EvalError::new(format!("no such attribute(s): {name}")).into()));
        if let Some(slot) = self.slots.get_mut(slot) {
            *slot = Some(value.clone());
        }
        value
    }

    /// The value of a name of a loop or of `cel.bind`, which is computed when it is first read.
    pub(super) fn local(&mut self, at: usize) -> Evaluated<'a> {
        let waiting = match self.locals.get(at) {
            Some(Local::Known(value)) => return value.clone(),
            Some(Local::Waiting(node)) => *node,
            None => return Err(EvalError::no_such_overload().into()),
        };
        // The value is computed as if the names below it were not there.
        let above = self.locals.split_off(at);
        let value = self.node(waiting);
        self.locals.truncate(at);
        self.locals.extend(above);
        if let Some(slot) = self.locals.get_mut(at) {
            *slot = Local::Known(value.clone());
        }
        value
    }
}

/// What an attribute gives that ends at an optional without a value.
fn absent<'a>(attribute: &Attribute) -> Value<'a> {
    match attribute.is_test() {
        true => Value::Bool(false),
        false => Value::Optional(None),
    }
}

fn index_of<'a>(value: &Value<'a>, index: &Value<'a>) -> Evaluated<'a> {
    match value {
        Value::List(list) => element(list, index),
        value => at(value, index)?.ok_or_else(|| no_such_key(index)),
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
