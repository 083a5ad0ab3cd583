//! What is told of a policy that was loaded: its name, and what it is refused for.

use portcullis_engine::{lint, load::Loaded};

/// What a policy is refused for although it can be read.
pub(crate) fn faults(loaded: &Loaded) -> Vec<String> {
    let Loaded::Policy(policy) = loaded else {
        return Vec::new();
    };
    let findings = lint::check(policy).into_iter();
    let errors = findings.filter(|finding| finding.severity == lint::Severity::Error);
    errors
        .map(|finding| format!("{}: {}; {}", finding.path, finding.message, finding.remedy))
        .collect()
}

/// What compile errors name a policy by.
pub(crate) fn key(loaded: &Loaded) -> Option<String> {
    let is_named = !matches!(loaded, Loaded::Binding(_));
    is_named.then(|| loaded.metadata().key())
}
