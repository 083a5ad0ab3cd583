//! Applies operations to a document.

use portcullis_values::json_pointer;
use serde_json::{Map, Number, Value};

use super::{JsonPatchOptions, Operation};
use crate::patch::error::PatchError;
use crate::patch::pointer;

/// How far behind the end of a list a value may be added; the places between become null.
const MAX_PADDING: usize = 10_000;

/// Why an operation does not fit.
type Problem = String;

/// Why a patch ends at an operation.
enum End {
    /// It does not fit.
    Unfit(Problem),
    /// It is a `test` that finds something else.
    Differs(Problem),
}

impl From<Problem> for End {
    fn from(problem: Problem) -> End {
        End::Unfit(problem)
    }
}

pub(super) fn apply(
    operations: &[Operation],
    document: Value,
    options: JsonPatchOptions,
) -> Result<Value, PatchError> {
    let mut patched = Patched { document, options };
    for operation in operations {
        let (word, path) = operation.named();
        patched.step(operation).map_err(|end| match end {
            End::Unfit(problem) => PatchError::Operation {
                operation: word,
                path: path.to_owned(),
                problem,
            },
            End::Differs(problem) => PatchError::Differs {
                path: path.to_owned(),
                problem,
            },
        })?;
    }
    Ok(patched.document)
}

impl Operation {
    fn named(&self) -> (&'static str, &str) {
        match self {
            Operation::Add { path, .. } => ("add", path),
            Operation::Remove { path } => ("remove", path),
            Operation::Replace { path, .. } => ("replace", path),
            Operation::Move { path, .. } => ("move", path),
            Operation::Copy { path, .. } => ("copy", path),
            Operation::Test { path, .. } => ("test", path),
        }
    }
}

struct Patched {
    document: Value,
    options: JsonPatchOptions,
}

/// What stands before the last step of a path.
enum Place<'d> {
    /// A map or list, and the last step.
    Inside(&'d mut Value, String),
    /// A path that goes through an empty key: what is changed there is lost, as Kyverno has it.
    Lost,
    /// Nothing.
    Missing,
}

impl Patched {
    fn step(&mut self, operation: &Operation) -> Result<(), End> {
        match operation {
            Operation::Add { path, value } if path.is_empty() => self.replace_all(value)?,
            Operation::Add { path, value } => {
                if self.options.make_path {
                    self.make_path(path)?;
                }
                self.add(path, value.clone())?;
            }
            Operation::Remove { path } => self.remove(path, self.options.remove_missing)?,
            Operation::Replace { path, value } if path.is_empty() => self.replace_all(value)?,
            Operation::Replace { path, value } => self.replace(path, value)?,
            Operation::Move { from, path } => {
                let value = self.value_at(from)?;
                self.remove(from, false)?;
                self.add(path, value)?;
            }
            Operation::Copy { from, path } => {
                let lacking_is_null = self.options.lacking_is_null;
                let value = match self.place(from) {
                    Place::Inside(Value::Object(map), key)
                        if lacking_is_null && !map.contains_key(&key) =>
                    {
                        Value::Null
                    }
                    _ => self.value_at(from)?,
                };
                self.add(path, value)?;
            }
            Operation::Test { path, value } => return self.test(path, value),
        }
        Ok(())
    }

    fn replace_all(&mut self, value: &Value) -> Result<(), Problem> {
        if !is_container(value) {
            let found = pointer::type_name(value);
            return Err(format!("the whole object cannot become {found}"));
        }
        self.document = value.clone();
        Ok(())
    }

    fn place(&mut self, path: &str) -> Place<'_> {
        let Some((parents, last)) = path.rsplit_once('/') else {
            return Place::Missing;
        };
        let negative = self.options.negative_indices;
        let mut current = &mut self.document;
        for step in parents.split('/').skip(1) {
            if step.is_empty() && current.is_object() {
                return Place::Lost;
            }
            match child(current, &json_pointer::unescape(step), negative) {
                Some(next) if is_container(next) => current = next,
                _ => return Place::Missing,
            }
        }
        Place::Inside(current, json_pointer::unescape(last))
    }

    fn add(&mut self, path: &str, value: Value) -> Result<(), Problem> {
        let negative = self.options.negative_indices;
        match self.place(path) {
            Place::Inside(Value::Object(map), key) => {
                map.insert(key, value);
                Ok(())
            }
            Place::Inside(Value::Array(list), key) => insert(list, &key, value, negative),
            Place::Inside(..) | Place::Missing => Err(nothing_around(path)),
            Place::Lost => Ok(()),
        }
    }

    fn remove(&mut self, path: &str, missing_is_fine: bool) -> Result<(), Problem> {
        let negative = self.options.negative_indices;
        let gone = match self.place(path) {
            Place::Inside(Value::Object(map), key) => map.remove(&key),
            Place::Inside(Value::Array(list), key) => {
                let index = pointer::number(&key).ok_or_else(|| not_an_index(&key))?;
                position(index, list.len(), negative).map(|index| list.remove(index))
            }
            Place::Inside(..) | Place::Missing => None,
            Place::Lost => return Ok(()),
        };
        if gone.is_none() && !missing_is_fine {
            return Err("there is nothing to remove".to_owned());
        }
        Ok(())
    }

    fn replace(&mut self, path: &str, value: &Value) -> Result<(), Problem> {
        let negative = self.options.negative_indices;
        let lacking_is_null = self.options.lacking_is_null;
        match self.place(path) {
            Place::Inside(Value::Object(map), key) if lacking_is_null => {
                map.insert(key, value.clone());
            }
            Place::Inside(container, key) => match child(container, &key, negative) {
                Some(place) => *place = value.clone(),
                None => return Err("there is nothing to replace".to_owned()),
            },
            Place::Missing => return Err(nothing_around(path)),
            Place::Lost => {}
        }
        Ok(())
    }

    fn test(&mut self, path: &str, value: &Value) -> Result<(), End> {
        let lacking_is_null = self.options.lacking_is_null;
        let found = match path {
            "" | "/" => self.document.clone(),
            _ if lacking_is_null && self.lacks(path) => Value::Null,
            _ => match self.value_at(path) {
                Ok(found) => found,
                Err(_) if value.is_null() && !lacking_is_null => return Ok(()),
                Err(problem) => return Err(End::Unfit(problem)),
            },
        };
        // The API server takes null for nothing, which is not even null, and writes 1.0 as 1.
        let is_same = match lacking_is_null {
            true => !found.is_null() && is_alike(&found, value),
            false => &found == value,
        };
        match is_same {
            true => Ok(()),
            false => Err(End::Differs(format!("found {found}, expected {value}"))),
        }
    }

    /// Whether a path ends in a key that its map does not have.
    fn lacks(&mut self, path: &str) -> bool {
        matches!(self.place(path), Place::Inside(Value::Object(map), key) if !map.contains_key(&key))
    }

    fn value_at(&mut self, path: &str) -> Result<Value, Problem> {
        let negative = self.options.negative_indices;
        match self.place(path) {
            Place::Inside(container, key) => {
                let is_list = container.is_array();
                match child(container, &key, negative) {
                    Some(value) => Ok(value.clone()),
                    None if is_list && pointer::number(&key).is_none() => Err(not_an_index(&key)),
                    None => Err(format!("there is nothing at {path}")),
                }
            }
            Place::Missing | Place::Lost => Err(format!("there is nothing at {path}")),
        }
    }

    /// Makes the maps and lists before the last step of a path. A list is made where the step after
    /// it is a number or `-`.
    fn make_path(&mut self, path: &str) -> Result<(), Problem> {
        let negative = self.options.negative_indices;
        let steps: Vec<&str> = path.split('/').skip(1).collect();
        let mut current = &mut self.document;
        for (number, step) in steps.iter().enumerate() {
            let Some(following) = steps.get(number + 1) else {
                break;
            };
            if step.is_empty() && current.is_object() {
                break;
            }
            let step = json_pointer::unescape(step);
            let exists = child(current, &step, negative).is_some_and(|value| !value.is_null());
            if !exists && !make(current, &step, following, negative)? {
                break;
            }
            current = match child(current, &step, negative) {
                Some(next) if is_container(next) => next,
                Some(other) => {
                    let found = pointer::type_name(other);
                    return Err(format!("`{step}` is {found}, so that nothing fits into it"));
                }
                None => break,
            };
        }
        Ok(())
    }
}

/// Makes a map or list at a step; false when the step does not fit.
fn make(current: &mut Value, step: &str, following: &str, negative: bool) -> Result<bool, Problem> {
    let made = match (following, pointer::number(following)) {
        ("-", _) => Value::Array(Vec::new()),
        (_, Some(index)) if index < -1 => {
            return Err(format!(
                "the index {index} is before the start of a new list"
            ));
        }
        (_, Some(index)) => Value::Array(padding(index.max(0))?),
        _ => Value::Object(Map::new()),
    };
    match current {
        Value::Object(map) => {
            map.insert(step.to_owned(), made);
            Ok(true)
        }
        Value::Array(list) => {
            if let Some(index) = pointer::number(step) {
                let missing = usize::try_from(index)
                    .unwrap_or(0)
                    .saturating_sub(list.len());
                list.extend(padding(i64::try_from(missing).unwrap_or(i64::MAX))?);
            }
            Ok(insert(list, step, made, negative).is_ok())
        }
        _ => Ok(false),
    }
}

fn padding(length: i64) -> Result<Vec<Value>, Problem> {
    match usize::try_from(length) {
        Ok(length) if length <= MAX_PADDING => Ok(vec![Value::Null; length]),
        _ => Err(format!(
            "the index {length} is more than {MAX_PADDING} places behind the end of the list"
        )),
    }
}

/// Puts a value before an index, or after the end.
fn insert(list: &mut Vec<Value>, step: &str, value: Value, negative: bool) -> Result<(), Problem> {
    if step == "-" {
        list.push(value);
        return Ok(());
    }
    let index = pointer::number(step).ok_or_else(|| not_an_index(step))?;
    match position(index, list.len() + 1, negative) {
        Some(index) => {
            list.insert(index, value);
            Ok(())
        }
        None => Err(format!(
            "the index {index} is outside of a list of {}",
            list.len()
        )),
    }
}

fn child<'v>(value: &'v mut Value, step: &str, negative: bool) -> Option<&'v mut Value> {
    match value {
        Value::Object(map) => map.get_mut(step),
        Value::Array(list) => {
            let index = position(pointer::number(step)?, list.len(), negative)?;
            list.get_mut(index)
        }
        _ => None,
    }
}

/// An index of a list of a length; a negative one counts from the end.
fn position(index: i64, length: usize, negative: bool) -> Option<usize> {
    let index = if index < 0 && negative {
        i64::try_from(length).ok()? + index
    } else {
        index
    };
    usize::try_from(index).ok().filter(|index| *index < length)
}

/// Whether two values are the same, where numbers are by what they count.
fn is_alike(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            let is_whole = |number: &Number| number.is_i64() || number.is_u64();
            match is_whole(one) && is_whole(other) {
                true => one == other,
                false => one.as_f64() == other.as_f64(),
            }
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len()
                && (one.iter().zip(other)).all(|(one, other)| is_alike(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let is_alike = |(key, one): (&String, &Value)| {
                other.get(key).is_some_and(|other| is_alike(one, other))
            };
            one.len() == other.len() && one.iter().all(is_alike)
        }
        _ => one == other,
    }
}

fn is_container(value: &Value) -> bool {
    value.is_object() || value.is_array()
}

fn not_an_index(step: &str) -> Problem {
    format!("`{step}` is no index of a list")
}

fn nothing_around(path: &str) -> Problem {
    match path.rsplit_once('/') {
        Some((parent, _)) => format!("there is no map or list at {parent}/"),
        None => "a path starts with /".to_owned(),
    }
}
