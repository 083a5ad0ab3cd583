//! Which policies were asked about an object: the rows of these are replaced, and no others.

use std::collections::BTreeSet;

use portcullis_api::policy_report::ReportResult;
use portcullis_engine::{policy_info::PolicyInfo, report, response::EngineResponse};

/// A policy with this label, or an object, is not reported.
const DISABLED: &str = "reports.kyverno.io/disabled";

/// A policy of the API server is reported where it has this label.
const ENABLED: &str = "reports.kyverno.io/enabled";

/// A policy as rows name it: source, and `name` or `namespace/name`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PolicyId {
    source: String,
    key: String,
}

/// Policies that are asked together, as far as they are reported.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Those that take part in scans.
    background: BTreeSet<PolicyId>,
    /// Those that are asked about requests only.
    admission: BTreeSet<PolicyId>,
}

impl PolicyId {
    /// That of a policy.
    #[must_use]
    pub fn of(policy: &PolicyInfo) -> PolicyId {
        PolicyId {
            source: report::source(&policy.kind).to_owned(),
            key: policy.key(),
        }
    }

    /// That of the policy that a row is about.
    #[must_use]
    pub fn of_row(row: &ReportResult) -> PolicyId {
        PolicyId {
            source: row.source.clone().unwrap_or_default(),
            key: row.policy.clone(),
        }
    }
}

impl Asked {
    /// These policies.
    pub fn of<'p>(policies: impl IntoIterator<Item = &'p PolicyInfo>) -> Asked {
        let mut asked = Asked::default();
        for policy in policies.into_iter().filter(|policy| is_reported(policy)) {
            let ids = match policy.background {
                true => &mut asked.background,
                false => &mut asked.admission,
            };
            ids.insert(PolicyId::of(policy));
        }
        asked
    }

    /// All policies of several.
    pub fn all<'a>(several: impl IntoIterator<Item = &'a Asked>) -> Asked {
        let mut all = Asked::default();
        for asked in several {
            all.background.extend(asked.background.iter().cloned());
            all.admission.extend(asked.admission.iter().cloned());
        }
        all
    }

    /// Those that take part in scans.
    #[must_use]
    pub fn in_scans(&self) -> Asked {
        Asked {
            background: self.background.clone(),
            admission: BTreeSet::new(),
        }
    }

    /// Whether a policy is one of these.
    #[must_use]
    pub fn has(&self, policy: &PolicyId) -> bool {
        self.background.contains(policy) || self.admission.contains(policy)
    }

    /// The answers of these policies.
    pub fn answers<'r>(
        &self,
        responses: &'r [EngineResponse],
    ) -> impl Iterator<Item = &'r EngineResponse> {
        let answers = responses.iter();
        answers.filter(|response| self.has(&PolicyId::of(&response.policy)))
    }
}

fn is_reported(policy: &PolicyInfo) -> bool {
    let is_native = policy.api_version.starts_with("admissionregistration.");
    !policy.labels.contains_key(DISABLED) && (!is_native || policy.labels.contains_key(ENABLED))
}
