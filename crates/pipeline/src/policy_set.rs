//! What is wrong with an environment's policies as they run together.

use portcullis_api::cluster_policy::Policy;
use portcullis_engine::{lint, load};

use crate::{
    diagnostic::Diagnostic,
    render::{Bundle, RenderedPolicy},
};

/// Mutations whose order decides, those that a validation refuses, and rules that generate each
/// other's triggers, each at its place in the template.
#[must_use]
pub fn check(bundle: &Bundle) -> Vec<Diagnostic> {
    let loaded: Vec<(&RenderedPolicy, Policy)> = bundle
        .policies
        .iter()
        .flat_map(|rendered| policies(rendered).into_iter().map(move |it| (rendered, it)))
        .collect();
    let policies: Vec<&Policy> = loaded.iter().map(|(_, policy)| policy).collect();
    let found = lint::check_set(&policies).into_iter();
    found
        .filter_map(|found| {
            let (rendered, _) = loaded.get(found.policy)?;
            let place = rendered.pointer_place(&found.finding.path, false);
            let finding = found.finding;
            let told = match finding.severity {
                lint::Severity::Error => Diagnostic::error(finding.message),
                lint::Severity::Warning => Diagnostic::warning(finding.message),
            };
            let told = told.at(place, "what this rule writes").help(finding.remedy);
            Some(told.rendered_for([&bundle.environment]))
        })
        .collect()
}

/// The policies of a rendered document.
pub(crate) fn policies(rendered: &RenderedPolicy) -> Vec<Policy> {
    let (loaded, _) = load::load(&rendered.document.value);
    let policies = loaded.into_iter().filter_map(|loaded| match loaded {
        load::Loaded::Policy(policy) => Some(*policy),
        _ => None,
    });
    policies.collect()
}
