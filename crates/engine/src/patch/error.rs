//! Why a patch cannot be read or applied.

use thiserror::Error;

/// Why a patch cannot be read or applied.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PatchError {
    /// The text is not YAML.
    #[error("the JSON patch is not YAML: {0}")]
    NotYaml(String),
    /// The text is YAML, but no list of operations.
    #[error("a JSON patch is a list of operations, found {0}")]
    NotAList(&'static str),
    /// An operation that lacks something or is unknown.
    #[error("operation {number} of the JSON patch {problem}")]
    Malformed {
        /// Its number, from 1.
        number: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// An operation that does not fit the object.
    #[error("{operation} {path}: {problem}")]
    Operation {
        /// Its word: `add`, `remove`, …
        operation: &'static str,
        /// The place that it names.
        path: String,
        /// Why it does not fit.
        problem: String,
    },
    /// A `test` that finds another value.
    #[error("test {path}: {problem}")]
    Differs {
        /// The place that it names.
        path: String,
        /// What is there.
        problem: String,
    },
    /// A strategic merge patch and the object have different shapes.
    #[error("at {path}: expected {expected}, as in the resource, but the patch has {found}")]
    Shape {
        /// The place in the object.
        path: String,
        /// What the other side has.
        expected: &'static str,
        /// What the patch has.
        found: String,
    },
    /// A value of another type than the object's kind has there.
    #[error("at {path}: expected {expected}, found {found}")]
    Misfit {
        /// The place in the object.
        path: String,
        /// What may stand there.
        expected: &'static str,
        /// What the patch puts there.
        found: String,
    },
    /// A `$patch` directive that is unknown.
    #[error("at {path}: `$patch: {directive}` is unknown; expected delete, replace or merge")]
    Directive {
        /// The place in the patch.
        path: String,
        /// What is written.
        directive: String,
    },
    /// A map of a patch that names a key with an anchor and without.
    #[error("the patch has `{0}` twice in one map, with an anchor and without; keep one of them")]
    Twice(String),
    /// The patch removes the whole object.
    #[error("the patch deletes the whole resource; put `$patch: delete` into a part of it")]
    RemovesAll,
    /// The patch takes the kind of the object away.
    #[error("the patch leaves the resource without a `kind`; keep it as text")]
    RemovesKind,
    /// Patch or object are nested too deep.
    #[error("the patch is nested more than {0} levels deep")]
    TooDeep(usize),
}
