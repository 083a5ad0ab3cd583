//! What a revision takes away from what a cluster enforces: an `Enforce` rule that goes or only
//! audits, a `match` that is narrower, an exclusion or exception more.
//!
//! What the pipeline calls looser is weaker.

use std::sync::Arc;

use portcullis_pipeline::{
    diagnostic::SourceFile,
    diff::{Difference, Direction, compare},
    render::{Bundle, RenderedPolicy},
    template::Rendered,
};
use portcullis_yaml::{Limits, Mode};
use serde_json::{Map, Value};

use crate::{object::ObjectKey, stage::Stage};

/// An object that a revision makes weaker, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weakening {
    /// The object.
    pub object: ObjectKey,
    /// What of it, in a few words each.
    pub what: Vec<String>,
}

/// What an object loses between the two states; nothing where it is not weaker. An object that was
/// not there is weaker only as an exception.
#[must_use]
pub fn of(key: &ObjectKey, before: Option<&Value>, after: &Value) -> Option<Weakening> {
    let what = match (Stage::of(key)?, before) {
        (Stage::Exceptions, None) => vec!["exception added".to_owned()],
        (Stage::Foundations, _) | (_, None) => Vec::new(),
        (Stage::Exceptions, Some(before)) => looser(key, before, after, true),
        (Stage::Policies | Stage::Bindings, Some(before)) => {
            let is_rules = matches!(key.kind.as_str(), "ClusterPolicy" | "Policy");
            match key.group == "kyverno.io" && !is_rules {
                // They clean up, and refuse nothing.
                true => Vec::new(),
                false => looser(key, before, after, false),
            }
        }
    };
    let object = key.clone();
    (!what.is_empty()).then_some(Weakening { object, what })
}

/// What the pipeline calls looser.
fn looser(key: &ObjectKey, before: &Value, after: &Value, is_exception: bool) -> Vec<String> {
    let bundle = |object| bundle(key, object, is_exception);
    let (Some(before), Some(after)) = (bundle(before), bundle(after)) else {
        return Vec::new();
    };
    let environments = compare(&[before], &[after]);
    let differences = environments.iter().flat_map(|one| &one.differences);
    differences.flat_map(said).collect()
}

fn said(difference: &Difference) -> impl Iterator<Item = String> {
    let changes = difference.changes.iter();
    let looser = changes.filter(|change| match change.direction {
        Direction::Looser => true,
        // What is about something else is no longer about all that it was.
        Direction::Unclear => change.is_reach,
        Direction::Stricter | Direction::Neither => false,
    });
    looser.map(|change| change.what.clone())
}

/// An object as all that an environment has.
fn bundle(key: &ObjectKey, object: &Value, is_exception: bool) -> Option<Bundle> {
    let file = SourceFile::new(key.to_string(), plain(object).to_string());
    let text = Arc::clone(&file.text);
    let mut bundle = Bundle {
        environment: String::new(),
        kubernetes_version: String::new(),
        policies: Vec::new(),
        exceptions: Vec::new(),
    };
    if is_exception {
        bundle.exceptions.push(file);
        return Some(bundle);
    }
    let document = portcullis_yaml::read_document(&text, Mode::Strict, &Limits::default());
    bundle.policies.push(RenderedPolicy {
        key: key.to_string(),
        template: file,
        rendered: Rendered::verbatim(&text),
        document: document.ok()?,
        variables: Map::new(),
    });
    Some(bundle)
}

/// An object without what servers and controllers write, which may be of a newer form than is known.
fn plain(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(top) = object.as_object_mut() {
        top.remove("status");
        if let Some(metadata) = top.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.remove("managedFields");
        }
    }
    object
}

#[cfg(test)]
mod tests;
