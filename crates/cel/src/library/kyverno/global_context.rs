//! `globalContext`: entries that are kept for all policies.

use super::{failed, text};
use crate::{
    error::Evaluated,
    function::{Call, Library, Overload},
    value::Value,
};

/// Kyverno's `globalContext` library.
pub const GLOBAL_CONTEXT: Library = Library {
    name: "kyverno.globalContext",
    overloads: &[
        Overload::new(
            "globalcontext_get_string",
            "globalcontext.Context.get(string) -> dyn",
            get,
        )
        .impure(),
        Overload::new(
            "globalcontext_get_string_string",
            "globalcontext.Context.get(string, string) -> dyn",
            get,
        )
        .impure(),
        Overload::new(
            "globalcontext_get_string_pascal",
            "globalcontext.Context.Get(string) -> dyn",
            get,
        )
        .impure(),
        Overload::new(
            "globalcontext_get_string_string_pascal",
            "globalcontext.Context.Get(string, string) -> dyn",
            get,
        )
        .impure(),
    ],
    macros: &[],
    variables: &[("globalContext", "globalcontext.Context")],
};

/// An entry or one of its projections; null if there is no such entry.
fn get<'a>(call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let projection = match args.get(2) {
        Some(_) => Some(text(args, 2)?).filter(|name| !name.is_empty()),
        None => None,
    };
    let found = call
        .host
        .global(text(args, 1)?, projection)
        .map_err(failed)?;
    Ok(found.map_or(Value::Null, Value::from_json))
}
