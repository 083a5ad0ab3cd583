//! A pod that a podSecurity rule refuses, in the words of messages and reports.

use std::collections::BTreeMap;

use serde_json::Value;

use super::check::CheckResult;

/// Why a rule refuses a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodSecurityFailure {
    /// The rule's level; empty where it has none.
    pub level: &'static str,
    /// The rule's version as written; empty where it has none.
    pub version: String,
    /// The checks that the pod does not pass, with paths from the object's root.
    pub results: Vec<CheckResult>,
}

impl PodSecurityFailure {
    /// The rule's message.
    #[must_use]
    pub fn message(&self, rule: &str) -> String {
        let (level, version) = (self.level, &self.version);
        let mut message = format!(
            r#"Validation rule '{rule}' failed. It violates PodSecurity "{level}:{version}": "#
        );
        for result in &self.results {
            let errors: Vec<_> = result
                .forbidden
                .errors
                .iter()
                .map(ToString::to_string)
                .collect();
            let (reason, errors) = (result.forbidden.reason, errors.join(", "));
            message += &format!("(Forbidden reason: {reason}, field error list: [{errors}])");
        }
        message
    }

    /// What reports say beside the message: `standard`, `version`, `controls`, `controlsJSON`.
    #[must_use]
    pub fn properties(&self) -> BTreeMap<String, String> {
        let ids: Vec<_> = self.results.iter().map(|result| result.id).collect();
        let controls: Vec<_> = self.results.iter().map(control_json).collect();
        BTreeMap::from([
            ("standard".to_owned(), self.level.to_owned()),
            ("version".to_owned(), self.version.clone()),
            ("controls".to_owned(), ids.join(",")),
            (
                "controlsJSON".to_owned(),
                format!("[{}]", controls.join(",")),
            ),
        ])
    }
}

/// Members stand in this order, so the object is written by hand.
fn control_json(result: &CheckResult) -> String {
    let images = result
        .images
        .as_ref()
        .map(|images| images.iter().cloned().map(Value::from));
    let images = images.map_or(Value::Null, |images| images.collect::<Value>());
    format!(
        r#"{{"ID":{},"Name":{},"Images":{}}}"#,
        Value::from(result.id),
        Value::from(result.control()),
        escaped(&images.to_string())
    )
}

/// Kyverno's JSON escapes what HTML would read.
fn escaped(json: &str) -> String {
    json.replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
}
