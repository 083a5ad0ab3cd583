//! Policies whose rules set each other off.

use portcullis_api::cluster_policy::Policy;
use portcullis_engine::{
    lint::{self, Severity},
    load::Loaded,
};

use super::{LoadedPolicies, places};
use crate::diagnostic::Diagnostic;

impl LoadedPolicies {
    /// Warnings of rules that generate or change each other's triggers, each at its place. They are
    /// evaluated all the same: offline nothing that they make comes back to them.
    #[must_use]
    pub fn loops(&self) -> Vec<Diagnostic> {
        let policies: Vec<&Policy> = self
            .loaded
            .iter()
            .filter_map(|loaded| match loaded {
                Loaded::Policy(policy) => Some(policy.as_ref()),
                _ => None,
            })
            .collect();
        let found = lint::check_loops(&policies).into_iter();
        let told = found.filter_map(|found| {
            let policy = policies.get(found.policy)?;
            let is_endless = found.finding.severity == Severity::Error;
            // Rules of one policy without an end are refused with it.
            if is_endless && lint::check(policy).contains(&found.finding) {
                return None;
            }
            let warning = Diagnostic::warning(found.finding.message).help(found.finding.remedy);
            let name = policy.metadata.name.as_deref().unwrap_or_default();
            Some(match self.origins.get(name) {
                Some((file, document)) => {
                    let place = places::in_document(file, *document, &found.finding.path, false);
                    warning.at(place, "what this rule writes")
                }
                None => warning,
            })
        });
        told.collect()
    }
}
