//! `foreach` as an expression: what holds for each element of a list.
//!
//! An element that is a map with something in it is what a pattern looks at; any other element leaves
//! the pattern to the whole object. An element whose preconditions do not hold does not count.

use portcullis_api::cluster_policy::ForEachValidation;

use super::{
    conditions::{self, Reads},
    denied,
    elements::{Elements, Quantifier},
    node, pattern,
    selection::Sight,
};
use crate::translate::cel_text;

type Text = Result<String, String>;

/// Where every loop lets an object through; else the number of the loop that cannot be said, and why.
pub(super) fn allowed(
    loops: &[ForEachValidation],
    sight: Sight,
) -> Result<String, (usize, String)> {
    let tests = loops.iter().enumerate();
    let tests =
        tests.map(|(index, one)| loop_allowed(one, sight).map_err(|reason| (index, reason)));
    Ok(cel_text::all(tests.collect::<Result<_, _>>()?))
}

fn loop_allowed(one: &ForEachValidation, sight: Sight) -> Text {
    if !one.context.is_empty() {
        return Err("what `context` loads is not translated".to_owned());
    }
    if one.element_scope.is_some() {
        return Err("`elementScope` is not translated".to_owned());
    }
    let list = one.list.as_deref().unwrap_or_default();
    let elements =
        Elements::of_loop(list, sight.object).ok_or_else(|| conditions::not_plain(list))?;
    elements.quantified(Quantifier::All, &mut |element| {
        let reads = Reads {
            object: sight.object,
            element: Some(element),
        };
        let mut tests = Vec::new();
        if let Some(written) = &one.preconditions {
            tests.push(cel_text::not(&conditions::test(written, reads)?));
        }
        tests.push(body(one, reads)?);
        Ok(cel_text::any(tests))
    })
}

fn body(one: &ForEachValidation, reads: Reads<'_>) -> Text {
    let element = reads.element.unwrap_or_default();
    if let Some(deny) = &one.deny {
        return denied(deny, reads);
    }
    let Some(written) = &one.pattern else {
        return Err("a loop is translated with `pattern` or `deny`".to_owned());
    };
    let node = node(written)?;
    let of_element = pattern::allowed(&node, element)?;
    // An element has other fields than the object, by whose schema the API server checks, too.
    let of_object = pattern::allowed(&node, "dyn(object)")?;
    let of_object = cel_text::any(vec!["object == null".to_owned(), of_object]);
    Ok(format!(
        "(type({element}) == map && size(dyn({element})) > 0 ? {of_element} : {of_object})"
    ))
}
