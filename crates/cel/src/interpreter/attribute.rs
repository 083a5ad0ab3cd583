//! Variables, fields and indices, and whether they are there.

use std::{ptr, sync::Arc};

use serde_json::Value as Json;

use super::{Local, State, is_cost_limit};
use crate::{
    error::{EvalError, Evaluated},
    library::standard::{element, no_such_key},
    lower::{Attribute, Charge, Root, Step, StepKey, is_qualifier},
    value::{Key, Map, Value},
};

/// What a value has at a field or an index; nothing if it has no such thing.
type Found<'a> = Result<Option<Value<'a>>, Box<EvalError>>;

/// Where in a value an attribute has got to. What stands in JSON is not made a value before the
/// end.
enum Place<'a> {
    Object(&'a Object),
    Json(&'a Json),
    Value(Value<'a>),
}

type Object = serde_json::Map<String, Json>;

/// Where fields were found last, one of each depth: an object and a name are known again by their
/// addresses, which takes less than looking the name up.
#[derive(Default)]
pub(super) struct Trail<'a>([Option<(&'a Object, &'a str, &'a Json)>; 4]);

impl<'a> Trail<'a> {
    fn field(&mut self, depth: usize, object: &'a Object, name: &'a str) -> Option<&'a Json> {
        let Some(last) = self.0.get_mut(depth) else {
            return object.get(name);
        };
        if let Some((known, of, found)) = last
            && ptr::eq(*known, object)
            && ptr::eq(*of, name)
        {
            return Some(found);
        }
        let found = object.get(name)?;
        *last = Some((object, name, found));
        Some(found)
    }
}

impl<'a> Place<'a> {
    fn of(value: &Value<'a>) -> Place<'a> {
        match value {
            Value::Map(Map::Json(object)) => Place::Object(object),
            other => Place::Value(other.clone()),
        }
    }

    fn object(&self) -> Option<&'a Object> {
        match *self {
            Place::Object(object) | Place::Json(Json::Object(object)) => Some(object),
            _ => None,
        }
    }

    fn into_value(self) -> Value<'a> {
        match self {
            Place::Object(object) => Value::Map(Map::Json(object)),
            Place::Json(json) => Value::from(json),
            Place::Value(value) => value,
        }
    }
}

impl<'a, 'v> State<'a, 'v> {
    pub(super) fn attribute(&mut self, attribute: &'a Attribute) -> Evaluated<'a> {
        let value = self.resolve(attribute);
        if let Some(listener) = self.listener
            && let Some(path) = attribute.path(self.names)
        {
            listener.read(&path, &value);
        }
        match attribute.charge {
            Charge::One => self.charge_after(1, &value)?,
            Charge::Nothing => {}
            Charge::OneLess => self.cost = self.cost.saturating_sub(1),
        }
        value
    }

    fn resolve(&mut self, attribute: &'a Attribute) -> Evaluated<'a> {
        match self.root(&attribute.root)? {
            Place::Value(Value::Optional(None)) => Ok(absent(attribute)),
            Place::Value(Value::Optional(Some(held))) => {
                self.steps(attribute, 0, Place::of(&held), true)
            }
            at => match at.object() {
                Some(object) => self.selections(attribute, object),
                None => self.steps(attribute, 0, at, false),
            },
        }
    }

    /// The steps from JSON, which most paths do not leave.
    fn selections(&mut self, attribute: &'a Attribute, mut object: &'a Object) -> Evaluated<'a> {
        for (depth, step) in attribute.steps.iter().enumerate() {
            let (StepKey::Field(field), false) = (&step.key, step.is_optional) else {
                return self.steps(attribute, depth, Place::Object(object), false);
            };
            let Some(found) = self.trail.field(depth, object, field) else {
                return self.missing(step, field);
            };
            self.charge(1)?;
            if step.is_test {
                return Ok(Value::Bool(true));
            }
            object = match found {
                Json::Object(inner) => inner,
                _ if depth + 1 == attribute.steps.len() => return Ok(Value::from(found)),
                _ => return self.steps(attribute, depth + 1, Place::Json(found), false),
            };
        }
        Ok(Value::Map(Map::Json(object)))
    }

    /// The steps from the one at `first` on.
    fn steps(
        &mut self,
        attribute: &'a Attribute,
        first: usize,
        mut at: Place<'a>,
        mut is_optional: bool,
    ) -> Evaluated<'a> {
        for (depth, step) in attribute.steps.iter().enumerate().skip(first) {
            is_optional |= step.is_optional;
            at = match (at.object(), &step.key) {
                (Some(object), StepKey::Field(field)) => {
                    match self.trail.field(depth, object, field) {
                        Some(found) => {
                            self.charge(1)?;
                            if step.is_test {
                                return Ok(Value::Bool(true));
                            }
                            Place::Json(found)
                        }
                        None if is_optional => return Ok(absent(attribute)),
                        None => return self.missing(step, field),
                    }
                }
                _ if is_optional => match self.found(step, &at.into_value())? {
                    Some(found) => Place::Value(found),
                    None => return Ok(absent(attribute)),
                },
                _ => Place::Value(self.step(step, &at.into_value())?),
            };
        }
        if !is_optional {
            return Ok(at.into_value());
        }
        Ok(match attribute.is_test() {
            true => Value::Bool(true),
            false => Value::Optional(Some(Arc::new(at.into_value()))),
        })
    }

    fn root(&mut self, root: &'a Root) -> Result<Place<'a>, Box<EvalError>> {
        let known = match root {
            Root::Variable(slot) => match self.slots.get(*slot) {
                Some(Some(Ok(value))) => Place::of(value),
                _ => Place::of(&self.variable(*slot)?),
            },
            Root::Local(at, _) => match self.locals.get(*at) {
                Some(Local::Known(Ok(value))) => Place::of(value),
                _ => Place::of(&self.local(*at)?),
            },
            Root::Value(node) => Place::Value(self.node(node)?),
        };
        Ok(known)
    }

    /// A field that is not there.
    fn missing(&mut self, step: &'a Step, field: &str) -> Evaluated<'a> {
        self.charge(1)?;
        match step.is_test {
            true => Ok(Value::Bool(false)),
            false => Err(EvalError::no_such_key(field).into()),
        }
    }

    /// A step that must get somewhere. It costs 1 also where it does not.
    fn step(&mut self, step: &'a Step, value: &Value<'a>) -> Evaluated<'a> {
        let result = match &step.key {
            StepKey::Field(field) if step.is_test => {
                set_field_of(value, field).map(|found| Value::Bool(found.is_some()))
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
            StepKey::Field(field) => set_field_of(value, field)?,
            StepKey::Const(index) => at(value, index)?,
            StepKey::Computed(index) => {
                let index = self.node(index)?;
                if !is_qualifier(&index) {
                    let problem = format!("invalid qualifier type: {}", index.runtime_type());
                    return Err(EvalError::new(problem).into());
                }
                at(value, &index)?
            }
        };
        if found.is_some() {
            self.charge(1)?;
        }
        Ok(found)
    }

    pub(super) fn name(&self, slot: usize) -> &'v str {
        self.names.get(slot).map_or("", |name| &**name)
    }

    pub(super) fn variable(&mut self, slot: usize) -> Evaluated<'a> {
        if let Some(Some(known)) = self.slots.get(slot) {
            return known.clone();
        }
        let name = self.name(slot);
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

/// A field that is set, for `has` and for optional access.
fn set_field_of<'a>(value: &Value<'a>, field: &str) -> Found<'a> {
    match value {
        Value::Opaque(of) if !of.has(field) => Ok(None),
        value => field_of(value, field),
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
