//! `transform.listObjToMap`.

use super::{failed, text};
use crate::{
    error::{EvalError, Evaluated},
    function::{Call, Library, Overload},
    value::{Key, Value},
};

/// Kyverno's `transform` library.
pub const TRANSFORM: Library = Library {
    name: "kyverno.transform",
    overloads: &[
        Overload::new(
            "listObjToMap",
            "listObjToMap(list(dyn), list(dyn), string, string) -> map(dyn, dyn)",
            to_map,
        ),
        Overload::new(
            "transform_listObjToMap",
            "transform.listObjToMap(list(dyn), list(dyn), string, string) -> map(dyn, dyn)",
            to_map,
        ),
    ],
    macros: &[],
    variables: &[],
};

/// A map from a field of the objects of one list to a field of those of another, pair by pair.
fn to_map<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let [Value::List(keys), Value::List(values), ..] = args else {
        return Err(EvalError::no_such_overload().into());
    };
    let (key_field, value_field) = (text(args, 2)?, text(args, 3)?);
    if keys.len() != values.len() {
        return Err(failed(format!(
            "listObjToMap must take lists of equal length. list1: {}, list2: {}",
            keys.len(),
            values.len()
        )));
    }
    let mut entries = Vec::with_capacity(keys.len());
    for (key, value) in keys.iter().zip(values.iter()) {
        let Some(Value::String(key)) = field(key, key_field)? else {
            return Err(failed(
                "the passed key name cannot be handled as a string in the key object list",
            ));
        };
        let value = field(value, value_field)?;
        let value = value.ok_or_else(|| EvalError::no_such_key(value_field))?;
        entries.push((Key::String(key), value));
    }
    Ok(Value::Map(entries.into_iter().collect()))
}

/// A field of an element, where it has it.
fn field<'a>(item: Value<'a>, name: &str) -> Result<Option<Value<'a>>, Box<EvalError>> {
    match item {
        Value::Map(map) => Ok(map.field(name)),
        other => {
            let of = other.runtime_type();
            Err(failed(format!(
                "expected an object with {name}, found {of}"
            )))
        }
    }
}
