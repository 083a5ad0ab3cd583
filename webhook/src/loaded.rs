//! What is told of a policy that was loaded: its name, and what it is refused for.

use portcullis_engine::{
    lint::{self, Finding, Severity},
    load::{self, Loaded},
};
use serde_json::{Value, json};

/// Reads an object as an item of a list: what its definition lets through and nobody knows is left
/// out.
///
/// # Errors
/// What is wrong with it, each with its place.
pub(crate) fn read(object: &Value) -> Result<Loaded, Vec<String>> {
    let list = json!({"apiVersion": "v1", "kind": "List", "items": [object]});
    let (loaded, errors) = load::load(&list);
    if !errors.is_empty() {
        let errors = errors.iter().map(ToString::to_string);
        return Err(errors
            .map(|text| text.replacen("items[0].", "", 1))
            .collect());
    }
    let loaded = loaded.into_iter().next();
    let loaded = loaded.ok_or_else(|| vec!["it is no policy".to_owned()])?;
    let faults: Vec<String> = faults(&loaded).iter().map(told).collect();
    match faults.is_empty() {
        true => Ok(loaded),
        false => Err(faults),
    }
}

/// What a policy is refused for although it can be read.
pub(crate) fn faults(loaded: &Loaded) -> Vec<Finding> {
    let Loaded::Policy(policy) = loaded else {
        return Vec::new();
    };
    let findings = lint::check(policy).into_iter();
    let errors = findings.filter(|finding| finding.severity == Severity::Error);
    errors.collect()
}

/// A finding in words.
pub(crate) fn told(finding: &Finding) -> String {
    format!("{}: {}; {}", finding.path, finding.message, finding.remedy)
}

/// What compile errors name a policy by.
pub(crate) fn key(loaded: &Loaded) -> Option<String> {
    let is_named = !matches!(loaded, Loaded::Binding(_));
    is_named.then(|| loaded.metadata().key())
}
