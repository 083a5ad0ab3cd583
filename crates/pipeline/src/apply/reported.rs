//! Results as policy reports have them.

use portcullis_engine::{
    policy_info::PolicyInfo,
    report::{self, ReportResult},
    response::RuleResponse,
};
use serde_json::Value;

use crate::offline::objects::text;

/// A result, and the object that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reported {
    /// The result.
    pub result: ReportResult,
    /// API group and version of the object.
    pub api_version: String,
    /// Its kind.
    pub kind: String,
    /// Its namespace; empty for an object of the cluster.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its identity; empty where it has none yet.
    pub uid: String,
}

impl Reported {
    pub(super) fn of(policy: &PolicyInfo, rule: &RuleResponse, object: &Value) -> Reported {
        let text = |pointer| text(object, pointer).to_owned();
        Reported {
            result: report::result_of(policy, rule),
            api_version: text("/apiVersion"),
            kind: text("/kind"),
            namespace: text("/metadata/namespace"),
            name: text("/metadata/name"),
            uid: text("/metadata/uid"),
        }
    }
}
