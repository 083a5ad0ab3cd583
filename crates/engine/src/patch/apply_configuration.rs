//! Apply configurations: a part of an object that is merged into it by the structure of its kind.
//!
//! The rules are those of Kubernetes' server-side apply without its owners, as a
//! `MutatingAdmissionPolicy` uses them: maps and objects merge field by field; a list whose items
//! have keys, or is a set, merges item by item; everything else is replaced. A list or map that is
//! only ever replaced as a whole (`atomic`) may not stand in a configuration, because the author
//! who names one item of it would lose the others, unless a policy asks for it.
//!
//! ```text
//! configuration → check (declared? right type? nothing atomic?) → merge (maps, keyed lists) → object
//! ```

mod check;
mod item;
mod merge;
mod place;

use portcullis_schema::Catalogue;
use serde_json::Value as Json;
use thiserror::Error;

use place::Place;

/// Why an apply configuration cannot be merged into an object.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ApplyConfigurationError {
    /// The object's kind has no known structure.
    #[error(
        "the structure of {kind} in {api_version} is not known, so nothing can be merged into it"
    )]
    UnknownKind {
        /// The object's `apiVersion`.
        api_version: String,
        /// The object's `kind`.
        kind: String,
    },
    /// The configuration names what the kind does not have, or has it in another form.
    #[error("the configuration does not fit {kind}: {}", .faults.join("; "))]
    Configuration {
        /// The object's `kind`.
        kind: String,
        /// What is wrong, each with its path.
        faults: Vec<String>,
    },
    /// The configuration sets lists or maps that would be replaced as a whole.
    #[error(
        "may not mutate atomic arrays, maps or structs: {}; change them with a JSONPatch",
        .0.join(", ")
    )]
    Atomic(Vec<String>),
    /// The object itself does not have the form of its kind.
    #[error("the object is no valid {kind}: {}", .faults.join("; "))]
    Object {
        /// The object's `kind`.
        kind: String,
        /// What is wrong, each with its path.
        faults: Vec<String>,
    },
}

/// What becomes of a list or map that is only ever replaced as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Atomic {
    /// A configuration that sets one is refused.
    Refused,
    /// It is replaced, as by server-side apply.
    Replaced,
}

/// The object with a configuration merged into it. `apiVersion` and `kind` of the configuration are
/// those of the object, whatever it says.
///
/// # Errors
/// The kind is not in the catalogue, or object or configuration do not fit it.
pub fn apply(
    object: Json,
    configuration: &Json,
    atomic: Atomic,
    catalogue: &Catalogue,
) -> Result<Json, ApplyConfigurationError> {
    let text = |field: &str| {
        let text = object.get(field).and_then(Json::as_str);
        text.unwrap_or_default().to_owned()
    };
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    let Some(known) = catalogue.find(&api_version, &kind) else {
        return Err(ApplyConfigurationError::UnknownKind { api_version, kind });
    };
    let root = Place::root(catalogue, known.schema);
    let found = check::configuration(root, configuration);
    if !found.faults.is_empty() {
        let faults = found.faults;
        return Err(ApplyConfigurationError::Configuration { kind, faults });
    }
    if atomic == Atomic::Refused && !found.atomic.is_empty() {
        return Err(ApplyConfigurationError::Atomic(found.atomic));
    }
    let faults = check::object(root, &object);
    if !faults.is_empty() {
        return Err(ApplyConfigurationError::Object { kind, faults });
    }
    let mut merged = merge::merge(root, Some(object), Some(configuration)).unwrap_or_default();
    if let Some(fields) = merged.as_object_mut() {
        fields.insert("apiVersion".to_owned(), api_version.into());
        fields.insert("kind".to_owned(), kind.into());
    }
    Ok(merged)
}
