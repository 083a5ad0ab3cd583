//! `jsonpatch`: what expressions that write JSON patches need.

use super::super::size;
use crate::{
    error::{EvalError, Evaluated},
    function::{Call, Library, Overload},
    value::Value,
};

/// Kubernetes' `jsonpatch` library.
pub const JSON_PATCH: Library = Library {
    name: "kubernetes.jsonpatch",
    overloads: &[Overload::new(
        "string_jsonpatch_escapeKey_string",
        "jsonpatch.escapeKey(string) -> string",
        escape_key,
    )
    .costs(size::of_text)],
    macros: &[],
    variables: &[],
};

/// The key as one step of a JSON pointer.
fn escape_key<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let [Value::String(key)] = args else {
        return Err(EvalError::no_such_overload().into());
    };
    Ok(Value::from(key.replace('~', "~0").replace('/', "~1")))
}
