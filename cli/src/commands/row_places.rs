//! Where a failed row's resource is written.

use portcullis_pipeline::{
    diagnostic::{Place, SourceFile},
    files::{self, shown},
    suite::{self, SuiteOutcome, inputs, row::Row},
};
use portcullis_schema::Verdict;
use portcullis_yaml::{Limits, Mode, RawDocument};
use serde_json::Value;

use crate::commands::policy_places::follow;

/// Where a row's resource is written, the field of it that decided, and fields that Kubernetes does
/// not have: a misspelt one is a common reason why a rule passes.
pub(crate) fn resource(outcome: &SuiteOutcome, row: &Row) -> Vec<(Place, String)> {
    let mut found = suite::files::of(&outcome.file)
        .into_iter()
        .filter_map(|path| {
            let file = files::read_text(&path, &shown(&path)).ok()?;
            portcullis_yaml::documents(&file.text)
                .find_map(|document| in_document(&file, &document, row))
        });
    found.next().unwrap_or_default()
}

fn in_document(
    file: &SourceFile,
    document: &RawDocument<'_>,
    row: &Row,
) -> Option<Vec<(Place, String)>> {
    let read = document
        .read_document(Mode::Lenient, &Limits::default())
        .ok()?;
    if !is_named(&read.value, &row.resource) {
        return None;
    }
    let place = |pointer: &str, is_key: bool| {
        let span = read.spans.of_pointer(pointer, is_key);
        Place {
            span: span.start + document.offset..span.end + document.offset,
            file: file.clone(),
        }
    };
    let mut places = vec![(place("/metadata/name", false), "this resource".to_owned())];
    if !row.path.trim_matches('/').is_empty() {
        let (pointer, is_there) = follow(&read.value, &row.path, &|key| key);
        let label = if is_there {
            "this decided".to_owned()
        } else {
            format!("`{}` is missing here", row.path)
        };
        places.push((place(&pointer, true), label));
    }
    if let Verdict::Invalid(faults) = inputs::catalogue().validate(&read.value) {
        places.extend(faults.iter().map(|fault| {
            let hint = fault.suggestion.as_ref();
            let hint = hint.map_or_else(String::new, |name| format!(", did you mean `{name}`?"));
            (
                place(&fault.pointer(), fault.at_key),
                format!("{}{hint}", fault.message),
            )
        }));
    }
    Some(places)
}

/// Whether an object is the one of a label `apiVersion/Kind/namespace/name`.
fn is_named(object: &Value, label: &str) -> bool {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    let (Some(version), Some(kind)) = (text("/apiVersion"), text("/kind")) else {
        return false;
    };
    let name = text("/metadata/name").unwrap_or_default();
    let mut namespaces = text("/metadata/namespace")
        .into_iter()
        .chain(["default", ""]);
    namespaces.any(|namespace| format!("{version}/{kind}/{namespace}/{name}") == label)
}
