//! `failureAction`: what a failed validation does to the request, and where it does something else.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::label_selector::LabelSelector;

/// What a failed rule does to a request.
#[derive(
    Clone, Debug, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum FailureAction {
    /// The request passes, and a report tells of the failure.
    Audit,
    /// The request is denied.
    Enforce,
    /// Older spelling of `Audit`.
    #[serde(rename = "audit")]
    LowercaseAudit,
    /// Older spelling of `Enforce`.
    #[serde(rename = "enforce")]
    LowercaseEnforce,
}

/// Another action for some namespaces; without namespaces and selector it holds for all.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FailureActionOverride {
    /// The action there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<FailureAction>,
    /// Namespaces, with wildcards.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub namespaces: Vec<String>,
    /// Labels of the namespaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace_selector: Option<LabelSelector>,
}

impl FailureAction {
    /// Whether a failed rule denies the request.
    #[must_use]
    pub fn is_enforce(self) -> bool {
        matches!(self, Self::Enforce | Self::LowercaseEnforce)
    }
}
