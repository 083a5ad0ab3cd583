//! `random`: text by chance.

use portcullis_values::regexp::generate;

use super::{failed, text};
use crate::{
    error::Evaluated,
    function::{Call, Library, Overload},
    value::Value,
};

/// Kyverno's `random` library.
pub const RANDOM: Library = Library {
    name: "kyverno.random",
    overloads: &[
        Overload::new("random", "random() -> string", chosen).impure(),
        Overload::new("random_string", "random(string) -> string", chosen).impure(),
        Overload::new("random_random", "random.random() -> string", chosen).impure(),
        Overload::new(
            "random_random_string",
            "random.random(string) -> string",
            chosen,
        )
        .impure(),
    ],
    macros: &[],
    variables: &[],
};

/// What is chosen from where nothing is said.
const PATTERN: &str = "[0-9a-z]{8}";

fn chosen<'a>(call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let pattern = if args.is_empty() {
        PATTERN
    } else {
        text(args, 0)?
    };
    generate(pattern, &mut || call.host.random())
        .map(Value::from)
        .map_err(failed)
}
