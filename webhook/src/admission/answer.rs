//! AdmissionReview out: what the policies say.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use portcullis_api::origin::{COMMIT, LINE, PATH};
use portcullis_engine::{
    patch::Operation,
    policy_info::PolicyInfo,
    response::{EngineResponse, RuleStatus},
    verdict::{Cause, Verdict},
};
use serde::Serialize;

/// The answer to one review.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    uid: String,
    /// Whether the request may go on.
    pub allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    audit_annotations: BTreeMap<&'static str, String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Status {
    status: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<Details>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Details {
    causes: Vec<StatusCause>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct StatusCause {
    /// Policy and rule.
    reason: String,
    message: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    field: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    api_version: &'static str,
    kind: &'static str,
    response: &'a Answer,
}

impl Answer {
    /// The request may go on as it is.
    #[must_use]
    pub fn allowed(uid: &str) -> Answer {
        Answer {
            uid: uid.to_owned(),
            allowed: true,
            ..Answer::default()
        }
    }

    /// The request may not go on, for a reason that no single rule is to blame for.
    #[must_use]
    pub fn denied(uid: &str, message: String) -> Answer {
        Answer {
            uid: uid.to_owned(),
            status: Some(Status {
                status: "Failure",
                message,
                details: None,
            }),
            ..Answer::default()
        }
    }

    /// What policies decided.
    #[must_use]
    pub fn decided(uid: &str, verdict: Verdict<'_>, responses: &[EngineResponse]) -> Answer {
        let mut answer = match verdict.allowed {
            true => Answer::allowed(uid),
            false => Answer::denied(uid, verdict.deny_message + &origins(&verdict.causes)),
        };
        if let Some(status) = &mut answer.status {
            let causes = verdict.causes.iter().map(StatusCause::of).collect();
            status.details = Some(Details { causes });
        }
        answer.warnings = verdict.warnings;
        if verdict.allowed {
            let violated = violated(responses);
            let annotations = (!violated.is_empty()).then(|| ("violations", violated.join(",")));
            answer.audit_annotations.extend(annotations);
        }
        answer
    }

    /// The answer with a change to the object; none where nothing changes.
    ///
    /// # Errors
    /// Where the change cannot be written as JSON.
    pub fn with_patch(mut self, patch: &[Operation]) -> serde_json::Result<Answer> {
        if self.allowed && !patch.is_empty() {
            self.patch = Some(STANDARD.encode(serde_json::to_vec(patch)?));
            self.patch_type = Some("JSONPatch");
        }
        Ok(self)
    }

    /// The answer with something that its user is told.
    #[must_use]
    pub fn with_warning(mut self, warning: String) -> Answer {
        self.warnings.push(warning);
        self
    }

    /// Why the request may not go on; empty where it may.
    #[must_use]
    pub fn message(&self) -> &str {
        self.status.as_ref().map_or("", |status| &status.message)
    }

    /// The AdmissionReview with this answer.
    ///
    /// # Errors
    /// Where it cannot be written as JSON.
    pub fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        // What is told stands there twice: as one text, and rule by rule.
        let mut json = Vec::with_capacity(512 + 3 * self.message().len());
        let wire = Wire {
            api_version: "admission.k8s.io/v1",
            kind: "AdmissionReview",
            response: self,
        };
        serde_json::to_writer(&mut json, &wire)?;
        Ok(json)
    }
}

/// The rules that the object violates although they do not deny it, as `policy/rule`.
fn violated(responses: &[EngineResponse]) -> Vec<String> {
    let mut violated = Vec::new();
    for response in responses {
        let rules = response.rules.iter();
        let failed = rules.filter(|rule| rule.status == RuleStatus::Fail);
        violated.extend(failed.map(|rule| rule_name(&response.policy, &rule.rule)));
    }
    violated
}

fn rule_name(policy: &PolicyInfo, rule: &str) -> String {
    let mut name = policy.key();
    if !rule.is_empty() {
        name.reserve_exact(rule.len() + 1);
        name.push('/');
        name.push_str(rule);
    }
    name
}

impl StatusCause {
    fn of(cause: &Cause<'_>) -> StatusCause {
        let mut message = cause.message.to_owned();
        if let Some(origin) = origin(cause.policy) {
            message.push_str(&format!(" ({origin})"));
        }
        StatusCause {
            reason: rule_name(cause.policy, cause.rule),
            message,
            field: field(cause.path),
        }
    }
}

/// A line for each policy that says where it comes from: clients such as kubectl show no causes.
fn origins(causes: &[Cause<'_>]) -> String {
    let mut lines: Vec<String> = Vec::new();
    for cause in causes {
        if let Some(origin) = origin(cause.policy) {
            let line = format!("{} comes from {origin}\n", cause.policy.key());
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
    }
    lines.concat()
}

/// `FILE:LINE at COMMIT`, as far as the policy's annotations say it.
fn origin(policy: &PolicyInfo) -> Option<String> {
    let annotation = |key| policy.annotations.get(key).filter(|text| !text.is_empty());
    let file = annotation(PATH).map(|file| match annotation(LINE) {
        Some(line) => format!("{file}:{line}"),
        None => file.clone(),
    });
    match (file, annotation(COMMIT)) {
        (Some(file), Some(commit)) => Some(format!("{file} at {commit}")),
        (Some(one), None) => Some(one),
        (None, Some(commit)) => Some(format!("at {commit}")),
        (None, None) => None,
    }
}

/// `/spec/containers/0/image/` as the API server writes fields: `spec.containers[0].image`.
fn field(path: &str) -> String {
    let mut field = String::with_capacity(path.len() + 8);
    for part in path.split('/').filter(|part| !part.is_empty()) {
        let is_index = part.bytes().all(|byte| byte.is_ascii_digit());
        let (before, after) = match (is_index && !field.is_empty(), field.is_empty()) {
            (true, _) => ("[", "]"),
            (false, true) => ("", ""),
            (false, false) => (".", ""),
        };
        field.push_str(before);
        field.push_str(part);
        field.push_str(after);
    }
    field
}
