//! Labels and annotations in a pattern or patch: values are text.

use portcullis_values::json_pointer;
use serde_json::{Map, Value};

use super::finding::Findings;

/// Looks at `metadata`, and at `metadata` of the pod template.
pub(super) fn check(pattern: &Value, path: &str, findings: &mut Findings) {
    let has_spec = pattern.get("spec").is_some();
    let own = pattern.get("metadata").and_then(Value::as_object);
    let template = pattern
        .pointer("/spec/template/metadata")
        .and_then(Value::as_object);
    let has_own = own.is_some();
    if let Some(metadata) = own {
        check_metadata(metadata, &format!("{path}/metadata"), !has_spec, findings);
    }
    if let Some(metadata) = template {
        check_metadata(
            metadata,
            &format!("{path}/spec/template/metadata"),
            !has_own,
            findings,
        );
    }
}

/// Kyverno looks at one of the two places only, and at which one is chance.
fn check_metadata(
    metadata: &Map<String, Value>,
    path: &str,
    is_certain: bool,
    findings: &mut Findings,
) {
    for field in ["labels", "annotations"] {
        let entries = metadata.get(field).and_then(Value::as_object);
        for (key, _) in entries
            .into_iter()
            .flatten()
            .filter(|(_, value)| !value.is_string())
        {
            let path = format!("{path}/{field}/{}", json_pointer::escape(key));
            let message = format!("`{key}` is not text, as {field} are");
            let remedy = "put the value in quotes";
            match is_certain {
                true => findings.error(path, message, remedy),
                false => findings.warning(path, message, remedy),
            }
        }
    }
}
