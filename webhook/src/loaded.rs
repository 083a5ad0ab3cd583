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
    let metadata = match loaded {
        Loaded::Policy(policy) => &policy.metadata,
        Loaded::Validating(policy) => &policy.metadata,
        Loaded::Mutating(policy) => &policy.metadata,
        Loaded::Generating(policy) => &policy.metadata,
        Loaded::Deleting(policy) => &policy.metadata,
        Loaded::Cleanup(policy) => &policy.metadata,
        Loaded::ValidatingAdmission(policy) => &policy.metadata,
        Loaded::MutatingAdmission(policy) => &policy.metadata,
        Loaded::Exception(exception) => &exception.metadata,
        Loaded::CelException(exception) => &exception.metadata,
        Loaded::ImageValidating(policy) => &policy.metadata,
        Loaded::Binding(_) => return None,
    };
    let name = metadata.name.clone().unwrap_or_default();
    Some(match metadata.namespace.as_deref().unwrap_or_default() {
        "" => name,
        namespace => format!("{namespace}/{name}"),
    })
}
