//! `transform.listObjToMap`.

use super::{failed, text};
use crate::{
    error::{EvalError, Evaluated},
    function::{Call, Library, Overload},
    value::{Key, List, Value},
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
        return Err(failed("list lengths do not match"));
    }
    let keys = fields(keys, key_field)?;
    let values = fields(values, value_field)?;
    let mut entries = Vec::with_capacity(keys.len());
    for (key, value) in keys.into_iter().zip(values) {
        let of = key.runtime_type();
        let key = Key::of(&key).ok_or_else(|| failed(format!("unsupported key type: {of}")))?;
        entries.push((key, value));
    }
    Ok(Value::Map(entries.into_iter().collect()))
}

fn fields<'a>(list: &List<'a>, field: &str) -> Result<Vec<Value<'a>>, Box<EvalError>> {
    list.iter()
        .map(|item| match item {
            Value::Map(map) => map
                .field(field)
                .ok_or_else(|| EvalError::no_such_key(field).into()),
            other => {
                let of = other.runtime_type();
                Err(failed(format!(
                    "expected an object with {field}, found {of}"
                )))
            }
        })
        .collect()
}
