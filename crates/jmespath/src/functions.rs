//! The functions: one flat list, one file for each family.

mod arithmetic;
mod call;
mod convert;
mod encoding;
mod hash;
mod list;
mod math;
mod network;
mod object;
mod order;
mod pattern;
mod registry;
mod signature;
mod text;
mod time;
mod version;
mod x509;

use portcullis_values::{Val, nearest::nearest};

use crate::error::Evaluated;

pub(crate) use call::{Call, Evaluation, Site};
pub use registry::FUNCTIONS;
pub use signature::{Function, Type};

/// The function of that name.
pub(crate) fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS
        .binary_search_by(|function| function.name.cmp(name))
        .ok()
        .and_then(|index| FUNCTIONS.get(index))
}

/// Calls a function on evaluated arguments; `None` stands for a name that no function has.
pub(crate) fn call<'a>(
    evaluation: &dyn Evaluation<'a>,
    function: Option<&Function>,
    site: &'a Site,
    arguments: &[Val<'a>],
) -> Evaluated<'a> {
    let call = Call {
        evaluation,
        site,
        arguments,
    };
    let Some(function) = function else {
        return Err(call.error(unknown(&site.name)));
    };
    function.check(&call)?;
    let result = (function.run)(&call)?;
    call.charge_result(&result)?;
    Ok(result)
}

/// What is said of a name that no function has.
pub(crate) fn unknown(name: &str) -> String {
    let near = nearest(name, FUNCTIONS.iter().map(|function| function.name));
    let near = near.map(|near| format!("; did you mean `{near}`?"));
    format!("there is no such function{}", near.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_has_no_duplicates() {
        for pair in FUNCTIONS.windows(2) {
            assert!(
                pair[0].name < pair[1].name,
                "{} {}",
                pair[0].name,
                pair[1].name
            );
        }
    }

    #[test]
    fn every_function_is_found_and_described() {
        for function in FUNCTIONS {
            assert!(find(function.name).is_some(), "{}", function.name);
            assert!(!function.note.is_empty(), "{}", function.name);
            assert!(!function.returns.is_empty(), "{}", function.name);
        }
        assert!(find("no_such_function").is_none());
    }
}
