//! Values that variables put where their type does not fit: a number as a label, a map as text. The
//! API server could not read the object.

use portcullis_schema::{Catalogue, Misfit, Segment};
use serde_json::Value;

use super::error::PatchError;
use super::pointer::{self, MAX_SHOWN};

/// The first value that does not fit its place, and that was not there before.
pub(crate) fn new_misfit(
    catalogue: &Catalogue,
    before: Option<&Value>,
    after: &Value,
) -> Option<PatchError> {
    let mut misfits = catalogue.misfits(after);
    if let Some(before) = before.filter(|_| !misfits.is_empty()) {
        let known = catalogue.misfits(before);
        misfits.retain(|misfit| !known.iter().any(|known| is_same(known, misfit)));
    }
    let Misfit {
        path,
        expected,
        found,
    } = misfits.into_iter().next()?;
    Some(PatchError::Misfit {
        path: text(&path),
        expected,
        found: shown(found),
    })
}

/// Whether two are of one value; a patch may move the elements of a list.
fn is_same(one: &Misfit<'_>, other: &Misfit<'_>) -> bool {
    let keys = |path: &[Segment]| -> Vec<Option<String>> {
        let keys = path.iter().map(|segment| match segment {
            Segment::Key(key) => Some(key.clone()),
            Segment::Index(_) => None,
        });
        keys.collect()
    };
    one.found == other.found && keys(&one.path) == keys(&other.path)
}

fn text(path: &[Segment]) -> String {
    path.iter()
        .fold(String::new(), |text, segment| match segment {
            Segment::Key(key) => format!("{text}/{key}"),
            Segment::Index(index) => format!("{text}/{index}"),
        })
}

/// A value with its type; the start of a long one.
fn shown(value: &Value) -> String {
    let written = value.to_string();
    let start: String = written.chars().take(MAX_SHOWN).collect();
    let more = if start.len() < written.len() {
        "…"
    } else {
        ""
    };
    format!("{} `{start}{more}`", pointer::type_name(value))
}
